#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Faults of workers that copy at the same time, each one line of src/ that says something else in a
# copy: the test of several workers is linked with that one file compiled anew, and must fail, or
# hang, in one of some runs. What is wrong for a few instructions only, ThreadSanitizer sees.
#
# Workers must meet for it, and on a busy machine they seldom do: in thorough runs only.

: "${TERRIER_SOURCE_DIR:=$(cd "$(dirname "$0")/../../.." && pwd)}"
. "$(dirname "$0")/../lib/common.sh"
. "$(dirname "$0")/../lib/changed_line.sh"

[ "${TERRIER_THOROUGH:-}" = 1 ] || skip "only in thorough runs (make check-thorough)"

runs=200
seconds=60 # of a run that takes three when nothing is wrong
unit_program test_semispace_workers

# fails: in one of the runs.
fails() {
    for run in $(seq $runs); do
        timeout $seconds ./planted >planted.out 2>&1 || return 0
    done
    return 1
}

# seen NAME LINE OTHER [FILE]: with that text in place of the other, the test fails. FILE is what is
# compiled anew when the line stands in a header.
seen() {
    changed "$2" "$3" || return
    if ! link_unit "${4:-$file}"; then
        :
    elif fails; then
        echo "$check: saw $1 in run $run: $(grep -m 1 -E 'ERROR|terrier:' planted.out)"
    else
        fault "$1: $runs runs did not see it"
    fi
    cp "$root/src/$file" "src/$file"
}

passes_unchanged plan/semispace.c $seconds

claim='return (__atomic_fetch_and(word, ~mask, __ATOMIC_ACQUIRE) & mask) != 0;'
seen 'a claim that is not atomic' "$claim" \
    '{ uint64_t old = *word; *word = old & ~mask; return (old & mask) != 0; }' plan/semispace.c
seen 'a claim of which nobody asks who had it' "$claim" \
    'return __atomic_fetch_and(word, ~mask, __ATOMIC_ACQUIRE) != 0;' plan/semispace.c
seen 'a worker that does not wait for the address' 'for (unsigned tries = 1;; tries++) {' \
    'for (unsigned tries = 1;; tries++) { if (tries == 1) return ter_copy_first_word(object);'
seen 'an address before the copy' '    ter_copy_bytes(to, object, bytes);' \
    '*(volatile uintptr_t *)object = to; ter_copy_bytes(to, object, bytes);' plan/semispace.c
seen 'two workers that copy to one block' 'copiers->of[tracer->worker]' 'copiers->of[0]' \
    plan/semispace.c
seen 'two workers that take a block at once' 'ter_mutex_acquire(&copiers->taking);' ';'
seen 'a claim that is not taken back' '        take_back_claim(scanning, object);' ';'
seen 'a word that is mistaken for an address' \
    'return first == TER_COPY_NONE || ter_copy_is_place(scanning, tracing, first);' \
    'return false;' plan/semispace.c
finish
