/* SPDX-License-Identifier: MIT */
/* Foreign objects: bits that say where they begin and end. */
#include "pages/pages.h"

_Static_assert(TER_FOREIGN_GROUPS == 64 * 64, "two levels of 64 bits over the groups");

/* A lead in a byte of margins. */
#define LEAD_UNIT 4u
#define LEAD_SHIFT TER_LOG_BYTES_IN_GRANULE

static uint64_t load_bits(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Only one thread changes bits at a time; the store publishes. */
static void store_bits(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Bits below `bit`; bit is 0 to 63. */
static uint64_t bits_below(unsigned bit)
{
    return (UINT64_C(1) << bit) - 1;
}

/* ---- Levels ---- */

static void note_group(struct ter_foreign_chunk *chunk, size_t group)
{
    if ((chunk->groups[group / 64] >> group % 64 & 1) != 0)
        return;
    store_bits(&chunk->groups[group / 64], chunk->groups[group / 64] | UINT64_C(1) << group % 64);
    store_bits(&chunk->top, chunk->top | UINT64_C(1) << group / 64);
}

static void forget_group_if_empty(struct ter_foreign_chunk *chunk, size_t group)
{
    if ((chunk->starts[group] | chunk->ends[group] | chunk->dead[group]) != 0)
        return;
    store_bits(&chunk->groups[group / 64],
               chunk->groups[group / 64] & ~(UINT64_C(1) << group % 64));
    if (chunk->groups[group / 64] == 0)
        store_bits(&chunk->top, chunk->top & ~(UINT64_C(1) << group / 64));
}

/* The last group below `group` that is not empty; SIZE_MAX if there is none. */
static size_t group_before(const struct ter_foreign_chunk *chunk, size_t group)
{
    size_t word = group / 64;
    uint64_t bits = load_bits(&chunk->groups[ter_min(word, 63)]);

    bits = word > 63 ? 0 : bits & bits_below(group % 64);
    if (bits == 0) {
        uint64_t top = load_bits(&chunk->top);

        top = word > 63 ? top : top & bits_below((unsigned)word);
        if (top == 0)
            return SIZE_MAX;
        word = ter_log2(top);
        bits = load_bits(&chunk->groups[word]);
        /* A change that is under way: what is looked for is no object of the caller's. */
        if (bits == 0)
            return SIZE_MAX;
    }
    return word * 64 + ter_log2(bits);
}

/* The first group at or above `group` that is not empty; TER_FOREIGN_GROUPS if there is none. */
static size_t group_from(const struct ter_foreign_chunk *chunk, size_t group)
{
    size_t word = group / 64;
    uint64_t bits, top;

    if (group >= TER_FOREIGN_GROUPS)
        return TER_FOREIGN_GROUPS;
    bits = load_bits(&chunk->groups[word]) & ~bits_below(group % 64);
    if (bits == 0) {
        top = load_bits(&chunk->top) & ~bits_below((unsigned)word) & ~(UINT64_C(1) << word);
        if (top == 0)
            return TER_FOREIGN_GROUPS;
        word = ter_count_trailing_zeros(top);
        bits = load_bits(&chunk->groups[word]);
        if (bits == 0)
            return TER_FOREIGN_GROUPS;
    }
    return word * 64 + ter_count_trailing_zeros(bits);
}

/* ---- Changes ---- */

static uintptr_t last_granule(uintptr_t object, size_t bytes)
{
    return object + (bytes - TER_BYTES_IN_GRANULE);
}

static size_t granule_in_chunk(uintptr_t object)
{
    return (object & (TER_BYTES_IN_CHUNK - 1)) >> TER_LOG_BYTES_IN_GRANULE;
}

/* Where nothing has margins, their memory is not touched. */
static void describe_foreign(struct ter_foreign_chunk *chunk, uintptr_t object, unsigned kind,
                             struct ter_foreign_margin margin)
{
    size_t granule = granule_in_chunk(object);
    uint8_t margins = (uint8_t)(margin.slack | margin.lead / LEAD_UNIT << LEAD_SHIFT);

    TER_ASSERT(margin.slack < TER_BYTES_IN_GRANULE && margin.lead <= TER_BYTES_IN_GRANULE &&
               margin.lead % LEAD_UNIT == 0);
    __atomic_store_n(&chunk->kinds[granule], (uint8_t)kind, __ATOMIC_RELAXED);
    if (__atomic_load_n(&chunk->margins[granule], __ATOMIC_RELAXED) != margins)
        __atomic_store_n(&chunk->margins[granule], margins, __ATOMIC_RELAXED);
}

void ter_foreign_add(const struct ter_foreign *foreign, uintptr_t object, size_t bytes,
                     unsigned kind)
{
    ter_foreign_add_within(foreign, object, bytes, kind, (struct ter_foreign_margin){0, 0});
}

void ter_foreign_add_within(const struct ter_foreign *foreign, uintptr_t object, size_t bytes,
                            unsigned kind, struct ter_foreign_margin margin)
{
    uintptr_t end = last_granule(object, bytes);
    struct ter_foreign_chunk *first = ter_foreign_chunk_of(foreign, object);
    struct ter_foreign_chunk *last = ter_foreign_chunk_of(foreign, end);
    size_t group = ter_foreign_group_of(object), end_group = ter_foreign_group_of(end);

    TER_CHECK(bytes > 0 && ter_is_aligned(object | bytes, TER_BYTES_IN_GRANULE));
    TER_CHECK(first != NULL && last != NULL);
    TER_ASSERT((first->starts[group] & ter_bits_mask(object)) == 0);
    TER_ASSERT((last->ends[end_group] & ter_bits_mask(end)) == 0);
    describe_foreign(first, object, kind, margin);
    store_bits(&first->marks[group], first->marks[group] | ter_bits_mask(object));
    note_group(last, end_group);
    store_bits(&last->ends[end_group], last->ends[end_group] | ter_bits_mask(end));
    note_group(first, group);
    store_bits(&first->starts[group], first->starts[group] | ter_bits_mask(object));
}

static void clear_end(const struct ter_foreign *foreign, uintptr_t object, size_t bytes)
{
    uintptr_t end = last_granule(object, bytes);
    struct ter_foreign_chunk *last = ter_foreign_chunk_of(foreign, end);
    size_t group = ter_foreign_group_of(end);

    store_bits(&last->ends[group], last->ends[group] & ~ter_bits_mask(end));
    forget_group_if_empty(last, group);
}

size_t ter_foreign_remove(const struct ter_foreign *foreign, uintptr_t object)
{
    struct ter_foreign_chunk *first = ter_foreign_chunk_of(foreign, object);
    size_t group = ter_foreign_group_of(object), bytes;

    TER_CHECK((first->starts[group] & ter_bits_mask(object)) != 0);
    bytes = ter_foreign_bytes(foreign, object);
    store_bits(&first->starts[group], first->starts[group] & ~ter_bits_mask(object));
    clear_end(foreign, object, bytes);
    forget_group_if_empty(first, group);
    return bytes;
}

/* ---- What was buried ---- */

void ter_foreign_bury(const struct ter_foreign *foreign, uintptr_t object)
{
    struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, object);
    size_t group = ter_foreign_group_of(object);

    TER_CHECK((chunk->starts[group] & ter_bits_mask(object)) != 0);
    store_bits(&chunk->dead[group], chunk->dead[group] | ter_bits_mask(object));
    store_bits(&chunk->starts[group], chunk->starts[group] & ~ter_bits_mask(object));
    chunk->buried++;
    chunk->set->buried++;
}

/* A chunk of which nothing is left to dig up may have been let go of. */
static void go_to_graves(const struct ter_foreign_set *set, struct ter_foreign_digging *digging)
{
    if (digging->chunk != NULL && digging->chunk->set == set && digging->chunk->buried != 0)
        return;
    digging->chunk = set->first;
    digging->group = 0;
    while (digging->chunk->buried == 0)
        digging->chunk = digging->chunk->next;
}

static uintptr_t next_grave(struct ter_foreign_digging *digging)
{
    const struct ter_foreign_chunk *chunk = digging->chunk;

    while (chunk->dead[digging->group] == 0) {
        digging->group = group_from(chunk, digging->group + 1);
        TER_CHECK(digging->group < TER_FOREIGN_GROUPS);
    }
    return chunk->start + ((uintptr_t)digging->group << TER_LOG_BYTES_IN_BIT_WORD) +
           ((uintptr_t)ter_count_trailing_zeros(chunk->dead[digging->group])
            << TER_LOG_BYTES_IN_GRANULE);
}

bool ter_foreign_dig_up(const struct ter_foreign *foreign, struct ter_foreign_set *set,
                        struct ter_foreign_digging *digging, struct ter_foreign_grave *grave)
{
    struct ter_foreign_chunk *chunk;
    uintptr_t object;

    if (set->buried == 0)
        return false;
    go_to_graves(set, digging);
    chunk = digging->chunk;
    object = next_grave(digging);
    *grave = (struct ter_foreign_grave){.object = object,
                                        .bytes = ter_foreign_bytes(foreign, object),
                                        .kind = ter_foreign_kind(foreign, object),
                                        .margin = ter_foreign_margin(foreign, object)};
    chunk->buried--;
    set->buried--;
    store_bits(&chunk->dead[digging->group], chunk->dead[digging->group] & ~ter_bits_mask(object));
    clear_end(foreign, object, grave->bytes);
    forget_group_if_empty(chunk, digging->group);
    return true;
}

/* ---- Marks ---- */

void ter_foreign_clear_marks(const struct ter_foreign_set *set)
{
    for (struct ter_foreign_chunk *chunk = set->first; chunk != NULL; chunk = chunk->next)
        for (size_t group = group_from(chunk, 0); group < TER_FOREIGN_GROUPS;
             group = group_from(chunk, group + 1))
            __atomic_store_n(&chunk->marks[group], 0, __ATOMIC_RELAXED);
}

/* ---- Questions ---- */

enum below { BELOW_NOTHING, BELOW_START, BELOW_END };

/*
 * What comes first going down in the chunk: a start in the group's bits up to `starts`, or an end
 * in those below it; then in the groups below.
 */
static enum below look_down(const struct ter_foreign_chunk *chunk, size_t group, uint64_t starts,
                            uint64_t ends, uintptr_t *offset)
{
    for (;;) {
        uint64_t highest = starts == 0 ? 0 : UINT64_C(1) << ter_log2(starts);

        if (ends < highest) {
            *offset = ((uintptr_t)group << TER_LOG_BYTES_IN_BIT_WORD) +
                      ((uintptr_t)ter_log2(starts) << TER_LOG_BYTES_IN_GRANULE);
            return BELOW_START;
        }
        /* An end at the last start, or above it: that object does not reach the word. */
        if (ends != 0)
            return BELOW_END;
        group = group_before(chunk, group);
        if (group == SIZE_MAX)
            return BELOW_NOTHING;
        starts = load_bits(&chunk->starts[group]);
        ends = load_bits(&chunk->ends[group]);
    }
}

/* Did the record describe the chunk of `word`, of that space, from `generation` till now? */
static bool still_serves(const struct ter_foreign_chunk *chunk, uintptr_t generation,
                         const struct ter_foreign_set *set, uintptr_t word)
{
    return __atomic_load_n(&chunk->start, __ATOMIC_ACQUIRE) ==
               ter_align_down(word, TER_BYTES_IN_CHUNK) &&
           __atomic_load_n(&chunk->set, __ATOMIC_ACQUIRE) == set && generation % 2 == 1 &&
           __atomic_load_n(&chunk->generation, __ATOMIC_RELAXED) == generation;
}

uintptr_t ter_foreign_find(const struct ter_foreign *foreign, const struct ter_foreign_set *set,
                           uintptr_t word)
{
    const struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, word);
    size_t group = ter_foreign_group_of(word);
    uint64_t bit = ter_bits_mask(word);
    uint64_t up_to = bit | (bit - 1), below = bit - 1;

    while (chunk != NULL) {
        uintptr_t generation = __atomic_load_n(&chunk->generation, __ATOMIC_ACQUIRE);
        uintptr_t start = ter_align_down(word, TER_BYTES_IN_CHUNK);
        uint64_t starts = 0, ends = 0;
        uintptr_t offset = 0;
        enum below found;

        if (group < TER_FOREIGN_GROUPS) {
            starts = load_bits(&chunk->starts[group]) & up_to;
            ends = load_bits(&chunk->ends[group]) & below;
        }
        found = look_down(chunk, group, starts, ends, &offset);
        if (!still_serves(chunk, generation, set, word))
            return 0;
        if (found != BELOW_NOTHING)
            return found == BELOW_START ? start + offset : 0;
        if (start == 0)
            return 0;
        /* The chunk below may hold the beginning of an object that goes on here. */
        word = start - 1;
        group = TER_FOREIGN_GROUPS;
        chunk = ter_foreign_chunk_of(foreign, word);
    }
    return 0;
}

uintptr_t ter_foreign_next(const struct ter_foreign_chunk *chunk, uintptr_t from)
{
    size_t group = ter_foreign_group_of(from);

    if (from - chunk->start >= TER_BYTES_IN_CHUNK)
        return 0;
    for (group = group_from(chunk, group); group < TER_FOREIGN_GROUPS;
         group = group_from(chunk, group + 1)) {
        uintptr_t start = chunk->start + ((uintptr_t)group << TER_LOG_BYTES_IN_BIT_WORD);
        uint64_t bits = load_bits(&chunk->starts[group]);

        if (start < from)
            bits &= ~(ter_bits_mask(from) - 1);
        if (bits != 0)
            return start + ((uintptr_t)ter_count_trailing_zeros(bits) << TER_LOG_BYTES_IN_GRANULE);
    }
    return 0;
}

size_t ter_foreign_bytes(const struct ter_foreign *foreign, uintptr_t object)
{
    const struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, object);
    size_t group = ter_foreign_group_of(object);
    uint64_t ends = load_bits(&chunk->ends[group]) & ~(ter_bits_mask(object) - 1);

    /* Between an object's first group and its last there is nothing. */
    if (ends == 0)
        group = group_from(chunk, group + 1);
    while (group == TER_FOREIGN_GROUPS) {
        chunk = ter_foreign_chunk_of(foreign, chunk->start + TER_BYTES_IN_CHUNK);
        TER_CHECK(chunk != NULL);
        group = group_from(chunk, 0);
    }
    if (ends == 0)
        ends = load_bits(&chunk->ends[group]);
    TER_CHECK(ends != 0);
    return chunk->start + ((uintptr_t)group << TER_LOG_BYTES_IN_BIT_WORD) +
           ((uintptr_t)(ter_count_trailing_zeros(ends) + 1) << TER_LOG_BYTES_IN_GRANULE) - object;
}

/* ---- All of them ---- */

/* An object's bytes; most end in the group they begin in. */
static size_t bytes_in_group(const struct ter_foreign *foreign, uintptr_t object, uint64_t mask,
                             uint64_t ends)
{
    ends &= ~(mask - 1);
    if (TER_UNLIKELY(ends == 0))
        return ter_foreign_bytes(foreign, object);
    return (size_t)(ter_count_trailing_zeros(ends) - ter_count_trailing_zeros(mask) + 1)
           << TER_LOG_BYTES_IN_GRANULE;
}

static void show_foreign_group(const struct ter_foreign *foreign,
                               const struct ter_foreign_chunk *chunk, size_t group,
                               ter_foreign_visitor *visit, void *context)
{
    uintptr_t base = chunk->start + ((uintptr_t)group << TER_LOG_BYTES_IN_BIT_WORD);
    uint64_t starts = load_bits(&chunk->starts[group]), marks = chunk->marks[group], mask;

    for (; starts != 0; starts &= starts - 1) {
        struct ter_foreign_found found = {
            .object =
                base + ((uintptr_t)ter_count_trailing_zeros(starts) << TER_LOG_BYTES_IN_GRANULE)};

        mask = starts & -starts;
        found.bytes = bytes_in_group(foreign, found.object, mask, load_bits(&chunk->ends[group]));
        found.kind = chunk->kinds[granule_in_chunk(found.object)];
        found.is_marked = (marks & mask) != 0;
        visit(context, &found);
    }
}

void ter_foreign_for_each(const struct ter_foreign *foreign, const struct ter_foreign_set *set,
                          ter_foreign_visitor *visit, void *context)
{
    for (const struct ter_foreign_chunk *chunk = set->first; chunk != NULL; chunk = chunk->next)
        for (size_t group = group_from(chunk, 0); group < TER_FOREIGN_GROUPS;
             group = group_from(chunk, group + 1))
            show_foreign_group(foreign, chunk, group, visit, context);
}

/* ---- One of them ---- */

unsigned ter_foreign_kind(const struct ter_foreign *foreign, uintptr_t object)
{
    const struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, object);

    return __atomic_load_n(&chunk->kinds[granule_in_chunk(object)], __ATOMIC_RELAXED);
}

struct ter_foreign_margin ter_foreign_margin(const struct ter_foreign *foreign, uintptr_t object)
{
    const struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, object);
    unsigned margins = __atomic_load_n(&chunk->margins[granule_in_chunk(object)], __ATOMIC_RELAXED);

    return (struct ter_foreign_margin){.lead = (margins >> LEAD_SHIFT) * LEAD_UNIT,
                                       .slack = margins % TER_BYTES_IN_GRANULE};
}
