#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The same programs with the same output wherever the heap lies, under every form of map, and with
# every number of marking threads.

. "$(dirname "$0")/lib/terrier.sh"

bench=$build_dir/bench/gc_bench
if [ ! -x "$bench" ]; then
    echo "SKIP: $bench is not there, it needs libgc-dev"
    exit 77
fi

# From the table itself, so that a new one is tested as well.
presets=$(sed -n 's/^ *{"\([a-z0-9]*\)", .*/\1/p' "$source_dir/src/layout/heap_layout.c")
check "the presets are found ($(echo $presets))" [ "$(echo "$presets" | wc -l)" -ge 4 ]

# same_as_stock NAME OPTIONS PROGRAM...
same_as_stock() {
    title=$1 options=$2
    shift 2
    "$@" </dev/null >"$temp/stock" 2>/dev/null
    TERRIER_OPTIONS=$options status_is "$title ($options)" 0 run "$@"
    check "prints the same as on the stock library" cmp -s "$temp/out" "$temp/stock"
    check "and something" test -s "$temp/stock"
}

all_sorts() {
    for layout in $presets; do
        same_as_stock "$1" "layout=$layout" "$@"
        for map in dense sparse; do
            same_as_stock "$1" "layout=$layout,sft_map=$map" "$@"
        done
    done
    for markers in 1 2 5; do
        same_as_stock "$1" "markers=$markers,free_space_divisor=20" "$@"
    done
    same_as_stock "$1" "huge_pages=1,give_back=0" "$@"
}

all_sorts "$bench" 12
if command -v w3m >/dev/null; then
    awk 'BEGIN {
        print "<html><body>"
        for (i = 1; i <= 3000; i++)
            printf "<table><tr><td>%d<td><b>%d</b></table><p>Some <a href=x%d>text</a></p>\n",
                i, i * i, i
    }' >"$temp/page.html"
    all_sorts w3m -dump -cols 100 -T text/html "$temp/page.html"
else
    echo "SKIP: w3m is not here"
fi
finish
