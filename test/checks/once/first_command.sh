#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the first commands need is little: without TERRIER_TESTS nothing of the tests is looked for,
# and only libraries, the command and examples are built; with it too when `programs` is asked for.
# `make help` names all that make can do, README.md what tools/fresh tries.

: "${TERRIER_SOURCE_DIR:=$(cd "$(dirname "$0")/../../.." && pwd)}"
. "$(dirname "$0")/../lib/common.sh"

cmake=${TERRIER_CMAKE:-cmake}
command -v ninja >/dev/null || skip "ninja is not here"

# configured NAME [OPTION...]
configured() {
    name=$1
    shift
    "$cmake" -S "$root" -B "$temp/$name" -G Ninja "$@" >"$temp/$name.log" 2>&1 && return
    fault "cannot be configured $*"
    cat "$temp/$name.log"
    finish
}

# built NAME TARGET: the programs and libraries that would be built, below the build's folder.
built() {
    ninja -C "$temp/$1" -t commands "$2" | sed -n 's,.* -o \([a-z]*/[^ /]*\) .*,\1,p' | sort
}

# only_programs NAME TARGET
only_programs() {
    built "$1" "$2" >"$temp/built"
    looked_at "$(wc -l <"$temp/built")" "files that $2 makes of $1"
    for file in bin/terrier bin/hello lib/libgc.so.1; do
        grep -qx "$file" "$temp/built" || fault "$2 of $1 does not make $file"
    done
    extra=$(grep -v '^bin/\|^lib/' "$temp/built" | tr '\n' ' ')
    [ -z "$extra" ] || fault "$2 of $1 makes more than programs: $extra"
}

configured plain
! grep -q '^TERRIER_CMOCKA_INCLUDE' "$temp/plain/CMakeCache.txt" ||
    fault "cmocka is looked for without tests"
only_programs plain all
if [ -z "${TERRIER_PLANTED:-}" ]; then
    configured tests -DTERRIER_TESTS=ON
    only_programs tests programs
    built tests all >"$temp/built"
    for folder in test bench; do
        grep -q "^$folder/" "$temp/built" || fault "with tests, all makes nothing in $folder/"
    done
fi

make -s -f "$root/Makefile" help >"$temp/help" 2>&1
targets=$(sed -n 's/^\.PHONY: //p' "$root/Makefile")
for target in $targets; do
    case $target in
    build | help) continue ;;
    esac
    grep -q "^make $target " "$temp/help" || fault "make help does not name $target"
done
looked_at "$(echo "$targets" | wc -w)" "targets of make"
for target in demo check; do
    grep -q "^    make $target " "$root/README.md" || fault "README.md does not say make $target"
done

if [ -z "${TERRIER_PLANTED:-}" ] && [ "$faults" -eq 0 ]; then
    mkdir "$plants/tests" "$plants/help"
    (cd "$root" && cp -r CMakeLists.txt CMakePresets.json Makefile README.md LICENSE cmake src \
        include test tools bench examples "$plants/tests/") || exit 1
    cp -r "$plants/tests/." "$plants/help/"
    sed -i 's/^option(TERRIER_TESTS .*/option(TERRIER_TESTS "" ON)/' "$plants/tests/CMakeLists.txt"
    planted tests 'cmocka is looked for without tests'
    sed -i '/make fresh  /d' "$plants/help/Makefile"
    planted help 'make help does not name fresh'
fi
finish
