#!/bin/sh
# SPDX-License-Identifier: MIT
#
# libterrier.so shows ter_ names only, libgc.so.1 GC_ names only, without versions; each has its
# SONAME and needs nothing but the C library. Test programs for libgc get ours when told to. All
# that the system's libgc exports is there, variables in the same size, but for its free lists.

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
    looked_at "$(wc -l <"$temp/needed")" \
        "libraries that $(basename "$1") needs: $(tr '\n' ' ' <"$temp/needed")"
}

# complete FILE: against the system's libgc.so.1.
complete() {
    stock=$($cc -print-file-name=libgc.so.1)
    if [ ! -e "$stock" ]; then
        echo "SKIP: the system's libgc is not here, nothing to compare $(basename "$1") with"
        return
    fi
    # Functions as "name T", variables as "name size", whatever section they are in.
    for library in "$stock" "$1"; do
        nm -D -S --defined-only "$library" |
            awk 'NF == 4 { print $4, ($3 == "T" ? "T" : $2) }' | sort >"$temp/all"
        grep -vE '^GC_(arrays|(a|u|au|)objfreelist_ptr) ' "$temp/all" | grep '^GC_' \
            >"$temp/$(dirname "$library" | tr / _)"
    done
    comm -23 "$temp/$(dirname "$stock" | tr / _)" "$temp/$(dirname "$1" | tr / _)" >"$temp/missing"
    [ ! -s "$temp/missing" ] ||
        fault "$(basename "$1"): not as in the system's: $(tr '\n' ' ' <"$temp/missing")"
    looked_at "$(wc -l <"$temp/$(dirname "$stock" | tr / _)")" "names of the system's libgc"
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    for name in name soname needed complete size; do
        mkdir -p "$plants/$name/lib"
    done
    echo 'int ter_a(void); int ter_a(void) { return 0; } int b; int b = 1;' >"$temp/ab.c"
    echo 'int ter_a(void); int ter_a(void) { return 0; }' >"$temp/a.c"
    shared="$cc -shared -fPIC"
    $shared -Wl,-soname,libterrier.so.0 -o "$plants/name/lib/libterrier.so" "$temp/ab.c" || exit 1
    $shared -Wl,-soname,libother.so -o "$plants/soname/lib/libterrier.so" "$temp/a.c" || exit 1
    $shared -Wl,-soname,libterrier.so.0 -Wl,--no-as-needed -lm \
        -o "$plants/needed/lib/libterrier.so" "$temp/a.c" || exit 1
    echo 'void GC_free(void *p); void GC_free(void *p) { (void)p; }' >"$temp/few.c"
    echo 'int GC_no_dls[2];' >"$temp/large.c"
    if [ -e "$($cc -print-file-name=libgc.so.1)" ]; then
        $shared -Wl,-soname,libgc.so.1 -o "$plants/complete/lib/libgc.so.1" "$temp/few.c" || exit 1
        $shared -Wl,-soname,libgc.so.1 -o "$plants/size/lib/libgc.so.1" "$temp/large.c" || exit 1
        planted complete 'GC_malloc T' "TERRIER_BUILD_DIR=$plants/complete"
        planted size 'GC_no_dls 0000000000000004' "TERRIER_BUILD_DIR=$plants/size"
    fi
    planted name 'shows other names than ter_*: b' "TERRIER_BUILD_DIR=$plants/name"
    planted soname 'the SONAME is not libterrier.so.0' "TERRIER_BUILD_DIR=$plants/soname"
    planted needed 'needs libm.so' "TERRIER_BUILD_DIR=$plants/needed"
fi

library "$build/lib/libterrier.so" ter_ libterrier.so.0
library "$build/lib/libgc.so.1" GC_ libgc.so.1
[ ! -e "$build/lib/libgc.so.1" ] || complete "$build/lib/libgc.so.1"

for program in "$build"/test/gc_*; do
    [ -x "$program" ] || continue
    LD_LIBRARY_PATH=$build/lib ldd "$program" | grep -q "libgc.so.1 => $build/lib/" ||
        fault "$(basename "$program"): the drop-in test would not load $build/lib/libgc.so.1"
    if ldd "$program" | grep -q "libgc.so.1 => $build"; then
        fault "$(basename "$program"): the stock test would load our libgc.so.1"
    fi
done
finish
