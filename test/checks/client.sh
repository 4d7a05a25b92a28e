#!/bin/sh
# SPDX-License-Identifier: MIT
#
# src/libgc stands on one header of the heap, heap/client.h: it names no function, type, macro or
# field of the floors between base/, os/ and heap/. That header includes alloc/alloc.h for the fast
# path of allocation, and with it come all their headers; so every file of src/libgc is compiled
# with a stand-in for alloc/alloc.h that declares the few names which client.h itself needs. What
# libgc reaches besides is then not known to the compiler.

. "$(dirname "$0")/lib/common.sh"

# plant_libgc NAME: a tree with a small heap and a file of libgc that is as it should be.
plant_libgc() {
    mkdir -p "$plants/$1/include/terrier"
    echo '#pragma once' | plant "$1" include/terrier/terrier.h
    echo '#pragma once' | plant "$1" src/base/base.h
    echo '#pragma once' | plant "$1" src/os/os.h
    printf '#pragma once\nstruct ter_world { int x; };\nvoid ter_world_stop(void);\n' |
        plant "$1" src/alloc/alloc.h
    printf '#pragma once\n#include "alloc/alloc.h"\nstruct ter_mutator;\nstruct ter_heap;\n' |
        plant "$1" src/heap/client.h
    echo '#include "heap/client.h"' | plant "$1" src/libgc/good.c
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    for name in function field type include deep; do
        plant_libgc $name
    done
    printf '#include "heap/client.h"\nvoid a(void);\nvoid a(void) { ter_world_stop(); }\n' |
        plant function src/libgc/a.c
    planted function 'src/libgc/a.c:3: ter_world_stop'
    printf '%s\n' '#include "heap/client.h"' 'int a(struct ter_heap *h);' \
        'int a(struct ter_heap *h) { return h->x; }' |
        plant field src/libgc/a.c
    planted field 'src/libgc/a.c:3:'
    printf '%s\n' '#include "heap/client.h"' 'extern struct ter_world w;' 'int a(void);' \
        'int a(void) { return w.x; }' |
        plant type src/libgc/a.c
    planted type 'src/libgc/a.c:4:'
    printf '#include "plan/plan.h"\n' | plant include src/libgc/a.c
    planted include 'src/libgc/a.c:1: includes plan/plan.h'
    printf '#pragma once\nstruct ter_plan;\n' | plant deep src/plan/plan.h
    echo '#include "plan/plan.h"' >>"$plants/deep/src/heap/client.h"
    planted deep 'heap/client.h lets src/plan/plan.h in'
fi

mkdir -p "$temp/stub/alloc"
# What client.h needs of the floors below: the fast path of allocation, and nothing to look into.
cat >"$temp/stub/alloc/alloc.h" <<'STUB'
#pragma once
#include "os/os.h"
struct ter_mutator;
void *ter_mutator_allocate(struct ter_mutator *mutator, unsigned kind, size_t bytes);
STUB
# Trees that are planted have no types of the C library.
[ -z "${TERRIER_PLANTED:-}" ] || printf '#pragma once\n' >"$temp/stub/alloc/alloc.h"

# The includes, whatever they bring.
(cd "$root" && c_files src/libgc | xargs awk '
    match($0, /^[ \t]*#[ \t]*include[ \t]*"[^"]*"/) {
        header = $0
        sub(/^[^"]*"/, "", header)
        sub(/".*/, "", header)
        if (header !~ /^libgc\/|^base\/base\.h$|^os\/os\.h$|^heap\/client\.h$/)
            print FILENAME ":" FNR ": includes " header
    }' /dev/null) >"$temp/includes"
while read -r line; do
    fault "$line"
done <"$temp/includes"

# What client.h brings with the stand-in: of src/, base/ and os/ only.
echo '#include "heap/client.h"' >"$temp/client.c"
(cd "$root" && $cc -std=gnu11 -MM -I"$temp/stub" -Iinclude -Isrc "$temp/client.c") \
    2>"$temp/errors" | tr -s ' \\' '\n\n' | grep '^src/' |
    grep -vE '^src/(base|os)/|^src/heap/client\.h$' >"$temp/brought"
while read -r header; do
    fault "heap/client.h lets $header in"
done <"$temp/brought"

# The stand-in is found first, as quotation marks look beside the file that includes, where there is
# no folder alloc/.
undeclared='error: [a-z ]*declar[a-z ]*function [^a-zA-Z]*\([A-Za-z_0-9]*\).*'
for file in $(c_files src/libgc | grep '\.c$'); do
    (cd "$root" && LC_ALL=C $cc -std=gnu11 -fsyntax-only -Werror=implicit-function-declaration \
        -I"$temp/stub" -Iinclude -Isrc "$file") >"$temp/errors" 2>&1 && continue
    grep -E '^[^ ]*:[0-9]+:[0-9]+: error' "$temp/errors" |
        sed -e "s/:[0-9]*: $undeclared/: \1 is not for libgc/" -e 's/:[0-9]*: error:/:/' \
            >"$temp/reasons"
    while read -r line; do
        fault "$line"
    done <"$temp/reasons"
    [ -s "$temp/reasons" ] || fault "$file: does not compile: $(head -n 3 "$temp/errors")"
done
looked_at "$(c_files src/libgc | grep -c '\.c$')" "files of src/libgc"
finish
