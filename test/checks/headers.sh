#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every public header compiles alone, as strict C11 and as C++17, without a warning.

. "$(dirname "$0")/lib/common.sh"

if [ -z "${TERRIER_PLANTED:-}" ]; then
    echo 'size_t ter_size(void);' | plant alone include/terrier/a.h
    planted alone 'include/terrier/a.h: does not compile as C11'
    echo 'int ter_new(int class);' | plant cxx include/terrier/a.h
    if command -v g++ >/dev/null || command -v clang++ >/dev/null; then
        planted cxx 'include/terrier/a.h: does not compile as C++17'
    fi
fi

cxx=
for candidate in g++ clang++; do
    if [ -z "$cxx" ] && command -v $candidate >/dev/null; then
        cxx=$candidate
    fi
done
[ "$cxx" ] || echo "SKIP: C++ is not checked, there is no C++ compiler"

flags="-Wall -Wextra -Werror -pedantic -fsyntax-only -I$root/include"
for file in $(c_files include); do
    # Included from another file, so that an include guard is used as users use it.
    printf '#include <%s>\n#include <%s>\nint ter_not_empty;\n' "${file#include/}" \
        "${file#include/}" >"$temp/one.c"
    # The flags are words.
    # shellcheck disable=SC2086
    $cc -std=c11 $flags "$temp/one.c" 2>"$temp/errors" || {
        fault "$file: does not compile as C11"
        head -n 20 "$temp/errors"
    }
    [ "$cxx" ] || continue
    # shellcheck disable=SC2086
    $cxx -std=c++17 -x c++ $flags "$temp/one.c" 2>"$temp/errors" || {
        fault "$file: does not compile as C++17"
        head -n 20 "$temp/errors"
    }
done

looked_at "$(c_files include | wc -l)" "public headers with $cc and ${cxx:-no C++ compiler}"
finish
