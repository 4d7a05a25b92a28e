/* SPDX-License-Identifier: MIT */
/*
 * Objects that move: the collector's part. How a word is traced is in copy_trace.h.
 *
 * Before anything is reached, each block gets its fate. Afterwards one with objects that are still
 * there is kept, for mutators to allocate between those; the others are freed whole.
 */
#include "space/space.h"

#include <string.h>

#define COPY_BITS_WORDS (TER_BYTES_IN_BLOCK >> TER_LOG_BYTES_IN_BIT_WORD)
#define COPY_BITS_BYTES (COPY_BITS_WORDS * sizeof(uint64_t))
/* At least so many of 256 bytes that were allocated since the last collection may survive. */
#define LEAST_SURVIVING 64u
/* Of a block, that must be free for mutators to look for it. */
#define LEAST_PART 8u
#define LEAST_PART_IN_PLACE 32u

static uint64_t *copy_words(const struct ter_space *space, enum ter_side_id id, uintptr_t block)
{
    return ter_bits_word(ter_space_table(space, id), block);
}

/* ---- Before ---- */

/* Who looks for where an object moved must not take what lies there for a new place. */
static void clear_first_words(const struct ter_copy_space *space, uintptr_t block)
{
    const uint64_t *starts = copy_words(&space->space, TER_SIDE_START, block);
    const uint64_t *valid = copy_words(&space->space, TER_SIDE_VALID_OBJECT, block);

    for (size_t i = 0; i < COPY_BITS_WORDS; i++)
        for (uint64_t empty = starts[i] & ~valid[i]; empty != 0; empty &= empty - 1) {
            size_t granule = (i << TER_LOG_GRANULES_IN_BIT_WORD) + ter_count_trailing_zeros(empty);

            *(uintptr_t *)(block + (granule << TER_LOG_BYTES_IN_GRANULE)) = TER_COPY_NONE;
        }
}

static void leave_block(struct ter_copy_space *space, uintptr_t block)
{
    struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);

    if (record->stays)
        memcpy(copy_words(&space->space, TER_SIDE_STAY, block),
               copy_words(&space->space, TER_SIDE_PIN, block), COPY_BITS_BYTES);
    if (ter_copy_figures_of(space->space.arena, block)->has_words)
        clear_first_words(space, block);
    *(uintptr_t *)(block + ((uintptr_t)record->used << TER_LOG_BYTES_IN_GRANULE)) = TER_COPY_NONE;
}

static void prepare_block(struct ter_copy_space *space, uintptr_t block, void *context)
{
    struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);
    bool leaves = ter_copy_is_chosen(space, block);

    (void)context;
    ter_asan_access(block, TER_BYTES_IN_BLOCK);
    if (leaves)
        leave_block(space, block);
    record->fate = leaves ? TER_COPY_LEFT : TER_COPY_MARKED;
    record->state = TER_COPY_CLOSED;
}

void ter_copy_prepare(struct ter_space *common)
{
    struct ter_copy_space *space = ter_copy_space_of(common);

    memset(space->copiers->of, 0, sizeof space->copiers->of);
    memset(space->copiers->kept, 0, sizeof space->copiers->kept);
    space->blocks_to_take = SIZE_MAX;
    space->promoted = (struct ter_live){0};
    space->minor = false;
    space->young = (struct ter_block_list){0};
    ter_copy_for_each_block(space, prepare_block, NULL);
}

/* A step may put the block into another list. */
static void for_each_young_block(struct ter_copy_space *space, ter_copy_block_step *step,
                                 void *context)
{
    uintptr_t block = ter_block_list_first(&space->blocks, &space->young), next;

    for (; block != 0; block = next) {
        next = ter_block_list_next(&space->blocks, block);
        step(space, block, context);
    }
}

static void leave_young_block(struct ter_copy_space *space, uintptr_t block, void *context)
{
    struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);

    (void)context;
    ter_asan_access(block, TER_BYTES_IN_BLOCK);
    leave_block(space, block);
    record->fate = TER_COPY_LEFT;
    record->state = TER_COPY_CLOSED;
}

void ter_copy_prepare_young(struct ter_space *common)
{
    struct ter_copy_space *space = ter_copy_space_of(common);

    memset(space->copiers->of, 0, sizeof space->copiers->of);
    space->promoted = (struct ter_live){0};
    space->minor = true;
    for_each_young_block(space, leave_young_block, NULL);
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

/* Of a block with `granules` of objects, which are those that are valid. */
static void count_block(struct ter_copy_space *space, uintptr_t block, size_t granules,
                        struct copy_release *after)
{
    const struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);
    const uint64_t *valid = copy_words(&space->space, TER_SIDE_VALID_OBJECT, block);
    size_t bytes = granules << TER_LOG_BYTES_IN_GRANULE, objects = 0;

    for (size_t i = 0; i < COPY_BITS_WORDS; i++)
        objects += ter_count_ones(valid[i]);
    ter_live_count(after->live, (enum ter_scan)record->scan, objects, bytes);
    after->bytes += bytes;
    ter_copy_figures_of(space->space.arena, block)->live = (uint16_t)granules;
}

static void free_copy_block(struct ter_copy_space *space, uintptr_t block)
{
    struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);
    static const enum ter_side_id seldom[] = {TER_SIDE_PIN, TER_SIDE_STAY, TER_SIDE_MARK};

    if (ter_copy_figures_of(space->space.arena, block)->is_old)
        ter_space_make_new(&space->space, block, block + TER_BYTES_IN_BLOCK);
    record->fate = TER_COPY_REACHED;
    record->owner = NULL;
    record->zeroed = false;
    __atomic_store_n(&record->state, TER_COPY_FREE, __ATOMIC_RELAXED);
    *ter_copy_figures_of(space->space.arena, block) = (struct ter_copy_figures){0};
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
    bool some_stay = record->fate == TER_COPY_MARKED || record->stays;

    for (size_t i = 0; i < COPY_BITS_WORDS; i++) {
        uint64_t word = some_stay ? valid[i] & marks[i] : 0;

        /* A signal handler of a blocked thread may be asking. */
        __atomic_store_n(&valid[i], word, __ATOMIC_RELAXED);
        left |= word;
    }
    return left != 0;
}

/* Of pieces without objects side by side becomes one. Returns the granules of objects. */
static size_t join_pieces(struct ter_copy_space *space, uintptr_t block)
{
    uint64_t *starts = copy_words(&space->space, TER_SIDE_START, block);
    const uint64_t *valid = copy_words(&space->space, TER_SIDE_VALID_OBJECT, block);
    struct ter_copy_filling filling = {0};
    uint64_t carry = 0;
    size_t granules = 0, last = 0;

    for (size_t i = 0; i < COPY_BITS_WORDS; i++) {
        uint64_t all = ter_copy_fill_granules(&filling, valid[i], starts[i]);
        uint64_t ends = (all << 1 | carry) & ~all;

        carry = all >> 63;
        granules += ter_count_ones(all);
        __atomic_store_n(&starts[i], valid[i] | ends | (i == 0), __ATOMIC_RELAXED);
        if (ends != 0)
            last = (i << TER_LOG_GRANULES_IN_BIT_WORD) + 63 - ter_count_leading_zeros(ends);
    }
    ter_copy_block_of(space->space.arena, block)->used = (uint16_t)last;
    return granules;
}

/* A pin lasts as long as the object. */
static bool keep_pins(struct ter_copy_space *space, uintptr_t block)
{
    uint64_t *pins = copy_words(&space->space, TER_SIDE_PIN, block), any = 0;
    const uint64_t *valid = copy_words(&space->space, TER_SIDE_VALID_OBJECT, block);

    for (size_t i = 0; i < COPY_BITS_WORDS; i++)
        any |= pins[i] &= valid[i];
    memset(copy_words(&space->space, TER_SIDE_STAY, block), 0, COPY_BITS_BYTES);
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

/* Is there room enough in it to be worth the search? */
static bool has_copy_room(const struct ter_copy_space *space, size_t granules)
{
    size_t least = TER_GRANULES_IN_BLOCK / (space->in_place ? LEAST_PART_IN_PLACE : LEAST_PART);

    return granules <= TER_GRANULES_IN_BLOCK - least;
}

static void keep_block(struct ter_copy_space *space, uintptr_t block, struct copy_release *after)
{
    struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);
    struct ter_copy_figures *figures = ter_copy_figures_of(space->space.arena, block);
    size_t granules = join_pieces(space, block);

    count_block(space, block, granules, after);
    if (TER_HAS_ASAN)
        take_copy_access(space, block);
    record->stays = record->stays && keep_pins(space, block);
    memset(copy_words(&space->space, TER_SIDE_MARK, block), 0, COPY_BITS_BYTES);
    figures->has_words = true;
    if (space->ages && (!figures->is_old || figures->is_mixed))
        ter_space_make_old(&space->space, block, block + TER_BYTES_IN_BLOCK);
    figures->is_old = space->ages;
    figures->is_mixed = false;
    record->zeroed = false;
    record->fate = TER_COPY_REACHED;
    if (has_copy_room(space, granules) && !holds_run(record->owner, block)) {
        record->owner = NULL;
        ter_block_list_push(&space->blocks, &space->copiers->kept[record->kind], block);
    }
}

static void release_block(struct ter_copy_space *space, uintptr_t block, void *context)
{
    const struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);

    if (record->fate == TER_COPY_REACHED)
        count_block(space, block, record->used, context);
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

static void close_copier(struct ter_copy_space *space, struct ter_copier *copier, unsigned kind)
{
    (void)kind;
    ter_copy_close(space, copier);
}

/* What is left of the blocks that copies went to is for mutators. */
static void keep_rest(struct ter_copy_space *space, struct ter_copier *copier, unsigned kind)
{
    uintptr_t block = ter_copy_start_of_block(copier->cursor);

    if (copier->limit != 0 &&
        has_copy_room(space, ter_copy_figures_of(space->space.arena, block)->live))
        ter_block_list_push(&space->blocks, &space->copiers->kept[kind], block);
}

static void for_each_copier(struct ter_copy_space *space,
                            void (*step)(struct ter_copy_space *space, struct ter_copier *copier,
                                         unsigned kind))
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

    count->from += ter_copy_block_of(space->space.arena, block)->fate != TER_COPY_REACHED;
}

void ter_copy_release(struct ter_space *common, struct ter_live *live)
{
    struct ter_copy_space *space = ter_copy_space_of(common);
    struct copy_release after = {live, 0};
    struct copy_count before = {0};

    for_each_copier(space, close_copier);
    ter_copy_for_each_block(space, count_left, &before);
    ter_copy_for_each_block(space, release_block, &after);
    for_each_copier(space, keep_rest);
    space->young_blocks = 0;
    learn_survival(space, before.from, after.bytes);
}

/* ---- Young objects alone ---- */

static void learn_young_survival(struct ter_copy_space *space, size_t bytes)
{
    size_t fresh = space->young_blocks << TER_LOG_BYTES_IN_BLOCK;

    if (fresh != 0)
        space->survived = (unsigned)ter_min(bytes / ter_max(fresh / 256, 1), 256);
    space->bytes_after += bytes;
    space->reused_bytes = 0;
    space->blocks_after = space->blocks.in_use;
}

void ter_copy_release_young(struct ter_space *common, struct ter_live *live)
{
    struct ter_copy_space *space = ter_copy_space_of(common);
    struct copy_release after = {live, 0};

    for_each_copier(space, close_copier);
    for_each_young_block(space, release_block, &after);
    for_each_copier(space, keep_rest);
    live->objects += space->promoted.objects;
    live->scanned_bytes += space->promoted.scanned_bytes;
    live->atomic_bytes += space->promoted.atomic_bytes;
    learn_young_survival(space, after.bytes + space->promoted.scanned_bytes +
                                    space->promoted.atomic_bytes);
    space->young = (struct ter_block_list){0};
    space->young_blocks = 0;
    space->minor = false;
}

/*
 * What copies are likely to take: as much as was left the last time, unless that is marked in
 * place, and of what came since as much as then. What does not find room stays where it is.
 */
size_t ter_copy_reserve(const struct ter_space *common)
{
    const struct ter_copy_space *space = ter_copy_space_of(common);
    size_t in_use = space->blocks.in_use;
    size_t blocks = in_use - ter_min(in_use, space->blocks_after);
    uint64_t fresh = ((uint64_t)blocks << TER_LOG_BYTES_IN_BLOCK) + space->reused_bytes;
    size_t survived = ter_max(space->survived + space->survived / 4, LEAST_SURVIVING);
    size_t old = space->in_place ? 0 : space->bytes_after + space->bytes_after / 16;
    size_t likely = old + (size_t)(fresh * ter_min(survived, 256) / 256);

    if (space->slides)
        return 0;
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
