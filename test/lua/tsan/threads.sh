#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test/lua/threads.c with ThreadSanitizer in the host, in Lua and in Terrier: it has nothing to
# report. Terrier is that of the preset, Lua is built from the tree that `make lua` has made below
# TERRIER_LUA, build/lua; CC is the preset's compiler.

set -u

root=$(cd "$(dirname "$0")/../../.." && pwd)
lua=${TERRIER_LUA:-$root/build/lua}
cc=${CC:-gcc}
if [ ! -e "$lua/tree/made" ]; then
    echo "SKIP: $lua/tree is not there; make lua makes it"
    exit 77
fi
temp=$(mktemp -d) || exit 1
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' HUP INT TERM
unset TERRIER_OPTIONS LUA_INIT
failed=0

fail() {
    echo "$1"
    failed=1
}

TERRIER_LUA_OUT=$lua CC=$cc "$root/clients/lua/build" --tsan >"$temp/log" 2>&1 || {
    cat "$temp/log"
    exit 1
}
$cc -O1 -g -fsanitize=thread -I"$lua/stock-tree/src" -o "$temp/host" "$root/test/lua/threads.c" \
    -L"$lua/tsan" -llua5.4 -lpthread || exit 1

# It sees a race where there is one: in a state that two threads use by turns which order nothing.
cat >"$temp/race.c" <<'END'
#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include <sched.h>

static lua_State *L;
static int turns;

static void *use(void *second)
{
    for (int i = second != NULL; i < 100; i += 2) {
        while (__atomic_load_n(&turns, __ATOMIC_RELAXED) != i)
            sched_yield();
        lua_gc(L, LUA_GCSETPAUSE, 150);
        __atomic_store_n(&turns, i + 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

int main(void)
{
    pthread_t thread;

    L = luaL_newstate();
    pthread_create(&thread, NULL, use, NULL);
    use(&thread);
    pthread_join(thread, NULL);
    return 0;
}
END
$cc -O1 -g -fsanitize=thread -I"$lua/stock-tree/src" -o "$temp/race" "$temp/race.c" \
    -L"$lua/tsan" -llua5.4 -lpthread || exit 1
export LD_LIBRARY_PATH="$lua/tsan" TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1"
"$temp/race" >"$temp/out" 2>&1
grep -q 'WARNING: ThreadSanitizer: data race' "$temp/out" || fail "a planted race is not seen"

for options in '' plan=mark-sweep plan=sticky-mark-sweep plan=young-immix \
    plan=sticky-mark-sweep,stress_polls=301; do
    if [ "$options" ]; then
        export TERRIER_OPTIONS="$options"
    fi
    if ! "$temp/host" >"$temp/out" 2>&1 || [ "$(cat "$temp/out")" != 'own states
sum 4316400' ]; then
        fail "threads.c: $options"
        head -n 60 "$temp/out"
    fi
done
exit $failed
