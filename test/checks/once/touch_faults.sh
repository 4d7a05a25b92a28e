#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Faults of the plan page-protect, each one line of src/ that says something else in a copy: the
# test of what is told of memory that nobody may touch is linked with that one file compiled anew,
# and must fail.

: "${TERRIER_SOURCE_DIR:=$(cd "$(dirname "$0")/../../.." && pwd)}"
. "$(dirname "$0")/../lib/common.sh"
. "$(dirname "$0")/../lib/changed_line.sh"

seconds=120 # of a run that takes one when nothing is wrong
unit_program test_touches

# seen NAME LINE OTHER: with that text in place of the other, the test fails.
seen() {
    changed "$2" "$3" || return
    if ! link_unit "$file"; then
        :
    elif timeout $seconds ./planted >planted.out 2>&1; then
        fault "$1: the test did not see it"
    else
        echo "$check: saw $1: $(grep -a -m 1 'FAILED' planted.out)"
    fi
    cp "$root/src/$file" "src/$file"
}

passes_unchanged space/protect.c $seconds

seen 'memory that can still be touched' \
    'map_or_fail(start, bytes, PROT_NONE, MAP_NORESERVE | MAP_FIXED)' \
    'map_or_fail(start, bytes, PROT_READ | PROT_WRITE, MAP_NORESERVE | MAP_FIXED)'
seen 'no page between two runs' 'end + (crowded ? 0 : runs->unit_bytes));' 'end);'
seen 'an object at the beginning of its run' \
    'size_t slack = ter_guarded_run_bytes(arena, run) - bytes;' 'size_t slack = 0;'
seen 'an aligned object of any size' 'if (!mutator->allocator->large->policy->own_pages)' 'if (1)'
seen 'objects that do not move' \
    'moved = move_out(ter_protect_space_of(space), run);' 'moved = 0;'
seen 'objects that are kept' 'ter_protect_lose(space, run, TER_LOSS_COLLECTED);' ';'
seen 'addresses that are used again' '    runs->left_start = runs->left_end = 0;' \
    '    runs->cursor = start; runs->left_start = runs->left_end = 0;'
seen 'copies beyond the maximum' \
    'return used <= space->most_used && bytes <= space->most_used - used;' 'return true;'
seen 'mappings that are not counted' 'runs->mappings += (size_t)more;' ';'
seen 'closing beyond what the system allows' \
    'closed = is_room_for_mapping(more, PART_FOR_CLOSING(ter_os_most_mappings())) &&' 'closed ='
seen 'a fault of which nothing is told' 'function((uintptr_t)info->si_addr);' ';'
seen 'a handler that nobody calls' 'if (is_function(&handler_before))' 'if (false)'
seen 'a handler that has not its mask' 'pthread_sigmask(SIG_BLOCK, &action.sa_mask, NULL);' ';'
seen 'a handler that stays behind' 'was_put = sigaction(SIGSEGV, &handler_before, NULL) != 0;' ';'
finish
