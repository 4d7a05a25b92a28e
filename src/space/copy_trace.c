/* SPDX-License-Identifier: MIT */
/* Objects that move: what the loop calls seldom. */
#include "space/space.h"

/* ---- Where copies go ---- */

static bool is_at_end_of_block(const struct ter_copier *copier)
{
    return copier->limit == ter_copy_limit_of_block(copier->cursor);
}

/* What was copied there since the last time. */
static void count_promoted(struct ter_copy_space *space, struct ter_copier *copier)
{
    const struct ter_arena *arena = space->space.arena;
    size_t bytes = copier->cursor - copier->start;

    if (bytes == 0)
        return;
    ter_live_count(&space->promoted, (enum ter_scan)ter_copy_block_of(arena, copier->start)->scan,
                   ter_bits_count(ter_space_table(&space->space, TER_SIDE_VALID_OBJECT),
                                  copier->start, copier->cursor),
                   bytes);
    ter_copy_figures_of(arena, copier->start)->live +=
        (uint16_t)(bytes >> TER_LOG_BYTES_IN_GRANULE);
    copier->start = copier->cursor;
}

void ter_copy_close(struct ter_copy_space *space, struct ter_copier *copier)
{
    uintptr_t block = ter_copy_start_of_block(copier->cursor);
    const struct ter_arena *arena = space->space.arena;

    if (copier->limit == 0)
        return;
    count_promoted(space, copier);
    if (copier->cursor == copier->limit && !is_at_end_of_block(copier))
        return; /* the hole is full: an object follows */
    if (is_at_end_of_block(copier))
        ter_copy_block_of(arena, block)->used =
            (uint16_t)((copier->cursor - block) >> TER_LOG_BYTES_IN_GRANULE);
    ter_asan_access(copier->cursor, TER_BYTES_IN_GRANULE);
    *(uintptr_t *)copier->cursor = TER_COPY_NONE;
    ter_asan_no_access(copier->cursor,
                       ter_max(copier->limit - copier->cursor, TER_BYTES_IN_GRANULE));
}

static bool take_for_copies(struct ter_copy_space *space, unsigned kind, uintptr_t *block)
{
    if (space->blocks_to_take == 0 || ter_copy_take_block(space, kind, block) != TER_OK)
        return false;
    space->blocks_to_take--;
    return true;
}

static void open_at(struct ter_copy_space *space, struct ter_copier *copier, uintptr_t start,
                    uintptr_t end)
{
    ter_asan_access(start, end - start);
    *copier = (struct ter_copier){start, end, start};
    if (space->ages)
        ter_space_make_old(&space->space, start, end);
}

/* The next hole of the block from `from` on that has room for so much; false: there is none. */
static bool open_hole_from(struct ter_copy_space *space, struct ter_copier *copier, uintptr_t from,
                           size_t bytes)
{
    uintptr_t end, start = ter_copy_find_hole(&space->space, from, bytes, &end);

    if (start == 0)
        return false;
    open_at(space, copier, start, end);
    return true;
}

/* Holes of old blocks, where the collection marks nothing in place. */
static bool open_hole(struct ter_copy_space *space, struct ter_copier *copier, unsigned kind,
                      size_t bytes)
{
    uintptr_t block;

    if (!space->minor)
        return false;
    if (copier->limit != 0 && !is_at_end_of_block(copier) &&
        open_hole_from(space, copier, copier->limit, bytes))
        return true;
    while ((block = ter_block_list_pop(&space->blocks, &space->copiers->kept[kind])) != 0)
        if (open_hole_from(space, copier, block, bytes))
            return true;
    return false;
}

static bool open_fresh(struct ter_copy_space *space, struct ter_copier *copier, unsigned kind)
{
    uintptr_t block;

    if (!take_for_copies(space, kind, &block))
        return false;
    ter_copy_block_of(space->space.arena, block)->zeroed = false;
    ter_copy_figures_of(space->space.arena, block)->is_old = space->ages;
    open_at(space, copier, block, ter_copy_limit_of_block(block));
    return true;
}

TER_NOINLINE bool ter_copy_open_block(const struct ter_scanning *scanning,
                                      struct ter_copier *copier, unsigned kind, size_t bytes)
{
    struct ter_copiers *copiers = scanning->tracer->context;
    struct ter_copy_space *space = copiers->space;
    struct ter_copier next = *copier;
    bool opened;

    ter_mutex_acquire(&copiers->taking);
    opened = open_hole(space, &next, kind, bytes) || open_fresh(space, &next, kind);
    if (opened)
        ter_copy_close(space, copier);
    ter_mutex_release(&copiers->taking);
    if (opened)
        *copier = next;
    return opened;
}

/* ---- What stays ---- */

static struct ter_copy_block *copy_block_at(const struct ter_scanning *scanning, uintptr_t object)
{
    return ter_copy_block_of(scanning->arena, object);
}

static const struct ter_side_table *stay_bits(const struct ter_scanning *scanning)
{
    return &scanning->arena->side.tables[TER_SIDE_STAY];
}

static const struct ter_side_table *valid_bits(const struct ter_scanning *scanning)
{
    return &scanning->arena->side.tables[TER_SIDE_VALID_OBJECT];
}

static void scan_in_place(struct ter_scanning *scanning, uintptr_t object, size_t bytes)
{
    const struct ter_copy_block *block = copy_block_at(scanning, object);

    if (block->scan != TER_SCAN_NONE)
        ter_scanning_enqueue(scanning, object, bytes, block->kind);
}

TER_NOINLINE bool ter_copy_trace_staying(struct ter_scanning *scanning, uintptr_t object,
                                         enum ter_marking marking)
{
    if (!ter_bits_test(stay_bits(scanning), object))
        return false;
    if (ter_scanning_mark(scanning, object, marking))
        scan_in_place(scanning, object, ter_copy_piece_bytes(scanning->arena, object));
    return true;
}

static void give_up_alone(struct ter_scanning *scanning, uintptr_t object, size_t bytes)
{
    ter_copy_stay(ter_space_of(ter_sft_map_get(&scanning->map, object)), object);
    if (ter_scanning_mark(scanning, object, TER_MARKING_ALONE))
        scan_in_place(scanning, object, bytes);
}

static void stay_beside_others(const struct ter_scanning *scanning, uintptr_t object)
{
    __atomic_store_n(&copy_block_at(scanning, object)->stays, true, __ATOMIC_RELAXED);
    ter_bits_set_shared(stay_bits(scanning), object);
}

/* Behind what else is to be known of it: whoever claims it after that finds that it stays. */
static void take_back_claim(const struct ter_scanning *scanning, uintptr_t object)
{
    ter_bits_set_shared(valid_bits(scanning), object);
}

TER_NOINLINE uintptr_t ter_copy_give_up(struct ter_scanning *scanning, uintptr_t object,
                                        size_t bytes, enum ter_marking marking)
{
    struct ter_copy_tracing tracing;

    if (marking == TER_MARKING_ALONE) {
        give_up_alone(scanning, object, bytes);
        return object;
    }
    ter_copy_tracing_begin(&tracing, scanning->tracer);
    if (!ter_copy_claim(&tracing, object, marking))
        return ter_copy_await(scanning, &tracing, object);
    if (!ter_copy_is_given_up(scanning, object)) {
        stay_beside_others(scanning, object);
        take_back_claim(scanning, object);
    }
    if (ter_scanning_mark(scanning, object, marking))
        scan_in_place(scanning, object, bytes);
    return object;
}

TER_NOINLINE void ter_copy_trace_ambiguous(struct ter_scanning *scanning,
                                           const struct ter_copy_tracing *tracing, uintptr_t word,
                                           enum ter_word_form form, enum ter_marking marking)
{
    const struct ter_space *space = ter_space_of(ter_sft_map_get(&scanning->map, word));
    uintptr_t object = ter_copy_piece_of(space, word), first;

    if (!ter_scanning_refers(scanning, word - object, form) ||
        !ter_copy_is_here(tracing, object, marking) ||
        ter_copy_trace_staying(scanning, object, marking))
        return;
    first = ter_copy_first_word(object);
    if (marking != TER_MARKING_ALONE && ter_copy_is_odd(scanning, tracing, first))
        ter_copy_trace_odd(scanning, object, first);
    else
        ter_copy_give_up(scanning, object, ter_copy_piece_bytes(scanning->arena, object), marking);
}

TER_NOINLINE void ter_copy_mark_ambiguous(struct ter_scanning *scanning,
                                          const struct ter_copy_tracing *tracing, uintptr_t word,
                                          enum ter_word_form form, enum ter_marking marking)
{
    const struct ter_space *space = ter_space_of(ter_sft_map_get(&scanning->map, word));
    uintptr_t object = ter_copy_piece_of(space, word);

    if (ter_scanning_refers(scanning, word - object, form))
        ter_copy_mark(scanning, tracing, ter_copy_block_at(tracing, object), object, marking);
}

/* ---- Several workers ---- */

/*
 * The map knows the space of a word, not whether that has memory there. Where it has none it may
 * come to have some meanwhile, and so may it where nobody has any.
 */
TER_NOINLINE bool ter_copy_is_place_by_map(const struct ter_scanning *scanning, uintptr_t word)
{
    const struct ter_sft *sft = ter_sft_map_get(&scanning->map, word);

    if (sft->kind != TER_SPACE_COPY)
        return ter_sft_is_empty(sft);
    return !ter_range_covers(&ter_space_of(sft)->range, word) ||
           copy_block_at(scanning, word)->fate == TER_COPY_REACHED;
}

/* The word was read before the bit, and who moves the object clears the bit before he writes. */
TER_NOINLINE uintptr_t ter_copy_trace_odd(struct ter_scanning *scanning, uintptr_t object,
                                          uintptr_t first)
{
    if (!ter_bits_test(valid_bits(scanning), object))
        return first;
    if (ter_scanning_mark(scanning, object, TER_MARKING_OF_MANY)) {
        stay_beside_others(scanning, object);
        scan_in_place(scanning, object, ter_copy_piece_bytes(scanning->arena, object));
    }
    return object;
}

TER_NOINLINE bool ter_copy_is_given_up(const struct ter_scanning *scanning, uintptr_t object)
{
    if (!ter_bits_test(stay_bits(scanning), object))
        return false;
    take_back_claim(scanning, object);
    return true;
}

#define TRIES 64u /* before the other's thread is given the processor, should it have none */

TER_NOINLINE uintptr_t ter_copy_await(const struct ter_scanning *scanning,
                                      const struct ter_copy_tracing *tracing, uintptr_t object)
{
    for (unsigned tries = 1;; tries++) {
        uintptr_t first = ter_copy_first_word(object);

        if (ter_copy_is_place(scanning, tracing, first))
            return first;
        if (first == TER_COPY_NONE || ter_copy_is_here(tracing, object, TER_MARKING_OF_MANY))
            return object;
        if (tries % TRIES == 0)
            ter_os_yield();
    }
}
