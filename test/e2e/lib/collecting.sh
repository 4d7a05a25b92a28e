# SPDX-License-Identifier: MIT
#
# For scripts that run a program on the stock library and on ours; after terrier.sh.

collections_of() {
    if command -v python3 >/dev/null; then
        python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["heap"]["statistics"]["collections"])' "$1"
    else
        sed -n 's/.*"collections": *\([0-9][0-9]*\).*/\1/p' "$1" | head -n 1
    fi
}

# as_stock NAME STRESS COMMAND...: the same output in a heap so small that it is collected at least
# 20 times, and with a collection at every STRESS allocations, which is at least ten times as often.
# small_heap: options that make the heap small, for programs that set a free space divisor
# themselves.
small_heap='--heap-initial=64K --free-space-divisor=20'

# The options are words.
# shellcheck disable=SC2086
as_stock() {
    title=$1 stress=$2
    shift 2
    timeout 60 "$@" </dev/null >"$temp/stock" 2>/dev/null
    status_is "$title" 0 run --report=json --report-file="$temp/report" $small_heap "$@"
    check "is as on the stock library ($(wc -c <"$temp/stock") bytes)" \
        cmp -s "$temp/out" "$temp/stock"
    check "and something" test -s "$temp/stock"
    few=$(collections_of "$temp/report")
    check "after ${few:-no} collections" [ "${few:-0}" -ge 20 ]
    status_is "$title, with a collection at every $stress allocations" 0 run --report=json \
        --report-file="$temp/report" --stress="$stress" "$@"
    check "is as on the stock library" cmp -s "$temp/out" "$temp/stock"
    many=$(collections_of "$temp/report")
    check "after ${many:-no} collections" [ "${many:-0}" -ge $((few * 10)) ]
}
