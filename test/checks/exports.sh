#!/bin/sh
# SPDX-License-Identifier: MIT
#
# libterrier.so shows ter_ names only, libgc.so.1 GC_ names only, without versions; each has its
# SONAME and needs nothing but the C library. Test programs for libgc get ours when told to.

. "$(dirname "$0")/lib/common.sh"

# library FILE PREFIX SONAME
library() {
    if [ ! -e "$1" ]; then
        fault "$1: not there"
        return
    fi
    nm -D --defined-only "$1" | awk '{ print $NF }' >"$temp/names"
    bad=$(grep -v "^$2" "$temp/names" | tr '\n' ' ')
    [ -z "$bad" ] || fault "$(basename "$1"): shows other names than $2*: $bad"
    if grep -q '@' "$temp/names"; then
        fault "$(basename "$1"): its names have versions"
    fi
    looked_at "$(grep -c "^$2" "$temp/names")" "names of $(basename "$1")"
    LC_ALL=C readelf -d "$1" >"$temp/dynamic"
    grep -q "SONAME.*\[$3\]" "$temp/dynamic" || fault "$(basename "$1"): the SONAME is not $3"
    grep NEEDED "$temp/dynamic" | sed 's/.*\[\(.*\)\]/\1/' >"$temp/needed"
    while read -r needed; do
        case $needed in
        libc.so.* | ld-linux* | ld64.so.*) ;;
        *) fault "$(basename "$1"): needs $needed" ;;
        esac
    done <"$temp/needed"
    looked_at "$(wc -l <"$temp/needed")" "libraries that $(basename "$1") needs: $(tr '\n' ' ' <"$temp/needed")"
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    for name in name soname needed; do
        mkdir -p "$plants/$name/lib"
    done
    echo 'int ter_a(void); int ter_a(void) { return 0; } int b; int b = 1;' >"$temp/ab.c"
    echo 'int ter_a(void); int ter_a(void) { return 0; }' >"$temp/a.c"
    shared="$cc -shared -fPIC"
    $shared -Wl,-soname,libterrier.so.0 -o "$plants/name/lib/libterrier.so" "$temp/ab.c" || exit 1
    $shared -Wl,-soname,libother.so -o "$plants/soname/lib/libterrier.so" "$temp/a.c" || exit 1
    $shared -Wl,-soname,libterrier.so.0 -Wl,--no-as-needed -lm \
        -o "$plants/needed/lib/libterrier.so" "$temp/a.c" || exit 1
    planted name 'shows other names than ter_*: b' "TERRIER_BUILD_DIR=$plants/name"
    planted soname 'the SONAME is not libterrier.so.0' "TERRIER_BUILD_DIR=$plants/soname"
    planted needed 'needs libm.so' "TERRIER_BUILD_DIR=$plants/needed"
fi

library "$build/lib/libterrier.so" ter_ libterrier.so.0
library "$build/lib/libgc.so.1" GC_ libgc.so.1

for program in "$build"/test/gc_*; do
    [ -x "$program" ] || continue
    LD_LIBRARY_PATH=$build/lib ldd "$program" | grep -q "libgc.so.1 => $build/lib/" ||
        fault "$(basename "$program"): the drop-in test would not load $build/lib/libgc.so.1"
    if ldd "$program" | grep -q "libgc.so.1 => $build"; then
        fault "$(basename "$program"): the stock test would load our libgc.so.1"
    fi
done
finish
