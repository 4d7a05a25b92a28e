#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test/lua/exceptions.cc with Debian's liblua5.4-c++.so.0 and with ours, under each plan; then full
# heaps; then programs of this folder, on our library for C++. TERRIER_LUA is the folder that
# `make lua` fills, build/lua.

interpreter=cxx/lua
command=${CXX:-g++}
. "$(dirname "$0")/lib/built.sh"

$command -std=c++17 -O1 -g -Wall -Wextra -I"$lua/stock-tree/src" -o "$temp/host" \
    "$root/test/lua/exceptions.cc" -L"$lua/cxx" -l:liblua5.4-c++.so.0 || exit 1
LD_LIBRARY_PATH=$lua/stock/cxx "$temp/host" >"$temp/stock" 2>&1 ||
    fail "exceptions.cc fails on Debian's library"
export LD_LIBRARY_PATH="$lua/cxx"
for options in '' plan=mark-sweep plan=sticky-mark-sweep plan=young-immix \
    plan=mark-sweep,stress_polls=7,poison=1 \
    plan=sticky-mark-sweep,stress_polls=13,check_heap=1,poison=1; do
    TERRIER_OPTIONS=$options "$temp/host" >"$temp/ours" 2>&1 || fail "exceptions.cc fails: $options"
    diff "$temp/stock" "$temp/ours" || fail "other output: $options"
done
if [ -x "$lua/cxx-emergency/lua" ]; then
    LD_LIBRARY_PATH=$lua/stock/cxx "$temp/host" 20 >"$temp/stock" 2>&1
    LD_LIBRARY_PATH=$lua/cxx-emergency "$temp/host" 20 >"$temp/ours" 2>&1 ||
        fail "exceptions.cc fails with a collection at every allocation"
    diff "$temp/stock" "$temp/ours" || fail "other output: emergency"
fi
for plan in mark-sweep sticky-mark-sweep young-immix; do
    TERRIER_OPTIONS=plan=$plan,heap_max=8M "$temp/host" limit >"$temp/ours" 2>&1 ||
        fail "full heap: fails under $plan"
    [ "$(sort "$temp/ours" | uniq -c | tr -s ' \t\n' ' ')" = \
        ' 3 false not enough memory 1 guards 0 ' ] || fail "full heap: other output under $plan"
done
unset LD_LIBRARY_PATH

for program in "$root"/test/lua/*.lua; do
    name=$(basename "$program" .lua)
    LUA_BUILD=cxx CHECK_DIVISOR=20 "$root/test/lua/run.sh" "$name" \
        plan=sticky-mark-sweep,stress_polls=101,poison=1 || fail "$name.lua on the library for C++"
done
exit $failed
