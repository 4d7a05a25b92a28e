#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The programs in docs/embedding.md and README.md compile without a warning against the public
# headers, run, and print what stands below them. A block that begins with ```c FILE is a part of
# FILE; several are put together in their order. ```text FILE is what the program FILE prints.

. "$(dirname "$0")/lib/common.sh"

documents='docs/embedding.md README.md'

plant_document() {
    printf '%s\n' '```c a.c' "$2" '```' '```text a.c' 'yes' '```' |
        plant "$1" "${3:-docs/embedding.md}"
    ln -s "$root/include" "$plants/$1/include"
}

[ -e "$build/lib/libterrier.a" ] || skip "there is no library in $build"

if [ -z "${TERRIER_PLANTED:-}" ]; then
    plant_document warning 'int main(void) { int unused; return 0; }'
    planted warning 'a.c does not compile' "TERRIER_BUILD_DIR=$build"
    plant_document status 'int main(void) { return 3; }'
    planted status 'a.c ends with status 3' "TERRIER_BUILD_DIR=$build"
    plant_document output '#include <stdio.h>
int main(void) { puts("no"); return 0; }'
    planted output 'a.c prints something else' "TERRIER_BUILD_DIR=$build"
    plant_document readme 'int main(void) { return 2; }' README.md
    planted readme 'README.md: a.c ends with status 2' "TERRIER_BUILD_DIR=$build"
fi

# Into $temp/programs.
take_programs() {
    rm -rf "$temp/programs"
    mkdir "$temp/programs"
    awk -v folder="$temp/programs" '
        /^```/ && name != "" { name = ""; next }
        /^```c [a-z]+\.[ch]$/ { name = folder "/" $2; next }
        /^```text [a-z]+\.c$/ { name = folder "/" $2 ".expected"; printf "" >name; next }
        name != "" { print >name }' "$1"
}

# DOCUMENT SOURCE
try_program() {
    name=$(basename "$2")
    $cc -std=gnu11 -O1 -Wall -Wextra -Werror -I"$root/include" "$2" "$build/lib/libterrier.a" \
        -pthread -o "$temp/program" 2>"$temp/errors" || {
        fault "$1: $name does not compile"
        head -n 20 "$temp/errors"
        return
    }
    "$temp/program" >"$temp/printed" 2>"$temp/errors"
    status=$?
    if [ $status -ne 0 ]; then
        fault "$1: $name ends with status $status"
        head -n 20 "$temp/errors"
    elif ! diff -u "$2.expected" "$temp/printed" >"$temp/diff" 2>&1; then
        fault "$1: $name prints something else than it says"
        cat "$temp/diff"
    fi
}

programs=0
for document in $documents; do
    [ -e "$root/$document" ] || continue
    take_programs "$root/$document"
    for source in "$temp"/programs/*.c; do
        [ -e "$source" ] || continue
        programs=$((programs + 1))
        try_program "$document" "$source"
    done
done
looked_at "$programs" "programs in $documents"
finish
