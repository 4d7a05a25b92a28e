#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The lookups of include/terrier/sft.h compile to no more instructions and loads than they do today,
# and to no conditional jump: not alone, not through a pointer to the map, not in a loop, with gcc
# and clang, -O2 and -O3. docs/decisions/0009-sft-lookup.md says what each of them costs. On
# AArch64, where an acquire load is an instruction of its own, there is exactly one, and no
# conditional jump.

. "$(dirname "$0")/lib/common.sh"

# compiler, function, most instructions, loads and conditional jumps. `fields` has what the map says
# in registers; `pointer` reads it from the map; `loop` copies the map, and its two jumps are its
# own. `selected` has two more jumps, for the form. In a loop compilers copy the loop's end, some
# versions more often than others: gcc 12 and 14 and clang 14 and 19 get by with 66, 14 and 6. That
# row has room; what a lookup itself takes is in the others.
limits='
gcc    fields_space      6  1  0
gcc    fields_dense      8  1  0
gcc    fields_sparse     7  1  0
gcc    pointer_space     9  5  0
gcc    pointer_dense    11  6  0
gcc    pointer_sparse   10  5  0
gcc    pointer_selected 36 13  2
gcc    loop_space       20  6  2
gcc    loop_dense       27  7  2
gcc    loop_sparse      21  6  2
gcc    loop_selected    76 16  8
clang  fields_space      6  1  0
clang  fields_dense      9  1  0
clang  fields_sparse     7  1  0
clang  pointer_space     9  5  0
clang  pointer_dense    12  6  0
clang  pointer_sparse    9  5  0
clang  pointer_selected 33 17  2
clang  loop_space       20  6  2
clang  loop_dense       26  7  2
clang  loop_sparse      21  6  2
clang  loop_selected    76 16  8
'

arm_gcc=aarch64-linux-gnu-gcc

case $(uname -m) in
x86_64) ;;
*) skip "the limits are for x86-64" ;;
esac
command -v objdump >/dev/null || skip "there is no objdump"

if [ -z "${TERRIER_PLANTED:-}" ]; then
    for name in load instruction branch; do
        mkdir -p "$plants/$name"
        cp -r "$root/include" "$plants/$name/" || exit 1
    done
    header=include/terrier/sft.h
    sed 's/= map->beyond;/= map->beyond + *(const volatile uintptr_t *)map->table;/' \
        "$root/$header" >"$plants/load/$header"
    planted load 'loads, more than'
    sed 's/= word >> log_region_bytes;/= (word ^ map->last) >> log_region_bytes;/' "$root/$header" \
        >"$plants/instruction/$header"
    planted instruction 'instructions, more than'
    sed '/^    __asm__/d; /^chosen:/d' "$root/$header" >"$plants/branch/$header"
    planted branch 'conditional jumps, more than'
    if command -v "$arm_gcc" >/dev/null; then
        mkdir -p "$plants/relaxed"
        cp -r "$root/include" "$plants/relaxed/" || exit 1
        sed 's/__ATOMIC_ACQUIRE/__ATOMIC_RELAXED/' "$root/$header" >"$plants/relaxed/$header"
        planted relaxed 'acquire loads, not 1'
    fi
fi

cat >"$temp/lookups.c" <<'END'
#include <terrier/sft.h>
typedef const struct ter_sft *answer;

/* The fourth parameter is where a shift wants its count. */
answer fields_space(uintptr_t word, uintptr_t last, uintptr_t beyond, unsigned log_region_bytes,
                    const void *table)
{
    struct ter_sft_map map = {.last = last, .beyond = beyond, .table = table,
                              .log_region_bytes = log_region_bytes};
    return ter_sft_space_map_get(&map, word);
}
answer fields_dense(uintptr_t word, uintptr_t last, uintptr_t beyond, unsigned log_record_bytes,
                    const void *table, uintptr_t empty)
{
    struct ter_sft_map map = {.last = last, .beyond = beyond, .table = table, .empty = empty,
                              .log_record_bytes = log_record_bytes};
    return ter_sft_dense_map_get(&map, word);
}
answer fields_sparse(uintptr_t word, uintptr_t last, uintptr_t beyond, const void *table,
                     uintptr_t empty)
{
    struct ter_sft_map map = {.last = last, .beyond = beyond, .table = table, .empty = empty};
    return ter_sft_sparse_map_get(&map, word);
}
#define FORM(name, get)                                                                            \
    answer pointer_##name(const struct ter_sft_map *map, uintptr_t word)                          \
    {                                                                                              \
        return get(map, word);                                                                     \
    }                                                                                              \
    void loop_##name(const struct ter_sft_map *given, const uintptr_t *words, size_t count)       \
    {                                                                                              \
        struct ter_sft_map map = *given;                                                           \
        for (size_t i = 0; i < count; i++)                                                         \
            __asm__ volatile("" : : "r"(get(&map, words[i])));                                     \
    }
FORM(space, ter_sft_space_map_get)
FORM(dense, ter_sft_dense_map_get)
FORM(sparse, ter_sft_sparse_map_get)
FORM(selected, ter_sft_map_get)
END

# count FILE: for each function its name, instructions, loads and conditional jumps. What fills up
# to the next function is left out; an address that is only computed is no load.
count() {
    objdump -d --no-show-raw-insn "$1" | awk '
        function done() { if (name != "") print name, instructions, loads, jumps }
        /^[0-9a-f]+ <.*>:$/ {
            done()
            name = substr($2, 2, length($2) - 3)
            instructions = loads = jumps = 0
            next
        }
        !/^ *[0-9a-f]+:\t/ { next }
        {
            sub(/^ *[0-9a-f]+:\t/, "")
            if (/nop|^xchg +%ax,%ax/) next
            instructions++
            if (/\(/ && !/^lea/) loads++
            if (/^j/ && !/^jmp/) jumps++
        }
        END { done() }'
}

# compare COMPILER LEVEL
compare() {
    echo "$limits" | awk -v compiler="$1" '$1 == compiler' >"$temp/limits"
    while read -r _ name instructions loads jumps; do
        awk -v name="$name" '$1 == name' "$temp/counts" >"$temp/count"
        if ! read -r _ is_instructions is_loads is_jumps <"$temp/count"; then
            fault "$1 -$2: $name is not there"
            continue
        fi
        where="$1 -$2: $name has"
        [ "$is_instructions" -le "$instructions" ] ||
            fault "$where $is_instructions instructions, more than $instructions"
        [ "$is_loads" -le "$loads" ] || fault "$where $is_loads loads, more than $loads"
        [ "$is_jumps" -le "$jumps" ] || fault "$where $is_jumps conditional jumps, more than $jumps"
        looked=$((looked + 1))
    done <"$temp/limits"
}

# compare_arm LEVEL: the three forms of map, compiled for AArch64.
compare_arm() {
    if ! $arm_gcc -std=gnu11 "-$1" -fPIC -fno-asynchronous-unwind-tables "-I$root/include" \
        -c -o "$temp/lookups.o" "$temp/lookups.c" 2>"$temp/errors"; then
        fault "$arm_gcc -$1: does not compile"
        head -n 20 "$temp/errors"
        return
    fi
    aarch64-linux-gnu-objdump -d --no-show-raw-insn "$temp/lookups.o" | awk '
        function done() { if (name ~ /^pointer_(space|dense|sparse)$/) print name, loads, jumps }
        /^[0-9a-f]+ <.*>:$/ {
            done()
            name = substr($2, 2, length($2) - 3)
            loads = jumps = 0
        }
        $2 ~ /^lda/ { loads++ }
        $2 ~ /^(b\.|cbn?z|tbn?z)/ { jumps++ }
        END { done() }' >"$temp/counts"
    while read -r name loads jumps; do
        [ "$loads" -eq 1 ] || fault "$arm_gcc -$1: $name has $loads acquire loads, not 1"
        [ "$jumps" -eq 0 ] || fault "$arm_gcc -$1: $name has $jumps conditional jumps"
        looked=$((looked + 1))
        arm_looked=$((arm_looked + 1))
    done <"$temp/counts"
}

looked=0
compilers=
for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    compilers="$compilers $compiler"
    for level in O2 O3; do
        if ! $compiler -std=gnu11 -$level -fPIC -fno-asynchronous-unwind-tables \
            -fcf-protection=none "-I$root/include" -c -o "$temp/lookups.o" "$temp/lookups.c" \
            2>"$temp/errors"; then
            fault "$compiler -$level: does not compile"
            head -n 20 "$temp/errors"
            continue
        fi
        count "$temp/lookups.o" >"$temp/counts"
        compare $compiler $level
        [ -z "${VERBOSE:-}" ] || sed "s/^/$compiler -$level: /" "$temp/counts"
    done
done
if command -v $arm_gcc >/dev/null; then
    arm_looked=0
    compilers="$compilers $arm_gcc"
    compare_arm O2
    compare_arm O3
    [ $arm_looked -eq 6 ] || fault "$arm_gcc: $arm_looked lookups were found, not 6"
fi
[ "$compilers" ] || skip "there is neither gcc nor clang"
looked_at $looked "lookups, compiled with$compilers"
finish
