#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Conditional compilation lives in src/base and src/os. Elsewhere in src/ there is none; headers
# begin with #pragma once, but for templates (cmake/templates.txt), which are included for each use
# anew. Public headers have their guard, TERRIER_<FILE>_H, and __cplusplus.

. "$(dirname "$0")/../lib/common.sh"

good_public='#ifndef TERRIER_HEAP_H
#define TERRIER_HEAP_H
#ifdef __cplusplus
#endif
#endif'

if [ -z "${TERRIER_PLANTED:-}" ]; then
    for name in conditional once guard public; do
        printf '#pragma once\n#ifdef __linux__\n#endif\n' | plant $name src/base/base.h
        echo "$good_public" | plant $name include/terrier/heap.h
    done
    printf 'int a;\n  # if 0\n#endif\n' | plant conditional src/sft/map.c
    planted conditional 'src/sft/map.c:2: no conditional'
    echo 'int a;' | plant once src/sft/map.h
    planted once 'src/sft/map.h: has no #pragma once'
    mkdir -p "$plants/template/cmake"
    echo sft/loop.h >"$plants/template/cmake/templates.txt"
    printf '#pragma once\nint a;\n' | plant template src/sft/loop.h
    planted template 'src/sft/loop.h: a template has #pragma once'
    echo 'int a;' | plant guard include/terrier/heap.h
    planted guard 'include/terrier/heap.h: has no guard TERRIER_HEAP_H'
    echo "$good_public" | sed 's/__cplusplus/__linux__/' | plant public include/terrier/heap.h
    planted public 'include/terrier/heap.h:3: no conditional'
fi

conditionals=0
for file in $(c_files src include); do
    case $file in
    include/*)
        name=$(basename "$file" .h | tr 'a-z-' 'A-Z_')
        allowed="^[ 	]*#[ 	]*(ifndef TERRIER_${name}_H|ifdef __cplusplus)[ 	]*\$"
        # The public half of src/base/compiler.h asks for the compiler and whether it optimises.
        [ "$file" != include/terrier/api.h ] ||
            allowed="$allowed|^#ifdef __(GNUC|OPTIMIZE)__\$"
        grep -q "^#ifndef TERRIER_${name}_H" "$root/$file" &&
            grep -q "^#define TERRIER_${name}_H" "$root/$file" ||
            fault "$file: has no guard TERRIER_${name}_H"
        ;;
    *.h)
        allowed='^$'
        if grep -qx "${file#src/}" "$root/cmake/templates.txt" 2>/dev/null; then
            ! grep -q '^#pragma once' "$root/$file" || fault "$file: a template has #pragma once"
        else
            grep -q '^#pragma once' "$root/$file" || fault "$file: has no #pragma once"
        fi
        ;;
    *) allowed='^$' ;;
    esac
    code_only "$root/$file" | grep -nE '^[ 	]*#[ 	]*(if|ifdef|ifndef|elif)([^a-z]|$)' >"$temp/lines"
    conditionals=$((conditionals + $(wc -l <"$temp/lines")))
    case $file in
    src/base/* | src/os/*) continue ;;
    esac
    while IFS=: read -r number line; do
        printf '%s\n' "$line" | grep -qE "$allowed" ||
            fault "$file:$number: no conditional compilation here: $line"
    done <"$temp/lines"
done

looked_at "$(c_files src include | wc -l)" "files, $conditionals conditionals"
finish
