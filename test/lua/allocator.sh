#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test/lua/allocator.c, hosts with allocators of their own, with Debian's library and with ours:
# under each plan, with checks, with a collection at every allocation, and with AddressSanitizer,
# which sees the objects, as they are malloc's.
# TERRIER_LUA is the folder that `make lua` fills, build/lua.

. "$(dirname "$0")/lib/built.sh"

# compile PROGRAM FOLDER FLAGS...
compile() {
    program=$1
    folder=$2
    shift 2
    cc -O1 -g "$@" -I"$lua/stock-tree/src" -o "$temp/$program" "$root/test/lua/allocator.c" \
        -L"$folder" -llua5.4 -lpthread || exit 1
}

# compare PROGRAM FOLDER DIVISOR OPTIONS: the same as stock.
compare() {
    LD_LIBRARY_PATH=$lua/stock "$temp/plain" "$3" >"$temp/stock" 2>&1 ||
        fail "allocator.c fails on Debian's library"
    LD_LIBRARY_PATH=$2 TERRIER_OPTIONS=$4 "$temp/$1" "$3" >"$temp/ours" 2>&1 ||
        fail "allocator.c fails: $2 $4"
    diff "$temp/stock" "$temp/ours" || fail "other output: $2 $4"
}

compile plain "$lua"
LD_LIBRARY_PATH=$lua "$temp/plain" 7 >"$temp/ours" 2>&1 || fail "allocator.c fails"
LD_LIBRARY_PATH=$lua/stock "$temp/plain" 7 | diff - "$temp/ours" || fail "other output"
for plan in mark-sweep sticky-mark-sweep young-immix; do
    compare plain "$lua" 10 plan=$plan
    compare plain "$lua" 50 plan=$plan,stress_polls=503,check_heap=1,poison=1
done
[ ! -x "$lua/emergency/lua" ] || compare plain "$lua/emergency" 200 ''
if [ -x "$lua/asan/lua" ]; then
    compile asan "$lua/asan" -fsanitize=address
    compare asan "$lua/asan" 20 ''
    LD_LIBRARY_PATH=$lua/asan "$temp/asan" overrun >"$temp/ours" 2>&1
    if ! grep -q heap-buffer-overflow "$temp/ours" || grep -q "not seen" "$temp/ours"; then
        fail "AddressSanitizer does not see a write behind an object"
    fi
fi
exit $failed
