/* SPDX-License-Identifier: MIT */
/* Objects that move: what the loop calls seldom. */
#include "space/space.h"

/* ---- Where copies go ---- */

void ter_copy_close(const struct ter_copy_space *space, const struct ter_copier *copier)
{
    uintptr_t block = ter_copy_start_of_block(copier->cursor);

    if (copier->limit == 0)
        return;
    ter_copy_block_of(space->space.arena, block)->used =
        (uint16_t)((copier->cursor - block) >> TER_LOG_BYTES_IN_GRANULE);
    *(uintptr_t *)copier->cursor = 0;
}

static bool take_for_copies(struct ter_copy_space *space, unsigned kind, uintptr_t *block)
{
    if (space->blocks_to_take == 0 || ter_copy_take_block(space, kind, block) != TER_OK)
        return false;
    space->blocks_to_take--;
    return true;
}

TER_NOINLINE bool ter_copy_open_block(const struct ter_scanning *scanning,
                                      struct ter_copier *copier, unsigned kind)
{
    struct ter_copiers *copiers = scanning->tracer->context;
    struct ter_copy_space *space = copiers->space;
    uintptr_t block;
    bool taken;

    ter_mutex_acquire(&copiers->taking);
    taken = take_for_copies(space, kind, &block);
    ter_mutex_release(&copiers->taking);
    if (!taken)
        return false;
    ter_copy_close(space, copier);
    ter_copy_block_of(space->space.arena, block)->zeroed = false;
    *copier = (struct ter_copier){block, ter_copy_limit_of_block(block)};
    return true;
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

TER_NOINLINE void ter_copy_trace_ambiguous(struct ter_scanning *scanning, uintptr_t word,
                                           enum ter_word_form form, enum ter_marking marking)
{
    const struct ter_space *space = ter_space_of(ter_sft_map_get(&scanning->map, word));
    uintptr_t object = ter_copy_piece_of(space, word);

    if (!ter_scanning_refers(scanning, word - object, form) ||
        !ter_bits_test(valid_bits(scanning), object) ||
        ter_copy_trace_staying(scanning, object, marking))
        return;
    ter_copy_give_up(scanning, object, ter_copy_piece_bytes(scanning->arena, object), marking);
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

static void stay_beside_others(const struct ter_scanning *scanning, uintptr_t object)
{
    __atomic_store_n(&copy_block_at(scanning, object)->stays, true, __ATOMIC_RELAXED);
    ter_bits_set_shared(stay_bits(scanning), object);
}

TER_NOINLINE uintptr_t ter_copy_give_up(struct ter_scanning *scanning, uintptr_t object,
                                        size_t bytes, enum ter_marking marking)
{
    bool is_new = ter_scanning_mark(scanning, object, marking);

    if (marking == TER_MARKING_ALONE)
        ter_copy_stay(ter_space_of(ter_sft_map_get(&scanning->map, object)), object);
    else if (is_new)
        stay_beside_others(scanning, object);
    else
        return ter_copy_await(scanning, object);
    if (is_new)
        scan_in_place(scanning, object, bytes);
    return object;
}

/* ---- What another worker moves ---- */

#define TRIES 64u /* before its thread is given the processor, if it has none */

TER_NOINLINE uintptr_t ter_copy_await(const struct ter_scanning *scanning, uintptr_t object)
{
    for (unsigned tries = 1; ter_bits_test(valid_bits(scanning), object); tries++) {
        if (ter_bits_test(stay_bits(scanning), object))
            return object;
        if (tries % TRIES == 0)
            ter_os_yield();
    }
    return *(const uintptr_t *)object;
}
