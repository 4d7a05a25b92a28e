#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The environment is read in one place, src/os/linux_environment.c, which believes nothing of it in
# a program with raised rights.

. "$(dirname "$0")/lib/common.sh"

readers='(getenv|secure_getenv|__secure_getenv|__libc_secure_getenv|environ|__environ|_environ)'
reader_file=src/os/linux_environment.c

if [ -z "${TERRIER_PLANTED:-}" ]; then
    for name in getenv secure environ; do
        echo 'const char *f(void) { return getenv("A"); }' | plant $name $reader_file
    done
    echo 'const char *g(void) { return getenv("B"); }' | plant getenv src/heap/options.c
    planted getenv 'src/heap/options.c:1: reads the environment'
    printf '\nconst char *g(void) { return secure_getenv ("B"); }\n' | plant secure src/libgc/a.c
    planted secure 'src/libgc/a.c:2: reads the environment'
    echo 'extern char **environ;' | plant environ src/os/linux_process.c
    planted environ 'src/os/linux_process.c:1: reads the environment'
    echo 'int no_reader;' | plant nothing src/os/linux_environment.c
    planted nothing 'nobody reads the environment'
fi

files=0
for file in $(c_files src); do
    files=$((files + 1))
    [ "$file" != $reader_file ] || continue
    # Includes are no reading: "libgc/environment.h" is a word of its own.
    code_only "$root/$file" | grep -v '^[ 	]*#[ 	]*include' |
        grep -nE "(^|[^A-Za-z0-9_])$readers([^A-Za-z0-9_]|\$)" >"$temp/lines"
    while IFS=: read -r line rest; do
        fault "$file:$line: reads the environment by itself: $rest"
    done <"$temp/lines"
done
code_only "$root/$reader_file" | grep -q 'getenv' ||
    fault "nobody reads the environment in $reader_file"

looked_at $files files
finish
