#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bench/gc_bench prints the same sums on both libraries, in whatever way Terrier runs.

. "$(dirname "$0")/lib/terrier.sh"

bench=$build_dir/bench/gc_bench
if [ ! -x "$bench" ]; then
    echo "SKIP: $bench is not there, it needs libgc-dev"
    exit 77
fi

# same_as_stock NAME SIZE [OPTION-OF-RUN...]
same_as_stock() {
    title=$1 size=$2
    shift 2
    "$bench" "$size" </dev/null >"$temp/stock" 2>/dev/null
    status_is "$title" 0 run "$@" "$bench" "$size"
    check "prints the same as on the stock library" cmp -s "$temp/out" "$temp/stock"
    check "and something" test -s "$temp/stock"
}

for size in 4 10 14 18; do
    same_as_stock "size $size" $size
done
same_as_stock "a collection at every 20000 allocations" 12 --stress=20000
same_as_stock "a heap that begins with 64 KiB" 16 --heap-initial=64K
same_as_stock "a heap that collects often" 14 --free-space-divisor=30
same_as_stock "the small layout" 16 --layout=small
(
    failed=0
    ulimit -v 4000000
    same_as_stock "4 GB of address space" 16
    [ $failed -eq 0 ]
) || failed=$((failed + 1))

finish
