#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The programs in docs/embedding.md compile without a warning against the public headers, run, and
# print what stands below them. A block that begins with ```c FILE is a part of FILE; several are
# put together in their order. ```text FILE is what the program FILE prints.

. "$(dirname "$0")/lib/common.sh"

document=docs/embedding.md

plant_document() {
    printf '%s\n' '```c a.c' "$2" '```' '```text a.c' 'yes' '```' | plant "$1" $document
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
fi


mkdir "$temp/programs"
awk -v folder="$temp/programs" '
    /^```/ && name != "" { name = ""; next }
    /^```c [a-z]+\.[ch]$/ { name = folder "/" $2; next }
    /^```text [a-z]+\.c$/ { name = folder "/" $2 ".expected"; printf "" >name; next }
    name != "" { print >name }' "$root/$document"

programs=0
for source in "$temp"/programs/*.c; do
    [ -e "$source" ] || continue
    name=$(basename "$source")
    programs=$((programs + 1))
    $cc -std=gnu11 -O1 -Wall -Wextra -Werror -I"$root/include" "$source" "$build/lib/libterrier.a" \
        -pthread -o "$temp/program" 2>"$temp/errors" || {
        fault "$document: $name does not compile"
        head -n 20 "$temp/errors"
        continue
    }
    "$temp/program" >"$temp/printed" 2>"$temp/errors"
    status=$?
    if [ $status -ne 0 ]; then
        fault "$document: $name ends with status $status"
        head -n 20 "$temp/errors"
    elif ! diff -u "$source.expected" "$temp/printed" >"$temp/diff" 2>&1; then
        fault "$document: $name prints something else than it says"
        cat "$temp/diff"
    fi
done
looked_at "$programs" "programs in $document"
finish
