#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Faults in the library itself that the oracle must see: each is one line of src/ that says
# something else, in a copy. The oracle is linked with that one file compiled anew, and must fail.
# Faults between the oracle and any heap are planted by `oracle --faults`.

: "${TERRIER_SOURCE_DIR:=$(cd "$(dirname "$0")/../../.." && pwd)}"
. "$(dirname "$0")/../lib/common.sh"
. "$(dirname "$0")/../lib/changed_line.sh"

seeds=16
oracle=$build/test/oracle
library=$build/lib/libterrier.a
objects=$(find "$build" -path '*oracle.dir/*' -name '*.o')
[ -x "$oracle" ] && [ -e "$library" ] && [ -n "$objects" ] || {
    fault "the oracle is not built in $build"
    finish
}
cd "$temp" || exit 1

# play SEEDS: the planted program, in the plan $plan, with the options $options, or the seed's.
play() {
    ./planted --plan $plan --seed 1 --seeds "$1" --no-shrink ${options:+--options "$options"}
}

# seen NAME LINE OTHER [FILE]: with that text in place of the other, the oracle fails in the plan
# $plan. FILE is what is compiled anew when the line stands in a header.
seen() {
    changed "$2" "$3" || return
    if ! link "${4:-$file}"; then
        :
    elif play $seeds >planted.out 2>&1; then
        fault "$1: the oracle did not see it"
    else
        echo "$check: saw $1: $(grep -m 1 FAILED planted.out | cut -c 1-140)"
    fi
    cp "$root/src/$file" "src/$file"
}

cp -r "$root/src" src || exit 1

# begin PLAN FILE [OPTIONS]: from now on with that plan. Without a change this way of building sees
# nothing; that the plan is right is asked with many seeds elsewhere.
begin() {
    plan=$1
    options=${3:-}
    link "$2" || finish
    play 2 >planted.out 2>&1 || {
        fault "without a fault the oracle fails:"
        cat planted.out
    }
}

begin mark-sweep weak/links.c

seen 'a lost root' 'worker->loop->slot(worker, slot);' \
    'if (slot.address % 128 != 0) worker->loop->slot(worker, slot);'
seen 'an uncollectable object that is no root' \
    'ter_collector_mark_uncollectable(visit->collector);' ';'
seen 'an unmarked word' '(const uintptr_t *)(start + bytes)' \
    '(const uintptr_t *)(start + bytes - 16)' plan/mark_sweep.c
seen 'an unmarked slot of a layout' \
    'LOOP(see_slot)(local, how, slots, start + offset, whole, marking);' \
    'if (offset + 32 < end - start) LOOP(see_slot)(local, how, slots, start + offset, whole, 0);' \
    plan/mark_sweep.c
seen 'an unmarked element of a layout' 'for (; bytes <= end - start; start' \
    'for (; bytes + 48 <= end - start; start' plan/mark_sweep.c
seen 'a freed live object' 'uint64_t word = valid[i] & mark[i];' \
    'uint64_t word = valid[i] & mark[i] & ~(uint64_t)(i % 4 == 1);'
seen 'an object that is not freed' 'uint64_t word = valid[i] & mark[i];' \
    'uint64_t word = valid[i] & (mark[i] | (i == 16));'
seen 'a large object that is not freed' 'ter_bits_clear(large_mark_bits(space), object);' ';'
seen 'a wrong size' '< granules << TER_LOG_BYTES_IN_GRANULE)' \
    '+ (size_class == 20) * 16u < granules << TER_LOG_BYTES_IN_GRANULE)'
seen 'a weak link that is not cleared' '*word_of(link, reach) = 0;' ''
seen 'a finalizer that runs twice' 'ter_weak_table_remove(&finalizers->waiting, record->object);' \
    ';'
seen 'a finalizer out of order' \
    'reach_what_comes_later(finalizers->ready + finalizers->ready_end, count, reach);' ';'
seen 'a resize that loses contents' 'memcpy(moved, object, ter_min(bytes, old_bytes));' \
    'memcpy(moved, object, ter_min(bytes, old_bytes) / 2);'
seen 'an ephemeron that keeps its value' \
    'if (key != 0 && !ter_settling_reached(settling, key)) {' \
    'if (key % 64 != 0 && !ter_settling_reached(settling, key)) {'
seen 'values that are lost' \
    'if (settle_round(&settling) && settle_round(&settling) && !ter_settle_by_key(&settling))' \
    'if (0)'
seen 'an element that is not cleared' 'clear_element(element, address, values);' ';'

# What only a plan that moves objects can do wrong.
begin semispace plan/semispace.c
seen 'a slot that is not updated' 'if (TER_LOOP_MOVES && after != before.bits)' \
    'if (TER_LOOP_MOVES && after != before.bits && slot.address % 256 != 8)' plan/semispace.c
seen 'a pin that is ignored' 'TER_SIDE_PIN, block), COPY_BITS_BYTES);' \
    'TER_SIDE_PIN, block), block % 65536 == 0 ? COPY_BITS_BYTES : 0);'
seen 'an ambiguous root that does not pin' '    ter_copy_stay(space, object);' \
    '    if (object % 128 != 0) ter_copy_stay(space, object);'
seen 'ambiguous objects that do not pin' 'ter_collector_pin_from_objects(visit->collector);' ';'
seen 'a copy that is too short' '    } while (from != end);' \
    '    } while (from != end && from + 512 != end);' plan/semispace.c
seen 'an object that moves twice' \
    '*ter_copy_bits_word(tracing->valid, object) &= ~ter_bits_mask(object);' \
    '*ter_copy_bits_word(tracing->valid, object) &= object % 256 ? ~ter_bits_mask(object) : -1;' \
    plan/semispace.c
seen 'a key that names the old place' 'now = follow ? reach->now_at(reach->context, key) : key;' \
    'now = key;'
seen 'a finalizer that is known by its old place' \
    'ter_weak_table_rekey(&finalizers->waiting, reach->recent, reach->now_at, reach->context);' ';'
seen 'a link that names the old place' 'link->object = reach->now_at(reach->context, before);' ';'
seen 'a link that is known by its old place' \
    'ter_weak_table_rekey(&links->table, reach->recent, reach->now_at, reach->context);' ';'
seen 'a link in an object that is cleared where it was' \
    'return (uintptr_t *)reach->now_at(reach->context, link->link);' \
    'return (uintptr_t *)link->link;'
seen 'a finalizer that gets the old place' \
    'record->object = reach->reach(reach->context, record->object);' \
    'reach->reach(reach->context, record->object);'
seen 'a live object that is freed with its block' 'else if (sweep_copy_bits(space, block))' \
    'else if (sweep_copy_bits(space, block) && block % 131072 != 0)'
# What only a plan that marks in place what does not move can do wrong.
begin immix plan/immix.c
seen 'an object that is left though it was marked' \
    'uint64_t word = some_stay ? valid[i] & marks[i] : 0;' \
    'uint64_t word = some_stay ? valid[i] & marks[i] & ~(uint64_t)(i % 4 == 1) : 0;'
seen 'marked places that are not freed' 'uint64_t word = some_stay ? valid[i] & marks[i] : 0;' \
    'uint64_t word = some_stay ? valid[i] & (marks[i] | 2 << (i % 32)) : 0;'
seen 'objects that are joined with what follows' 'ends = (all << 1 | carry) & ~all;' \
    'ends = (all << 1 | carry) & ~all & ~(uint64_t)(i % 8 == 3 ? 0xffff : 0);'
seen 'a word that is not carried on' 'filling->carry = sum < inside;' 'filling->carry = 0;' \
    space/copy_collect.c
seen 'an ambiguous word that marks nothing' \
    'if (ter_scanning_refers(scanning, word - object, form))' \
    'if (ter_scanning_refers(scanning, word - object, form) && object % 128 != 0)'
# What only a plan that moves objects when all is marked can do wrong.
begin mark-compact plan/mark_compact.c
seen 'a place that is one granule too low' 'unsigned below = ter_count_ones(units->live[unit]' \
    'unsigned below = ter_count_ones(units->live[unit] & ~(uint64_t)(granule > 48)' \
    space/slide_update.c
seen 'a root that is not updated' \
    'updated_steps[] = {exact_slots, reported_slots};' 'updated_steps[] = {reported_slots};'
seen 'objects that stay and are not updated' '    update_what_stays(collector);' ';'
seen 'islands that are not updated' '        update_islands(moving, block);' ';'
seen 'an ambiguous word that makes no island' \
    'ter_bits_set_shared(ter_space_table(space, TER_SIDE_STAY), object);' \
    'if (object % 128 != 0) ter_bits_set_shared(ter_space_table(space, TER_SIDE_STAY), object);'
seen 'an object that goes over the end of its gap' 'if (granules + behind > room) {' \
    'if (granules > room) {'
seen 'a slide that is too short' 'return granules + ter_count_trailing_zeros(ends);' \
    'return granules;'
seen 'finalizers that are known by their old place' \
    'ter_finalizers_follow(&collector->finalizers, &way);' ';'
seen 'links that are known by their old place' \
    'ter_links_follow_noted(&collector->short_links, &way);' \
    'ter_links_follow_noted(&collector->long_links, &way);'
# What only collections of young objects can do wrong.
begin young-immix barrier/log.c
seen 'a store that is not logged' 'ter_stores_log(mutator, first, TER_STORE_SLOT, 0);' \
    '{ if (first % 64 != 0) ter_stores_log(mutator, first, TER_STORE_SLOT, 0); }'
seen 'words of ephemerons that are not logged' 'ter_stores_log(mutator, first, form, end);' \
    '{ if (first % 64 != 0) ter_stores_log(mutator, first, form, end); }'
seen 'a logged slot that is not looked at' \
    'collector->tracer, ter_slot_at(address));' \
    'collector->tracer, ter_slot_at(address % 64 ? address : (uintptr_t) & (uintptr_t){0}));'
seen 'a cell that is old from the beginning and not logged' \
    '        ter_stores_log_born_old(mutator, cell);' ';'
seen 'a young object with ambiguous words that does not pin' \
    'ter_collector_pin_from_objects(visit->collector);' ';'
begin sticky-mark-sweep space/block_sweep.c
seen 'old cells that are not marked' 'mark[i] = ~valid[i] | old_cells(space, block, i);' \
    'mark[i] = ~valid[i];'
# What only young blocks that are left, and old ones that copies go to, can do wrong.
begin gen-copy space/copy_collect.c
seen 'copies whose stores are not logged' \
    '        ter_space_make_old(&space->space, start, end);' '        ;'
seen 'a young block that nobody knows' \
    '        ter_block_list_push(&common->blocks, &common->young, block);' \
    '        if (block % 131072 != 0) ter_block_list_push(&common->blocks, &common->young, block);'
seen 'what was pinned and is not told from the young' \
    'if (space->ages && (!figures->is_old || figures->is_mixed))' \
    'if (space->ages && figures->is_mixed)'
# Only the spaces' own check knows of these.
seen 'a bit that says of an object that it stays, for ever' \
    'memset(copy_words(&space->space, TER_SIDE_STAY, block), 0, COPY_BITS_BYTES);' ';'
seen 'a mark that is left' \
    'memset(copy_words(&space->space, TER_SIDE_MARK, block), 0, COPY_BITS_BYTES);' ';'
# What goes wrong where there is no room for a copy.
begin gen-copy space/copy_trace.c heap_max=3M,markers=1
seen 'what found no room and is not scanned' \
    '    if (ter_scanning_mark(scanning, object, TER_MARKING_ALONE))' \
    '    if (ter_scanning_mark(scanning, object, TER_MARKING_ALONE) && object % 64 != 0)'
seen 'what found no room and is left' \
    '    ter_copy_stay(ter_space_of(' '    if (object % 64 != 0) ter_copy_stay(ter_space_of('
# What only objects with pages of their own can do wrong.
begin page-protect space/protect_collect.c
seen 'a copy that is too short' '(const void *)object, bytes);' \
    '(const void *)object, bytes / 2);'
seen 'a second reference that stays behind' 'return moved == 0 ? word : moved;' 'return word;'
seen 'an ambiguous word that lets its object move' \
    'if (space->policy->moves && form != TER_WORD_EXACT)' 'if (false)'
seen 'a pin that is forgotten' 'if ((record->flags & TER_PROTECT_PINNED) != 0)' 'if (false)'
seen 'a live run that is left' '    if (ter_bits_test(protect_marks(common), ' \
    '    if (run % 65536 != 0 && ter_bits_test(protect_marks(common), '

# A store without a barrier is none of the collector's business there, and check_barriers sees it.
missed() {
    "$oracle" --plan mark-sweep --seed 1 --seeds 4 --no-shrink --fault missed-barrier \
        --options "$1" >planted.out 2>&1
}
missed stop=safepoints || fault "a store without a barrier matters under mark-sweep"
missed check_barriers=1,stop=safepoints && fault "check_barriers did not see a missed barrier"
finish
