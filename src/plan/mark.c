/* SPDX-License-Identifier: MIT */
/* Invariant: a marked object has been scanned, is on the stack or in the queue, or `overflowed`. */
#include "plan/plan.h"

#define QUEUE_LENGTH 8u         /* objects between marking and scanning; a power of two */
#define PIECE_BYTES TER_KIB(64) /* of a large object scanned at once */
#define ROOT_WORDS 128u         /* of a stack copied at once */

/* ---- From a word to a mark ---- */

TER_INLINE bool displacement_counts(const struct ter_marker *marker, uintptr_t displacement)
{
    return displacement < TER_MAX_DISPLACEMENT && marker->displacements[displacement] != 0;
}

/* Sets the mark of the granule at `object`; false when it was set. */
TER_INLINE bool set_mark(const struct ter_marker *marker, uintptr_t object)
{
    uint64_t *word = ter_bits_word(&marker->ground->side.tables[TER_SIDE_MARK], object);
    uint64_t mask = ter_bits_mask(object);
    uint64_t old = *word;

    if ((old & mask) != 0)
        return false;
    *word = old | mask;
    return true;
}

TER_INLINE void push(struct ter_marker *marker, uintptr_t object, size_t bytes, unsigned kind)
{
    TER_PREFETCH_READ(object);
    ter_mark_stack_push(&marker->stack, object, bytes, kind);
}

/* A cell that is no object has its mark set already: see space/block_sweep.c. */
TER_INLINE void mark_in_block(struct ter_marker *marker, uintptr_t word, bool interior)
{
    const struct ter_block_head *head = ter_block_head_of(marker->ground, word);
    uintptr_t object = ter_block_cell_of(head, word);

    if (!interior && !displacement_counts(marker, word - object))
        return;
    if (!set_mark(marker, object))
        return;
    if (head->scan != TER_SCAN_NONE)
        push(marker, object, head->cell_bytes, head->kind);
}

static TER_NOINLINE void mark_large(struct ter_marker *marker, uintptr_t word, bool interior)
{
    uintptr_t object = ter_runs_find(marker->ground, word);
    const struct ter_large_record *record;

    if (object == 0)
        return;
    record = ter_large_record_of(marker->ground, object);
    if (word - object >= record->bytes ||
        (!interior && !displacement_counts(marker, word - object)))
        return;
    if (record->first_page_only && word - object >= TER_BYTES_IN_PAGE)
        return;
    if (set_mark(marker, object) && record->scan != TER_SCAN_NONE)
        push(marker, object, record->bytes, record->kind);
}

static TER_NOINLINE void mark_through_functions(struct ter_marker *marker,
                                                const struct ter_sft *sft, uintptr_t word)
{
    ter_object object = sft->find_object_from_interior(sft, word);

    if (!ter_object_is_none(object))
        sft->trace_object(sft, &marker->trace, object);
}

/* Words outside the hull were sorted out before. */
TER_INLINE void mark_candidate(struct ter_marker *marker, uintptr_t word, bool interior)
{
    const struct ter_sft *sft = ter_sft_map_get(&marker->ground->map, word);

    if (TER_LIKELY(sft->kind == TER_SPACE_MARK_SWEEP || sft->kind == TER_SPACE_IMMORTAL)) {
        if (TER_LIKELY(ter_range_holds(&ter_space_of(sft)->range, word)))
            mark_in_block(marker, word, interior);
    } else if (sft->kind == TER_SPACE_LARGE) {
        if (ter_range_holds(&ter_space_of(sft)->range, word))
            mark_large(marker, word, interior);
    } else if (sft->kind != TER_SPACE_EMPTY) {
        mark_through_functions(marker, sft, word);
    }
}

/* ---- Ranges of words ---- */

TER_INLINE void mark_words(struct ter_marker *marker, const uintptr_t *word, const uintptr_t *end,
                           bool interior)
{
    uintptr_t low = marker->low;
    uintptr_t span = marker->span;

    for (; word < end; word++)
        if (*word - low < span)
            mark_candidate(marker, *word, interior);
}

void ter_mark_word(struct ter_marker *marker, uintptr_t word)
{
    if (word - marker->low < marker->span)
        mark_candidate(marker, word, true);
}

void ter_mark_stack_range(struct ter_marker *marker, uintptr_t start, uintptr_t end)
{
    uintptr_t words[ROOT_WORDS];

    while (start < end) {
        size_t count = ter_min((end - start) / sizeof(uintptr_t), ROOT_WORDS);

        ter_roots_read_words((const uintptr_t *)start, words, count);
        mark_words(marker, words, words + count, true);
        start += count * sizeof(uintptr_t);
    }
}

void ter_mark_data_range(struct ter_marker *marker, uintptr_t start, uintptr_t end)
{
    uintptr_t words[ROOT_WORDS];
    bool interior = marker->interior_everywhere;

    start = ter_align_up(start, sizeof(uintptr_t));
    end = ter_align_down(end, sizeof(uintptr_t));
    while (start < end) {
        size_t count = ter_min((end - start) / sizeof(uintptr_t), ROOT_WORDS);

        ter_roots_read_words((const uintptr_t *)start, words, count);
        mark_words(marker, words, words + count, interior);
        start += count * sizeof(uintptr_t);
    }
}

/* ---- Scanning objects ---- */

TER_INLINE void scan_conservative(struct ter_marker *marker, uintptr_t object, size_t bytes,
                                  unsigned kind, bool interior)
{
    size_t piece = bytes;

    if (TER_UNLIKELY(bytes > PIECE_BYTES)) {
        piece = PIECE_BYTES;
        ter_mark_stack_push(&marker->stack, object + piece, bytes - piece, kind);
    }
    mark_words(marker, (const uintptr_t *)object, (const uintptr_t *)(object + piece), interior);
}

TER_INLINE void scan_entry(struct ter_marker *marker, struct ter_mark_entry entry, bool interior)
{
    unsigned kind = (unsigned)(entry.bytes_and_kind & (TER_MAX_KINDS - 1));
    size_t bytes = entry.bytes_and_kind & ~(size_t)(TER_MAX_KINDS - 1);
    const struct ter_kind *how = &marker->kinds[kind];

    if (TER_LIKELY(how->scan == TER_SCAN_CONSERVATIVE))
        scan_conservative(marker, entry.start, bytes, kind, interior);
    else if (how->scan == TER_SCAN_TRACER)
        how->tracer(how->context, &marker->trace, entry.start, bytes);
}

void ter_mark_contents(struct ter_marker *marker, uintptr_t object, size_t bytes, unsigned kind)
{
    struct ter_mark_entry entry = {object, bytes | kind};

    scan_entry(marker, entry, marker->interior_everywhere);
}

TER_INLINE void drain(struct ter_marker *marker, bool interior)
{
    struct ter_mark_entry queue[QUEUE_LENGTH];
    unsigned first = 0, waiting = 0;

    while (marker->stack.count > 0 || waiting > 0) {
        while (marker->stack.count > 0 && waiting < QUEUE_LENGTH) {
            struct ter_mark_entry entry = marker->stack.entries[--marker->stack.count];

            TER_PREFETCH_READ(entry.start);
            queue[(first + waiting++) % QUEUE_LENGTH] = entry;
        }
        scan_entry(marker, queue[first], interior);
        first = (first + 1) % QUEUE_LENGTH;
        waiting--;
    }
}

void ter_mark_drain(struct ter_marker *marker)
{
    if (marker->interior_everywhere)
        drain(marker, true);
    else
        drain(marker, false);
}

/* ---- Life ---- */

static ter_object trace_object(struct ter_trace *trace, ter_object object)
{
    ter_mark_word((struct ter_marker *)(void *)trace, object.bits);
    return object;
}

ter_status ter_marker_init(struct ter_marker *marker, const struct ter_allocator *allocator)
{
    marker->trace.trace_object = trace_object;
    marker->ground = allocator->mark_sweep->space.ground;
    marker->kinds = allocator->kinds;
    marker->ranges[0] = &allocator->mark_sweep->space.range;
    marker->ranges[1] = &allocator->immortal->space.range;
    marker->ranges[2] = &allocator->large->space.range;
    marker->interior_everywhere = true;
    marker->displacements[0] = 1;
    return ter_mark_stack_init(&marker->stack);
}

void ter_marker_fini(struct ter_marker *marker)
{
    ter_mark_stack_fini(&marker->stack);
}

/* The hull of all mapped parts: what lies outside it refers to nothing. */
void ter_marker_begin(struct ter_marker *marker)
{
    uintptr_t low = UINTPTR_MAX, high = 0;

    for (size_t i = 0; i < TER_ARRAY_LENGTH(marker->ranges); i++) {
        const struct ter_range *range = marker->ranges[i];
        size_t mapped = atomic_load_explicit(&range->mapped_bytes, memory_order_acquire);

        if (mapped == 0)
            continue;
        low = ter_min(low, range->start);
        high = ter_max(high, range->start + mapped);
    }
    marker->low = low;
    marker->span = high > low ? high - low : 0;
    TER_CHECK(marker->stack.count == 0);
    marker->stack.overflowed = false;
}
