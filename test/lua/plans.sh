#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test/lua/plans.c: a host chooses the plan of each state. TERRIER_LUA is the folder that `make lua`
# fills, build/lua.

. "$(dirname "$0")/lib/built.sh"

cc -O1 -g -Wall -Wextra -I"$lua/stock-tree/src" -I"$root/clients/lua/src" -o "$temp/plans" \
    "$root/test/lua/plans.c" -L"$lua" -llua5.4 -Wl,-rpath,"$lua" || exit 1
mkdir "$temp/reports"
"$temp/plans" "$temp/reports" >"$temp/out" 2>"$temp/errors" || fail "plans.c fails"
[ "$(cat "$temp/out")" = "done" ] || fail "plans.c: $(cat "$temp/out")"
grep -q 'lua: no heap for another state' "$temp/errors" || fail "nobody is told why there is none"
# Which of them collected, and which young objects by themselves.
with() {
    (cd "$temp/reports" && grep -l "$1" ./* | sed 's/^\.\///' | xargs)
}
[ "$(with '"collections":0,')" = no-gc ] || fail "it is not no-gc alone that never collects"
[ "$(with '"young":true')" = 'gen-copy sticky-mark-sweep young-immix' ] ||
    fail "young objects are collected under: $(with '"young":true')"
[ "$(find "$temp/reports" -type f | wc -l)" -eq 8 ] || fail "not all heaps wrote a report"
exit $failed
