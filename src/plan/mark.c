/* SPDX-License-Identifier: MIT */
/*
 * Invariant: a marked object that may hold references has been scanned, is in the queue or on the
 * stack, or the stack has `overflowed`.
 *
 * A newly marked object is prefetched and enters the queue; the one that has been there longest
 * goes to the stack when there is no room; what is scanned next comes off the stack, or off the
 * queue when the stack is empty. So an object's memory mostly has had the time of QUEUE_LENGTH
 * other marks to arrive, and the order stays close to depth first.
 */
#include "plan/plan.h"

#define QUEUE_LENGTH 32u        /* a power of two */
#define PIECE_BYTES TER_KIB(64) /* of a large object scanned at once */
#define ROOT_WORDS 128u         /* of a stack copied at once */
#define FEWEST_TO_SHARE 8       /* entries; with fewer, others get nothing */
#define SHORTEST_REST 512u /* entries scanned after a gift: waking others takes as long as many */
#define LONGEST_REST 65536u
#define MOST_GIVEN 512u /* entries at once */

/*
 * What the loop reads for every word, in a local variable: the compiler keeps it in registers or in
 * the frame, where it would have to load it again from the marker after every store of a mark.
 */
struct scan {
    struct ter_marker *marker;
    const struct ter_ground *ground;
    struct ter_sft_map map; /* a copy: it never changes */
    const uint8_t *displacements;
    uintptr_t low;
    uintptr_t span;
    uintptr_t cells; /* surely the mark-sweep space's, where most references lead */
    uintptr_t cells_span;
    uintptr_t heads; /* bias of the table of block heads */
    uintptr_t marks; /* biases of the tables of mark bits: the marker's, the other one's */
    uintptr_t others_marks;
    struct ter_mark_entry *bottom; /* of the mark stack: first entry, first free one, end */
    struct ter_mark_entry *top;
    struct ter_mark_entry *end;
    unsigned oldest; /* of the queue, and one past the newest; modulo its length */
    unsigned newest;
    struct ter_mark_entry queue[QUEUE_LENGTH];
    bool interior; /* any byte of an object counts; for what is not inline */
};

TER_INLINE void read_stack(struct scan *scan)
{
    const struct ter_mark_stack *stack = &scan->marker->stack;

    scan->bottom = stack->entries + stack->bottom;
    scan->top = stack->entries + stack->count;
    scan->end = stack->entries + stack->capacity;
}

/* The stack alone, without what is in the queue. */
TER_INLINE void save_stack(const struct scan *scan)
{
    struct ter_mark_stack *stack = &scan->marker->stack;

    stack->bottom = (size_t)(scan->bottom - stack->entries);
    stack->count = (size_t)(scan->top - stack->entries);
}

/*
 * Once for every object with a mark procedure: field by field, as filling and copying the whole
 * takes longer than marking a few words.
 */
TER_INLINE void begin_scan(struct scan *scan, struct ter_marker *marker, bool interior)
{
    scan->marker = marker;
    scan->ground = marker->ground;
    scan->map = marker->ground->map;
    scan->displacements = marker->displacements;
    scan->low = marker->low;
    scan->span = marker->span;
    scan->cells = marker->ranges[0]->start;
    scan->cells_span = marker->cells_span;
    scan->heads = marker->ground->side.tables[TER_SIDE_BLOCK].bias;
    scan->marks = marker->marks;
    scan->others_marks = marker->others_marks;
    read_stack(scan);
    scan->oldest = scan->newest = 0;
    scan->interior = interior;
}

static TER_NOINLINE void stack_entry_slow(struct scan *scan, struct ter_mark_entry entry)
{
    save_stack(scan);
    ter_mark_stack_push(&scan->marker->stack, entry.start, entry.bytes_and_kind, 0);
    read_stack(scan);
}

TER_INLINE void stack_entry(struct scan *scan, struct ter_mark_entry entry)
{
    if (TER_UNLIKELY(scan->top == scan->end))
        stack_entry_slow(scan, entry);
    else
        *scan->top++ = entry;
}

/* Moves the queue to the stack, oldest last, so that it is scanned first. */
static TER_NOINLINE void empty_queue(struct scan *scan)
{
    while (scan->newest != scan->oldest)
        stack_entry(scan, scan->queue[--scan->newest % QUEUE_LENGTH]);
}

/* Around calls that push through the marker, and at the end. */
static void write_stack(struct scan *scan)
{
    empty_queue(scan);
    save_stack(scan);
}

/* ---- From a word to a mark ---- */

TER_INLINE bool displacement_counts(const uint8_t *displacements, uintptr_t displacement)
{
    return displacement < TER_MAX_DISPLACEMENT && displacements[displacement] != 0;
}

/*
 * Sets the mark of the granule at `object`; false when it was set. With others about, most marks
 * that are asked for are set already, which a plain load tells.
 */
TER_INLINE bool set_mark(const struct scan *scan, uintptr_t object, enum ter_mark_company company)
{
    uintptr_t offset = (object >> TER_LOG_BYTES_IN_BIT_WORD) << 3;
    uint64_t *word = (uint64_t *)(scan->marks + offset);
    uint64_t mask = ter_bits_mask(object);
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED), seen = old;

    if (company == TER_MARK_WITH_ONE)
        seen |= __atomic_load_n((uint64_t *)(scan->others_marks + offset), __ATOMIC_RELAXED);
    if ((seen & mask) != 0)
        return false;
    if (company == TER_MARK_WITH_MANY)
        return (__atomic_fetch_or(word, mask, __ATOMIC_RELAXED) & mask) == 0;
    __atomic_store_n(word, old | mask, __ATOMIC_RELAXED);
    return true;
}

TER_INLINE void push(struct scan *scan, uintptr_t object, size_t bytes, unsigned kind)
{
    struct ter_mark_entry *slot = &scan->queue[scan->newest % QUEUE_LENGTH];

    TER_PREFETCH_READ(object);
    TER_PREFETCH_READ(object + bytes - 1); /* often in the next line of the cache */
    if (TER_LIKELY(scan->newest - scan->oldest == QUEUE_LENGTH)) {
        stack_entry(scan, *slot);
        scan->oldest++;
    }
    scan->newest++;
    *slot = (struct ter_mark_entry){object, bytes | kind};
}

/* A cell that is no object has its mark set already: see space/block_sweep.c. */
TER_INLINE void mark_in_block(struct scan *scan, uintptr_t word, bool interior,
                              enum ter_mark_company company)
{
    const struct ter_block_head *head =
        ter_side_record_at(scan->heads, word, TER_SIDE_LOG_REGION_BLOCK, TER_SIDE_LOG_BITS_BLOCK);
    uintptr_t object = ter_block_cell_of(head, word);

    if (!interior && !displacement_counts(scan->displacements, word - object))
        return;
    if (!set_mark(scan, object, company))
        return;
    if (head->scan != TER_SCAN_NONE)
        push(scan, object, head->cell_bytes, head->kind);
}

static TER_NOINLINE void mark_large(struct scan *scan, uintptr_t word, bool interior,
                                    enum ter_mark_company company)
{
    uintptr_t object = ter_runs_find(scan->ground, word);
    const struct ter_large_record *record;

    if (object == 0)
        return;
    record = ter_large_record_of(scan->ground, object);
    if (word - object >= record->bytes ||
        (!interior && !displacement_counts(scan->displacements, word - object)))
        return;
    if (record->first_page_only && word - object >= TER_BYTES_IN_PAGE)
        return;
    if (set_mark(scan, object, company) && record->scan != TER_SCAN_NONE)
        push(scan, object, record->bytes, record->kind);
}

static void mark_outside(struct scan *scan, const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_outside *outside = &scan->ground->outside;
    uintptr_t object = ter_outside_space_find(ter_outside_space_of(sft), word);
    unsigned kind;

    if (object == 0 ||
        (!scan->interior && !displacement_counts(scan->displacements, word - object)) ||
        !ter_outside_mark(outside, object, true))
        return;
    kind = ter_outside_kind(outside, object);
    if (scan->marker->kinds[kind].scan != TER_SCAN_NONE)
        push(scan, object, ter_outside_bytes(outside, object), kind);
}

/* Spaces for which the loop has no code of its own. */
static TER_NOINLINE void mark_elsewhere(struct scan *scan, const struct ter_sft *sft,
                                        uintptr_t word)
{
    ter_object object;

    if (ter_sft_is_outside(sft)) {
        mark_outside(scan, sft, word);
        return;
    }
    object = sft->find_object_from_interior(sft, word);
    if (ter_object_is_none(object))
        return;
    write_stack(scan);
    sft->trace_object(sft, &scan->marker->trace, object);
    read_stack(scan);
}

/* Words outside the hull were sorted out before. */
TER_INLINE void mark_candidate(struct scan *scan, uintptr_t word, bool interior,
                               enum ter_mark_company company)
{
    const struct ter_sft *sft = ter_sft_map_get(&scan->map, word);

    if (TER_LIKELY(ter_is_small_space(sft))) {
        if (TER_LIKELY(ter_range_covers(&ter_space_of(sft)->range, word)))
            mark_in_block(scan, word, interior, company);
    } else if (sft->kind == TER_SPACE_LARGE) {
        if (ter_range_covers(&ter_space_of(sft)->range, word))
            mark_large(scan, word, interior, company);
    } else if (sft->kind != TER_SPACE_EMPTY) {
        mark_elsewhere(scan, sft, word);
    }
}

/* ---- Ranges of words ---- */

TER_INLINE void mark_words(struct scan *scan, const uintptr_t *word, const uintptr_t *end,
                           bool interior, enum ter_mark_company company)
{
    for (; word < end; word++) {
        if (*word - scan->cells < scan->cells_span)
            mark_in_block(scan, *word, interior, company);
        else if (*word - scan->low < scan->span)
            mark_candidate(scan, *word, interior, company);
    }
}

void ter_mark_word(struct ter_marker *marker, uintptr_t word)
{
    struct scan scan;

    if (word - marker->low >= marker->span)
        return;
    begin_scan(&scan, marker, true);
    mark_candidate(&scan, word, true, marker->company);
    write_stack(&scan);
}

/* Memory of any origin is copied first, out of the sight of sanitizers. */
static void mark_foreign_words(struct ter_marker *marker, uintptr_t start, uintptr_t end,
                               bool interior)
{
    uintptr_t words[ROOT_WORDS];
    struct scan scan;

    begin_scan(&scan, marker, interior);
    while (start < end) {
        size_t count = ter_min((end - start) / sizeof(uintptr_t), ROOT_WORDS);

        ter_roots_read_words((const uintptr_t *)start, words, count);
        mark_words(&scan, words, words + count, interior, marker->company);
        start += count * sizeof(uintptr_t);
    }
    write_stack(&scan);
}

void ter_mark_stack_range(struct ter_marker *marker, uintptr_t start, uintptr_t end)
{
    mark_foreign_words(marker, start, end, true);
}

void ter_mark_data_range(struct ter_marker *marker, uintptr_t start, uintptr_t end)
{
    mark_foreign_words(marker, ter_align_up(start, sizeof(uintptr_t)),
                       ter_align_down(end, sizeof(uintptr_t)), marker->interior_everywhere);
}

/* ---- Scanning objects ---- */

static TER_NOINLINE void call_tracer(struct scan *scan, const struct ter_kind *kind,
                                     uintptr_t object, size_t bytes)
{
    write_stack(scan);
    kind->tracer(kind->context, &scan->marker->trace, object, bytes);
    read_stack(scan);
}

TER_INLINE void scan_entry(struct scan *scan, struct ter_mark_entry entry, bool interior,
                           enum ter_mark_company company)
{
    unsigned kind = (unsigned)(entry.bytes_and_kind & (TER_MAX_KINDS - 1));
    size_t bytes = entry.bytes_and_kind & ~(size_t)(TER_MAX_KINDS - 1);
    const struct ter_kind *how = &scan->marker->kinds[kind];

    if (TER_UNLIKELY(how->scan != TER_SCAN_CONSERVATIVE)) {
        if (how->scan == TER_SCAN_TRACER)
            call_tracer(scan, how, entry.start, bytes);
        return;
    }
    if (TER_UNLIKELY(bytes > PIECE_BYTES)) {
        push(scan, entry.start + PIECE_BYTES, bytes - PIECE_BYTES, kind);
        bytes = PIECE_BYTES;
    }
    mark_words(scan, (const uintptr_t *)entry.start, (const uintptr_t *)(entry.start + bytes),
               interior, company);
}

void ter_mark_contents(struct ter_marker *marker, uintptr_t object, size_t bytes, unsigned kind)
{
    struct ter_mark_entry entry = {object, bytes | kind};
    struct scan scan;

    begin_scan(&scan, marker, marker->interior_everywhere);
    scan_entry(&scan, entry, marker->interior_everywhere, marker->company);
    write_stack(&scan);
}

/*
 * Half of the stack, the oldest entries, for who has nothing to do. Behind them may be half of all
 * there is, or next to nothing, as in a long list. A gift that was used up before this marker had
 * rested is followed by a rest of twice the length.
 */
static TER_NOINLINE void give_away(struct scan *scan, bool in_time)
{
    struct ter_marker *marker = scan->marker;
    size_t count = ter_min((size_t)(scan->top - scan->bottom) / 2, MOST_GIVEN);

    if (ter_share_give(marker->share, scan->bottom, count))
        scan->bottom += count;
    marker->rest_length =
        in_time ? SHORTEST_REST : (unsigned)ter_min(marker->rest_length * 2, LONGEST_REST);
    marker->rest = marker->rest_length;
}

/* One more entry is about to be scanned in a round. */
TER_INLINE void share(struct scan *scan)
{
    struct ter_marker *marker = scan->marker;

    if (marker->rest > 1) {
        marker->rest--;
        return;
    }
    if (TER_LIKELY(!ter_share_is_hungry(marker->share)))
        marker->rest = 0;
    else if (scan->top - scan->bottom >= FEWEST_TO_SHARE)
        give_away(scan, marker->rest == 0);
}

/* What to scan next: the top of the stack, else what has waited longest in the queue. */
TER_INLINE bool take_entry(struct scan *scan, struct ter_mark_entry *entry)
{
    if (TER_LIKELY(scan->top != scan->bottom)) {
        *entry = *--scan->top;
        return true;
    }
    scan->top = scan->bottom = scan->marker->stack.entries;
    if (scan->oldest == scan->newest)
        return false;
    *entry = scan->queue[scan->oldest++ % QUEUE_LENGTH];
    return true;
}

TER_INLINE void drain(struct ter_marker *marker, bool interior, enum ter_mark_company company)
{
    struct ter_mark_entry entry;
    struct scan scan;

    begin_scan(&scan, marker, interior);
    while (take_entry(&scan, &entry)) {
        if (company != TER_MARK_ALONE)
            share(&scan);
        scan_entry(&scan, entry, interior, company);
    }
    write_stack(&scan);
}

/* A copy of the loop for each company, so that it asks once. */
TER_INLINE void drain_in_company(struct ter_marker *marker, bool interior)
{
    switch (marker->company) {
    case TER_MARK_ALONE: drain(marker, interior, TER_MARK_ALONE); break;
    case TER_MARK_WITH_ONE: drain(marker, interior, TER_MARK_WITH_ONE); break;
    case TER_MARK_WITH_MANY: drain(marker, interior, TER_MARK_WITH_MANY); break;
    }
}

void ter_mark_drain(struct ter_marker *marker)
{
    if (marker->interior_everywhere)
        drain_in_company(marker, true);
    else
        drain_in_company(marker, false);
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
    if (marker->ground->outside.high != 0) {
        low = ter_min(low, marker->ground->outside.low);
        high = ter_max(high, marker->ground->outside.high);
    }
    marker->cells_span =
        marker->ranges[0]->shared
            ? 0
            : atomic_load_explicit(&marker->ranges[0]->mapped_bytes, memory_order_acquire);
    marker->low = low;
    marker->span = high > low ? high - low : 0;
    marker->company = TER_MARK_ALONE;
    marker->marks = marker->ground->side.tables[TER_SIDE_MARK].bias;
    marker->others_marks = 0;
    TER_CHECK(marker->stack.count == marker->stack.bottom);
    marker->stack.overflowed = false;
}
