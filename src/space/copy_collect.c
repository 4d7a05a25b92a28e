/* SPDX-License-Identifier: MIT */
/*
 * Objects that move: the collector's part. How a word is traced is in copy_trace.h.
 *
 * Before anything is reached, all blocks are `from`. Afterwards a block of them with objects that
 * stayed is kept, for mutators to allocate between those; the others are freed whole.
 */
#include "space/space.h"

#include <string.h>

#define COPY_BITS_WORDS (TER_BYTES_IN_BLOCK >> TER_LOG_BYTES_IN_BIT_WORD)
#define COPY_BITS_BYTES (COPY_BITS_WORDS * sizeof(uint64_t))
/* At least so many of 256 bytes that were allocated since the last collection may survive. */
#define LEAST_SURVIVING 64u
/* Blocks with less room are not worth the search for it. */
#define MOST_IN_REUSED (TER_BYTES_IN_BLOCK - TER_BYTES_IN_BLOCK / 8)

static uint64_t *copy_words(const struct ter_space *space, enum ter_side_id id, uintptr_t block)
{
    return ter_bits_word(ter_space_table(space, id), block);
}

typedef void copy_block_step(struct ter_copy_space *space, uintptr_t block, void *context);

/* From the top down: blocks that become free are taken from the bottom up. */
static void for_each_copy_block(struct ter_copy_space *space, copy_block_step *step, void *context)
{
    uintptr_t start, end = UINTPTR_MAX;

    while ((end = ter_blocks_previous(&space->blocks, end, &start)) != 0)
        while (end > start) {
            end -= TER_BYTES_IN_BLOCK;
            if (ter_copy_block_of(space->space.arena, end)->state != TER_COPY_FREE)
                step(space, end, context);
        }
}

/* ---- Before ---- */

static void leave_block(struct ter_copy_space *space, uintptr_t block, void *context)
{
    struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);

    (void)context;
    ter_asan_access(block, TER_BYTES_IN_BLOCK);
    if (record->stays)
        memcpy(copy_words(&space->space, TER_SIDE_STAY, block),
               copy_words(&space->space, TER_SIDE_PIN, block), COPY_BITS_BYTES);
    record->from = true;
    record->state = TER_COPY_CLOSED;
    *(uintptr_t *)(block + ((uintptr_t)record->used << TER_LOG_BYTES_IN_GRANULE)) = TER_COPY_NONE;
}

void ter_copy_prepare(struct ter_space *common)
{
    struct ter_copy_space *space = ter_copy_space_of(common);

    memset(space->copiers->of, 0, sizeof space->copiers->of);
    memset(space->copiers->kept, 0, sizeof space->copiers->kept);
    space->blocks_to_take = SIZE_MAX;
    for_each_copy_block(space, leave_block, NULL);
}

void ter_copy_begin(struct ter_copy_space *space, size_t bytes)
{
    space->blocks_to_take = bytes >> TER_LOG_BYTES_IN_BLOCK;
}

/* ---- After ---- */

struct copy_release {
    struct ter_live *live;
    size_t bytes; /* of objects that are left */
};

static void count_copies(struct ter_copy_space *space, uintptr_t block, struct copy_release *after)
{
    const struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);
    const uint64_t *valid = copy_words(&space->space, TER_SIDE_VALID_OBJECT, block);
    size_t bytes = (size_t)record->used << TER_LOG_BYTES_IN_GRANULE, objects = 0;

    for (size_t i = 0; i < COPY_BITS_WORDS; i++)
        objects += ter_count_ones(valid[i]);
    ter_live_count(after->live, (enum ter_scan)record->scan, objects, bytes);
    after->bytes += bytes;
}

static void free_copy_block(struct ter_copy_space *space, uintptr_t block)
{
    struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);
    static const enum ter_side_id seldom[] = {TER_SIDE_PIN, TER_SIDE_STAY, TER_SIDE_MARK};

    record->from = false;
    record->owner = NULL;
    record->zeroed = false;
    __atomic_store_n(&record->state, TER_COPY_FREE, __ATOMIC_RELAXED);
    memset(copy_words(&space->space, TER_SIDE_START, block), 0, COPY_BITS_BYTES);
    for (size_t i = 0; record->stays && i < TER_ARRAY_LENGTH(seldom); i++)
        memset(copy_words(&space->space, seldom[i], block), 0, COPY_BITS_BYTES);
    record->stays = false;
    ter_blocks_release(&space->blocks, block);
}

/* What was not reached where it is, moved or not, is no object. True: there are some left. */
static bool sweep_copy_bits(struct ter_copy_space *space, uintptr_t block)
{
    const struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);
    uint64_t *valid = copy_words(&space->space, TER_SIDE_VALID_OBJECT, block), left = 0;
    const uint64_t *marks = copy_words(&space->space, TER_SIDE_MARK, block);

    for (size_t i = 0; i < COPY_BITS_WORDS; i++) {
        uint64_t word = record->stays ? valid[i] & marks[i] : 0;

        /* A signal handler of a blocked thread may be asking. */
        __atomic_store_n(&valid[i], word, __ATOMIC_RELAXED);
        left |= word;
    }
    return left != 0;
}

/* Of pieces without objects side by side becomes one. Returns the bytes of objects. */
static size_t join_pieces(struct ter_copy_space *space, uintptr_t block, size_t *objects)
{
    const struct ter_side_table *starts = ter_space_table(&space->space, TER_SIDE_START);
    const struct ter_side_table *valid = ter_space_table(&space->space, TER_SIDE_VALID_OBJECT);
    struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);
    uintptr_t end = block + TER_BYTES_IN_BLOCK, piece = block, empty = 0, next;
    size_t bytes = 0;

    for (; piece < end; piece = next) {
        next = ter_bits_find_set(starts, piece + TER_BYTES_IN_GRANULE, end);
        if (ter_bits_test(valid, piece)) {
            bytes += next - piece;
            ++*objects;
            empty = 0;
        } else if (empty != 0) {
            ter_bits_clear_shared(starts, piece);
        } else {
            empty = piece;
            *(uintptr_t *)piece = TER_COPY_NONE;
        }
    }
    record->used = (uint16_t)((empty - block) >> TER_LOG_BYTES_IN_GRANULE);
    return bytes;
}

/* A pin lasts as long as the object. */
static bool keep_pins(struct ter_copy_space *space, uintptr_t block)
{
    uint64_t *pins = copy_words(&space->space, TER_SIDE_PIN, block), any = 0;
    const uint64_t *valid = copy_words(&space->space, TER_SIDE_VALID_OBJECT, block);

    for (size_t i = 0; i < COPY_BITS_WORDS; i++)
        any |= pins[i] &= valid[i];
    memset(copy_words(&space->space, TER_SIDE_STAY, block), 0, COPY_BITS_BYTES);
    memset(copy_words(&space->space, TER_SIDE_MARK, block), 0, COPY_BITS_BYTES);
    return any != 0;
}

/* Pieces without objects. */
static void take_copy_access(const struct ter_copy_space *space, uintptr_t block)
{
    const struct ter_side_table *valid = ter_space_table(&space->space, TER_SIDE_VALID_OBJECT);
    uintptr_t end = block + TER_BYTES_IN_BLOCK, piece = block;

    for (size_t bytes; piece < end; piece += bytes) {
        bytes = ter_copy_piece_bytes(space->space.arena, piece);
        if (!ter_bits_test(valid, piece))
            ter_asan_no_access(piece, bytes);
    }
}

/* A thread that stands still may go on with one. */
static bool holds_run(const struct ter_cell_run *runs, uintptr_t block)
{
    for (unsigned i = 0; runs != NULL && i < TER_SIZE_CLASSES; i++)
        if (runs[i].cursor < runs[i].limit && ter_copy_start_of_block(runs[i].cursor) == block)
            return true;
    return false;
}

static void keep_block(struct ter_copy_space *space, uintptr_t block, struct copy_release *after)
{
    struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);
    size_t objects = 0, bytes = join_pieces(space, block, &objects);

    ter_live_count(after->live, (enum ter_scan)record->scan, objects, bytes);
    after->bytes += bytes;
    if (TER_HAS_ASAN)
        take_copy_access(space, block);
    record->stays = keep_pins(space, block);
    record->zeroed = false;
    record->from = false;
    if (bytes <= MOST_IN_REUSED && !holds_run(record->owner, block)) {
        record->owner = NULL;
        ter_block_list_push(&space->blocks, &space->copiers->kept[record->kind], block);
    }
}

static void release_block(struct ter_copy_space *space, uintptr_t block, void *context)
{
    if (!ter_copy_block_of(space->space.arena, block)->from)
        count_copies(space, block, context);
    else if (sweep_copy_bits(space, block))
        keep_block(space, block, context);
    else
        free_copy_block(space, block);
}

/* How much of what was allocated since the last collection is left. */
static void learn_survival(struct ter_copy_space *space, size_t blocks_before, size_t bytes)
{
    size_t blocks = blocks_before - ter_min(blocks_before, space->blocks_after);
    size_t fresh = (blocks << TER_LOG_BYTES_IN_BLOCK) + space->reused_bytes;
    size_t more = bytes > space->bytes_after ? bytes - space->bytes_after : 0;

    if (fresh != 0)
        space->survived = (unsigned)ter_min(more / ter_max(fresh / 256, 1), 256);
    space->bytes_after = bytes;
    space->reused_bytes = 0;
    space->blocks_after = space->blocks.in_use;
}

static void close_copier(struct ter_copy_space *space, const struct ter_copier *copier,
                         unsigned kind)
{
    (void)kind;
    ter_copy_close(space, copier);
}

/* What is left of the blocks that copies went to is for mutators. */
static void keep_rest(struct ter_copy_space *space, const struct ter_copier *copier, unsigned kind)
{
    uintptr_t block = ter_copy_start_of_block(copier->cursor);

    if (copier->limit != 0 && copier->cursor - block <= MOST_IN_REUSED)
        ter_block_list_push(&space->blocks, &space->copiers->kept[kind], block);
}

static void for_each_copier(struct ter_copy_space *space,
                            void (*step)(struct ter_copy_space *space,
                                         const struct ter_copier *copier, unsigned kind))
{
    for (unsigned worker = 0; worker <= TER_MAX_HELPERS; worker++)
        for (unsigned kind = 0; kind < TER_MAX_KINDS; kind++)
            step(space, &space->copiers->of[worker][kind], kind);
}

struct copy_count {
    size_t from;
};

static void count_left(struct ter_copy_space *space, uintptr_t block, void *context)
{
    struct copy_count *count = context;

    count->from += ter_copy_block_of(space->space.arena, block)->from;
}

void ter_copy_release(struct ter_space *common, struct ter_live *live)
{
    struct ter_copy_space *space = ter_copy_space_of(common);
    struct copy_release after = {live, 0};
    struct copy_count before = {0};

    for_each_copier(space, close_copier);
    for_each_copy_block(space, count_left, &before);
    for_each_copy_block(space, release_block, &after);
    for_each_copier(space, keep_rest);
    learn_survival(space, before.from, after.bytes);
}

/*
 * What copies are likely to take: as much as was left the last time, and of what came since as much
 * as then. What does not find room stays where it is.
 */
size_t ter_copy_reserve(const struct ter_space *common)
{
    const struct ter_copy_space *space = ter_copy_space_of(common);
    size_t in_use = space->blocks.in_use;
    size_t blocks = in_use - ter_min(in_use, space->blocks_after);
    uint64_t fresh = ((uint64_t)blocks << TER_LOG_BYTES_IN_BLOCK) + space->reused_bytes;
    size_t survived = ter_max(space->survived + space->survived / 4, LEAST_SURVIVING);
    size_t likely = space->bytes_after + space->bytes_after / 16 +
                    (size_t)(fresh * ter_min(survived, 256) / 256);

    return ter_min(likely, in_use << TER_LOG_BYTES_IN_BLOCK);
}

/* ---- Giving memory back ---- */

static bool is_free_copy_block(const struct ter_blocks *blocks, uintptr_t block)
{
    return ter_copy_block_of(blocks->arena, block)->state == TER_COPY_FREE;
}

static bool is_clean_copy_block(const struct ter_blocks *blocks, uintptr_t block)
{
    return ter_copy_block_of(blocks->arena, block)->zeroed;
}

static void set_clean_copy_block(struct ter_blocks *blocks, uintptr_t block, bool is_clean)
{
    ter_copy_block_of(blocks->arena, block)->zeroed = is_clean;
}

size_t ter_copy_trim(struct ter_space *space, size_t bytes)
{
    static const struct ter_blocks_view view = {is_free_copy_block, is_clean_copy_block,
                                                set_clean_copy_block};

    return ter_blocks_trim(&ter_copy_space_of(space)->blocks, &view, bytes);
}
