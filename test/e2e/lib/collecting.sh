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

# How often a small heap is collected at least, and how many times as often under stress. When
# threads run beside each other it is half as often as when they run one after the other, and other
# releases of a program allocate less: programs are made to come to twice these numbers and more.
least_collections=8
stress_factor=5

# collected FEW: enough in a small heap. stressed FEW MANY: and enough under stress.
collected() {
    check "after ${1:-no} collections" [ "${1:-0}" -ge $least_collections ]
}
stressed() {
    check "after ${2:-no} collections" [ "${2:-0}" -ge $((${1:-0} * stress_factor + 1)) ]
}

# as_stock NAME STRESS COMMAND...: the same output in a heap so small that it is collected often,
# and with a collection at every STRESS allocations, which is much more often.
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
    collected "$few"
    status_is "$title, with a collection at every $stress allocations" 0 run --report=json \
        --report-file="$temp/report" --stress="$stress" "$@"
    check "is as on the stock library" cmp -s "$temp/out" "$temp/stock"
    many=$(collections_of "$temp/report")
    stressed "$few" "$many"
}
