#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What compilers make of inline functions of include/terrier, at -O2, as C. Of fast.h: allocating
# takes no more instructions than the header says of generated code, stores once, and calls nothing
# on the way; the barrier of a store is one compare with memory and one jump, and the test of a bit
# where there is one. Of threads.h: a poll is one load and one branch.

. "$(dirname "$0")/lib/common.sh"

# function, most instructions to its first `ret`, loads and stores among them, conditional jumps in
# all of it
limits='
pop       7 3 1 1
new_cell  6 2 1 1
new_any  14 2 1 2
barrier  16 4 0 2
poll      4 1 0 1
'

case $(uname -m) in
x86_64) ;;
*) skip "the limits are for x86-64" ;;
esac
command -v objdump >/dev/null || skip "there is no objdump"

if [ -z "${TERRIER_PLANTED:-}" ]; then
    for name in store branch load; do
        mkdir -p "$plants/$name"
        cp -r "$root/include" "$plants/$name/" || exit 1
    done
    header=include/terrier/fast.h
    sed 's/^    uintptr_t cell = window->cursor;/    uintptr_t cell = window->cursor++;/' \
        "$root/$header" >"$plants/store/$header"
    planted store 'stores, more than'
    sed 's/^    if (__builtin_expect(cell == window->limit/    if (cell == 3) return NULL;\n&/' \
        "$root/$header" >"$plants/branch/$header"
    planted branch 'conditional jumps, more than'
    header=include/terrier/threads.h
    sed 's/__atomic_load_n(&head->poll, __ATOMIC_RELAXED) != 0/head->frames != NULL \&\& &/' \
        "$root/$header" >"$plants/load/$header"
    planted load 'poll: 2 loads, more than'
fi

cat >"$temp/fast.c" <<'END'
#include <terrier/fast.h>
#include <terrier/threads.h>

struct cell {
    void *words[4];
};

void *pop(struct ter_mutator *mutator, struct ter_window *window);
void *pop(struct ter_mutator *mutator, struct ter_window *window)
{
    return ter_allocate_fast(mutator, window);
}

void *new_cell(struct ter_mutator *mutator);
void *new_cell(struct ter_mutator *mutator)
{
    return TER_NEW(mutator, 5, struct cell);
}

void *new_any(struct ter_mutator *mutator, unsigned kind);
void *new_any(struct ter_mutator *mutator, unsigned kind)
{
    return TER_NEW(mutator, kind, struct cell);
}

void barrier(struct ter_mutator *mutator, void *object, void *slot, void *value);
void barrier(struct ter_mutator *mutator, void *object, void *slot, void *value)
{
    ter_write(mutator, object, slot, value);
}

void poll(struct ter_mutator *mutator);
void poll(struct ter_mutator *mutator)
{
    ter_poll(mutator);
}
END

# numbers FUNCTION: instructions up to the first return, loads, stores; conditional jumps in all of
# it, since a compiler may return first where it leaves early.
numbers() {
    awk -v name="$1" '
        /^[0-9a-f]+ <.*>:$/ { in_it = $2 == "<" name ">:"; next }
        !in_it { next }
        /\tj[a-z]+ / && !/\tjmp/ { jumps++ }
        done { next }
        { count++ }
        !/\tlea/ && /\([^)]*\),/ || /\tcmp[a-z]* .*\([^)]*\)$/ { loads++ }
        /\tmov[a-z]* .*,[-0-9a-fx]*\([^)]*\)$/ || /\t(add|inc)[a-z]* .*\([^)]*\)$/ { stores++ }
        /\tret/ { done = 1 }
        END { print count + 0, loads + 0, stores + 0, jumps + 0 }' "$temp/code"
}

# at_most COMPILER FUNCTION NUMBER LIMIT WHAT
at_most() {
    [ "$3" -le "$4" ] || fault "$1: $2: $3 $5, more than $4"
}

functions=0
for compiler in "$cc" clang; do
    command -v "$compiler" >/dev/null || continue
    $compiler -std=gnu11 -O2 -fcf-protection=none -fno-asynchronous-unwind-tables \
        -I"$root/include" -c -o "$temp/fast.o" "$temp/fast.c" 2>"$temp/errors" || {
        fault "$compiler: the headers do not compile"
        continue
    }
    objdump -d --no-show-raw-insn "$temp/fast.o" >"$temp/code"
    echo "$limits" >"$temp/limits"
    while read -r name most loads stores jumps; do
        [ -n "$name" ] || continue
        # The numbers are words.
        # shellcheck disable=SC2046
        set -- $(numbers "$name")
        at_most "$compiler" "$name" "$1" "$most" instructions
        at_most "$compiler" "$name" "$2" "$loads" loads
        at_most "$compiler" "$name" "$3" "$stores" stores
        at_most "$compiler" "$name" "$4" "$jumps" "conditional jumps"
        functions=$((functions + 1))
    done <"$temp/limits"
done
looked_at "$functions" "inline functions"
finish
