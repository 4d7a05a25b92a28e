#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Profiles as pprof itself reads them, the one that comes with Go: types, totals, names, kinds.

. "$(dirname "$0")/../e2e/lib/terrier.sh"

if ! command -v go >/dev/null || ! go tool pprof -h 2>&1 | grep -q pprof; then
    echo "SKIP: go is not here, or has no pprof"
    exit 77
fi
if ! ${CC:-cc} -g -o "$temp/leaky" "$source_dir/test/e2e/lib/leaky.c" \
    "$build_dir/lib/libgc.so.1"; then
    echo "SKIP: the program cannot be built: libgc's headers may be missing"
    exit 77
fi

# pprof WORDS...
pprof() {
    go tool pprof "$@" "$temp/a.pb.gz" >"$temp/out" 2>"$temp/err"
}

status_is "a profile" 0 run --profile "$temp/a.pb.gz" --profile-interval 16K "$temp/leaky"
check "is read" pprof -top
check "as live bytes" grep -q '^Type: inuse_space' "$temp/out"
check "of that build" grep -q '^Build ID: [0-9a-f]\{40\}' "$temp/out"
check "most of them of parse" awk '$NF == "parse" { sub("%", "", $2); good = $2 > 80 }
    END { exit !good }' "$temp/out"
for type in alloc_objects alloc_space inuse_objects; do
    check "$type" pprof -top -sample_index=$type
    check "are said to be $type" grep -q "^Type: $type" "$temp/out"
done
check "kinds" pprof -tags
check "are labels" grep -q 'kind: Total' "$temp/out"
check "both" [ "$(grep -c ': \(atomic\|normal\)$' "$temp/out")" -eq 2 ]
check "a graph" pprof -dot
check "with callers" grep -q 'main' "$temp/out"
finish
