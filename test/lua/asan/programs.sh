#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Programs of test/lua and test/lua/api.c with AddressSanitizer in Lua and in Terrier: it sees also
# what lies in the heap and is free, and what is lost when the process ends. Terrier is that of the
# preset, Lua is built from the tree that `make lua` has made below TERRIER_LUA, build/lua; CC is
# the preset's compiler.

set -u

root=$(cd "$(dirname "$0")/../../.." && pwd)
lua=${TERRIER_LUA:-$root/build/lua}
cc=${CC:-gcc}
if [ ! -e "$lua/tree/made" ] || [ ! -x "$lua/stock/lua" ]; then
    echo "SKIP: $lua/tree is not there; make lua makes it"
    exit 77
fi
temp=$(mktemp -d) || exit 1
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' HUP INT TERM
unset TERRIER_OPTIONS LUA_INIT LUA_PATH LUA_CPATH
failed=0

fail() {
    echo "$1"
    failed=1
}

TERRIER_LUA_OUT=$lua CC=$cc "$root/clients/lua/build" --asan >"$temp/log" 2>&1 || {
    cat "$temp/log"
    exit 1
}

# same NAME COMMAND...: prints what is in the file stock.
same() {
    name=$1
    shift
    "$@" >"$temp/ours" 2>"$temp/errors" || fail "$name fails"
    diff "$temp/stock" "$temp/ours" || fail "$name: other output"
    if grep -q 'ERROR: \|runtime error: ' "$temp/errors"; then
        fail "$name: $(head -n 40 "$temp/errors")"
    fi
}

export CHECK_DIVISOR=40
for program in "$root"/test/lua/*.lua; do
    name=$(basename "$program" .lua)
    "$lua/stock/lua" "$program" >"$temp/stock" 2>/dev/null
    same "$name" "$lua/asan-all/lua" "$program"
    same "$name, young" env TERRIER_OPTIONS=plan=sticky-mark-sweep,stress_polls=211,poison=1 \
        "$lua/asan-all/lua" "$program"
done

$cc -O1 -g -fsanitize=address,undefined -I"$lua/stock-tree/src" -o "$temp/api" \
    "$root/test/lua/api.c" -L"$lua/asan-all" -llua5.4 -lpthread || exit 1
cc -O1 -I"$lua/stock-tree/src" -o "$temp/plain" "$root/test/lua/api.c" -L"$lua/stock" -llua5.4 \
    -lpthread || exit 1
LD_LIBRARY_PATH=$lua/stock "$temp/plain" 20 >"$temp/stock"
same api.c env LD_LIBRARY_PATH="$lua/asan-all" "$temp/api" 20

# A part that is used after it was given back is seen.
cat >"$temp/dangling.c" <<'END'
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>

int main(void)
{
    lua_State *L = luaL_newstate();
    const char *text =
        lua_pushfstring(L, "a text of %d that goes, and is longer than short ones", 1);

    lua_pop(L, 1);
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    printf("%c not seen\n", text[20]);
    return 0;
}
END
$cc -O1 -g -fsanitize=address,undefined -I"$lua/stock-tree/src" -o "$temp/dangling" \
    "$temp/dangling.c" -L"$lua/asan-all" -llua5.4 || exit 1
LD_LIBRARY_PATH=$lua/asan-all "$temp/dangling" >"$temp/ours" 2>&1
grep -q 'ERROR: AddressSanitizer' "$temp/ours" || fail "a string that is gone can be read"
exit $failed
