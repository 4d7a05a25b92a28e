#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test/lua/api.c with Debian's library and with ours, under each plan; then full heaps.
# TERRIER_LUA is the folder that `make lua` fills, build/lua.

. "$(dirname "$0")/lib/built.sh"

cc -O1 -g -I"$lua/stock-tree/src" -o "$temp/api" "$root/test/lua/api.c" -L"$lua" -llua5.4 \
    -lpthread || exit 1
LD_LIBRARY_PATH=$lua/stock "$temp/api" >"$temp/stock" || fail "api.c fails on Debian's library"
export LD_LIBRARY_PATH="$lua"
for options in '' plan=mark-sweep plan=sticky-mark-sweep plan=young-immix; do
    TERRIER_OPTIONS=$options "$temp/api" >"$temp/ours" 2>&1 || fail "api.c fails: $options"
    diff "$temp/stock" "$temp/ours" || fail "other output: $options"
done
options=plan=sticky-mark-sweep,stress_polls=2003,check_heap=1,poison=1
LD_LIBRARY_PATH=$lua/stock "$temp/api" 10 >"$temp/stock"
TERRIER_OPTIONS=$options "$temp/api" 10 >"$temp/ours" 2>&1 || fail "api.c fails: $options"
diff "$temp/stock" "$temp/ours" || fail "other output: $options"

# With a collection at every allocation, where a sleeper's stack or a signal may be in the way.
if [ -x "$lua/emergency/lua" ]; then
    LD_LIBRARY_PATH=$lua/stock "$temp/api" 100 >"$temp/stock"
    for plan in mark-sweep sticky-mark-sweep; do
        LD_LIBRARY_PATH=$lua/emergency TERRIER_OPTIONS=plan=$plan \
            "$temp/api" 100 >"$temp/ours" 2>&1 ||
            fail "api.c fails with a collection at every allocation: $plan"
        diff "$temp/stock" "$temp/ours" || fail "other output: emergency, $plan"
    done
    cc -O1 -g -I"$lua/stock-tree/src" -o "$temp/threads" "$root/test/lua/threads.c" -L"$lua" \
        -llua5.4 -lpthread || exit 1
    LD_LIBRARY_PATH=$lua/stock "$temp/threads" 100 >"$temp/stock"
    LD_LIBRARY_PATH=$lua/emergency "$temp/threads" 100 >"$temp/ours" 2>&1 ||
        fail "threads.c fails with a collection at every allocation"
    diff "$temp/stock" "$temp/ours" || fail "other output of threads.c: emergency"
fi

cat >"$temp/full" <<'END'
full: 1 not enough memory
goes on	1000
full: 1 not enough memory
goes on	1000
full: 1 not enough memory
goes on	1000
false	not enough memory
30000000
END
for plan in mark-sweep sticky-mark-sweep young-immix; do
    TERRIER_OPTIONS=plan=$plan,heap_max=8M "$temp/api" limit >"$temp/ours" 2>&1 ||
        fail "full heap: fails under $plan"
    diff "$temp/full" "$temp/ours" || fail "full heap: other output under $plan"
done
exit $failed
