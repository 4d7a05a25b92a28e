#!/bin/sh
# SPDX-License-Identifier: MIT
#
# All of libterrier compiles as one file: no two files use one static name, or one macro, for two
# things.

. "$(dirname "$0")/../lib/common.sh"

if [ -z "${TERRIER_PLANTED:-}" ]; then
    echo 'int ter_a(void); static int x(void) { return 1; } int ter_a(void) { return x(); }' |
        plant clash src/base/a.c
    echo 'int ter_b(void); static int x(void) { return 2; } int ter_b(void) { return x(); }' |
        plant clash src/os/b.c
    planted clash 'does not compile as one file'
    printf '#define TER_X 1\nint ter_a(void);\nint ter_a(void) { return TER_X; }\n' |
        plant macro src/base/a.c
    printf '#define TER_X 2\nint ter_b(void);\nint ter_b(void) { return TER_X; }\n' |
        plant macro src/os/b.c
    planted macro 'means two things'
fi

# Files that ask for GNU functions say so before their first include; here that is the first line.
c_files src | grep '\.c$' | grep -v '^src/libgc/' >"$temp/files"
{
    echo '#define _GNU_SOURCE'
    sed -e 's/^src\///' -e 's/.*/#include "&"/' "$temp/files"
} >"$temp/terrier.c"
if ! (cd "$root" && $cc -std=gnu11 -c -Iinclude -Isrc -o "$temp/terrier.o" "$temp/terrier.c") \
    >"$temp/errors" 2>&1; then
    fault "libterrier does not compile as one file"
    grep -E 'error|warning' "$temp/errors" | head -n 30
elif grep 'redefined' "$temp/errors" >"$temp/redefined"; then
    fault "a macro means two things when libterrier is one file"
    head -n 30 "$temp/redefined"
fi

looked_at "$(wc -l <"$temp/files")" "source files as one"
finish
