/* SPDX-License-Identifier: MIT */
/*
 * Handing out the cells of a block: the next run, or a list.
 *
 * Invariant: what a pass over the valid bits has gone by lies below the block's resume point, and
 * is an object, in the run, or in the list that was made. A word of bits is read once; it is
 * changed once, after what it says was published, where questions are asked meanwhile.
 */
#include "space/space.h"

#include <string.h>

/* What is looked for, and where it ends. */
struct cell_search {
    const struct ter_side_table *valid;
    uint64_t starts; /* at which bits of a word cells begin when one begins at bit 0 */
    uintptr_t cell_bytes;
    unsigned step; /* granules of a cell, or 63: more than a word has */
    uintptr_t end; /* of the block's last cell */
};

/* A word of valid bits, from one cell on. */
struct cell_word {
    uint64_t *bits;
    uintptr_t base;  /* what bit 0 is for */
    uint64_t begins; /* bits at which cells begin; never none */
    uint64_t free;   /* those of them that are clear */
};

static struct cell_search begin_search(const struct ter_block_space *space, uintptr_t block)
{
    const struct ter_block_head *head = ter_block_head_of(space->space.arena, block);
    unsigned size_class = ter_block_state_of(space->space.arena, block)->size_class;
    size_t granules = head->cell_bytes >> TER_LOG_BYTES_IN_GRANULE;

    return (struct cell_search){.valid = ter_space_table(&space->space, TER_SIDE_VALID_OBJECT),
                                .starts = ter_size_class_starts[size_class],
                                .cell_bytes = head->cell_bytes,
                                .step = granules < 63 ? (unsigned)granules : 63,
                                .end = block + (uintptr_t)head->cells * head->cell_bytes};
}

/* The bits of a word below that for `end`, which lies above `base`. */
TER_INLINE uint64_t cell_bits_below(uintptr_t base, uintptr_t end)
{
    uintptr_t granules = (end - base) >> TER_LOG_BYTES_IN_GRANULE;

    return granules < 64 ? (UINT64_C(1) << granules) - 1 : UINT64_MAX;
}

TER_INLINE uint64_t cell_begins_from(const struct cell_search *search, uintptr_t from,
                                     uintptr_t base, uintptr_t end)
{
    unsigned bit = (unsigned)((from - base) >> TER_LOG_BYTES_IN_GRANULE);

    return (search->starts << bit) & cell_bits_below(base, end);
}

/* `from`: a cell. */
TER_INLINE struct cell_word look_at_cells(const struct cell_search *search, uintptr_t from)
{
    struct cell_word word;

    word.bits = ter_bits_word(search->valid, from);
    word.base = ter_align_down(from, (uintptr_t)1 << TER_LOG_BYTES_IN_BIT_WORD);
    word.begins = cell_begins_from(search, from, word.base, search->end);
    word.free = word.begins & ~__atomic_load_n(word.bits, __ATOMIC_ACQUIRE);
    return word;
}

TER_INLINE uintptr_t behind_cell(const struct cell_search *search, uintptr_t base, unsigned bit)
{
    return base + ((uintptr_t)bit << TER_LOG_BYTES_IN_GRANULE) + search->cell_bytes;
}

/* The first cell that begins in a later word. */
TER_INLINE uintptr_t behind_cell_word(const struct cell_search *search, uintptr_t base,
                                      uint64_t begins)
{
    return behind_cell(search, base, ter_log2(begins));
}

/* The last of the cells side by side that begin with the lowest. */
TER_INLINE unsigned last_of_hole(const struct cell_search *search, uint64_t free)
{
    return ter_count_trailing_zeros(free & ~(free >> search->step));
}

TER_INLINE void add_cell_bits(uint64_t *word, uint64_t bits, bool alone)
{
    if (alone)
        __atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) | bits, __ATOMIC_RELEASE);
    else
        __atomic_fetch_or(word, bits, __ATOMIC_RELEASE);
}

/* Holes are mostly a few words, for which a call takes longer than the work. */
TER_INLINE void clear_cells(uintptr_t start, uintptr_t end)
{
    typedef uint64_t granule __attribute__((vector_size(16), may_alias));

    if (end - start > 256) {
        memset((void *)start, 0, end - start);
        return;
    }
    for (; start < end; start += sizeof(granule)) {
        *(granule *)start = (granule){0, 0};
        __asm__("" : "+r"(start)); /* or the compiler makes it the call */
    }
}

/* ---- Resume points ---- */

static void set_resume(struct ter_block_state *state, uintptr_t block, uintptr_t address)
{
    __atomic_store_n(&state->resume, (uint16_t)((address - block) >> TER_LOG_BYTES_IN_GRANULE),
                     __ATOMIC_RELEASE);
}

static uintptr_t resume_address(const struct ter_block_state *state, uintptr_t block)
{
    return block + ((uintptr_t)__atomic_load_n(&state->resume, __ATOMIC_ACQUIRE)
                    << TER_LOG_BYTES_IN_GRANULE);
}

/* ---- Runs ---- */

static void let_go(struct ter_block_state *state, struct ter_cell_run *run)
{
    ter_cell_run_publish(run, 0, 0);
    __atomic_store_n(&state->owner, NULL, __ATOMIC_RELEASE);
    state->zeroed = false;
}

/* The first word from `from` on with a free cell; false: there is none. */
static bool find_free_cell(const struct cell_search *search, uintptr_t from, struct cell_word *word)
{
    while (from < search->end) {
        *word = look_at_cells(search, from);
        if (word->free != 0)
            return true;
        from = behind_cell_word(search, word->base, word->begins);
    }
    return false;
}

/* The end of the hole that begins with the first free cell, `most` bytes on at the latest. */
static uintptr_t end_of_hole(const struct cell_search *search, struct cell_word word,
                             uintptr_t start, size_t most)
{
    for (;;) {
        unsigned last = last_of_hole(search, word.free);
        uintptr_t end = behind_cell(search, word.base, last);

        if (last != ter_log2(word.begins) || end >= search->end || end - start >= most)
            return end;
        word = look_at_cells(search, end);
        if ((word.free & (0 - word.begins) & word.begins) == 0)
            return end;
    }
}

static void make_cells_valid(const struct cell_search *search, uintptr_t start, uintptr_t end,
                             bool alone)
{
    while (start < end) {
        uintptr_t base = ter_align_down(start, (uintptr_t)1 << TER_LOG_BYTES_IN_BIT_WORD);
        uint64_t begins = cell_begins_from(search, start, base, end);

        add_cell_bits(ter_bits_word(search->valid, start), begins, alone);
        start = behind_cell_word(search, base, begins);
    }
}

/* So many whole cells as `bytes` hold, at least one. */
static uintptr_t cap_hole(const struct cell_search *search, const struct ter_block_head *head,
                          uintptr_t start, uintptr_t end, size_t bytes)
{
    if (end - start <= bytes)
        return end;
    bytes = (size_t)(((uint64_t)bytes * head->reciprocal) >> 32) * search->cell_bytes;
    return start + ter_max(bytes, search->cell_bytes);
}

static bool wants_zeros(const struct ter_block_space *space, const struct ter_block_head *head,
                        const struct ter_block_state *state)
{
    unsigned kind = ter_block_is_of_several(head) ? state->taker : head->kind;

    return space->space.kinds[kind].zeroed;
}

bool ter_block_space_refill(struct ter_block_space *space, uintptr_t block, size_t max_bytes,
                            bool alone, struct ter_cell_run *run)
{
    const struct ter_block_head *head = ter_block_head_of(space->space.arena, block);
    struct ter_block_state *state = ter_block_state_of(space->space.arena, block);
    struct cell_search search = begin_search(space, block);
    struct cell_word word;
    uintptr_t start, end;

    if (!find_free_cell(&search, resume_address(state, block), &word)) {
        set_resume(state, block, search.end);
        return false;
    }
    start =
        word.base + ((uintptr_t)ter_count_trailing_zeros(word.free) << TER_LOG_BYTES_IN_GRANULE);
    end = cap_hole(&search, head, start, end_of_hole(&search, word, start, max_bytes), max_bytes);
    set_resume(state, block, end);
    /* The run first: a question from another thread must not see the bits of cells without it. */
    ter_cell_run_publish(run, start, end);
    __atomic_store_n(&state->owner, run, __ATOMIC_RELEASE);
    if (TER_UNLIKELY(ter_block_is_of_several(head)))
        ter_block_set_kinds(space, start, end);
    make_cells_valid(&search, start, end, alone);
    if (state->is_old)
        ter_space_make_new(&space->space, start, end);
    ter_asan_access(start, end - start);
    /* Last: an atomic operation waits for every store before it, and these miss the caches. */
    if (!wants_zeros(space, head, state))
        ter_valgrind_undefined(start, end - start);
    else if (!state->zeroed)
        clear_cells(start, end);
    return true;
}

bool ter_block_space_next_run(struct ter_block_space *space, uintptr_t block, size_t max_bytes,
                              bool alone, struct ter_cell_run *run)
{
    if (ter_block_space_refill(space, block, max_bytes, alone, run))
        return true;
    let_go(ter_block_state_of(space->space.arena, block), run);
    return false;
}

void ter_block_space_return_run(struct ter_block_space *space, uintptr_t block,
                                struct ter_cell_run *run)
{
    struct ter_block_state *state = ter_block_state_of(space->space.arena, block);

    ter_bits_clear_range_shared(ter_space_table(&space->space, TER_SIDE_VALID_OBJECT), run->cursor,
                                run->limit);
    if (run->cursor < run->limit)
        ter_asan_no_access(run->cursor, run->limit - run->cursor);
    let_go(state, run);
}

/* ---- Lists ---- */

struct cell_list {
    uintptr_t *last;             /* where the next cell is linked */
    size_t bytes;                /* that are still wanted: whole cells */
    bool clear, zeroed;          /* what the memory needs: clearing; it is to read zero */
    const struct ter_space *old; /* whose cells have bits of old objects; NULL: none has */
};

/* The cells of a hole, clear if they must be and linked at once. */
TER_INLINE void link_hole(const struct cell_search *search, struct cell_list *list, uintptr_t start,
                          uintptr_t end)
{
    uintptr_t *last = list->last;

    if (list->old != NULL)
        ter_space_make_new(list->old, start, end);
    ter_asan_access(start, end - start);
    if (list->clear)
        clear_cells(start, end);
    else if (!list->zeroed)
        ter_valgrind_undefined(start, end - start);
    for (uintptr_t cell = start; cell < end; cell += search->cell_bytes) {
        *last = cell;
        last = (uintptr_t *)cell;
    }
    list->last = last;
    list->bytes -= end - start;
}

/* Takes the word's free cells, as many as are wanted. Where to go on. */
TER_INLINE uintptr_t link_word(const struct cell_search *search, struct cell_list *list,
                               const struct cell_word *word)
{
    uint64_t free = word->free;

    while (free != 0) {
        unsigned first = ter_count_trailing_zeros(free), last = last_of_hole(search, free);
        uintptr_t start = word->base + ((uintptr_t)first << TER_LOG_BYTES_IN_GRANULE);
        uintptr_t end = behind_cell(search, word->base, last);

        if (end - start >= list->bytes) {
            end = start + list->bytes;
            link_hole(search, list, start, end);
            return end;
        }
        link_hole(search, list, start, end);
        free &= (UINT64_MAX << last) << 1;
    }
    return behind_cell_word(search, word->base, word->begins);
}

static void set_kinds_of_free(const struct ter_block_space *space, const struct cell_search *search,
                              uintptr_t from)
{
    struct cell_word word;

    while (find_free_cell(search, from, &word)) {
        for (; word.free != 0; word.free &= word.free - 1) {
            from = word.base +
                   ((uintptr_t)ter_count_trailing_zeros(word.free) << TER_LOG_BYTES_IN_GRANULE);
            ter_block_set_kinds(space, from, from + search->cell_bytes);
        }
        from = behind_cell_word(search, word.base, word.begins);
    }
}

size_t ter_block_space_take_list(struct ter_block_space *space, uintptr_t block, size_t bytes,
                                 bool alone, uintptr_t **last)
{
    struct ter_block_state *state = ter_block_state_of(space->space.arena, block);
    const struct ter_block_head *head = ter_block_head_of(space->space.arena, block);
    bool zeroed = wants_zeros(space, head, state);
    struct cell_search search = begin_search(space, block);
    struct cell_list list = {*last, bytes, zeroed && !state->zeroed, zeroed,
                             state->is_old ? &space->space : NULL};
    uintptr_t from = resume_address(state, block);

    /* All free cells from here on: those that are not taken now will be by the same kind. */
    if (TER_UNLIKELY(ter_block_is_of_several(head)))
        set_kinds_of_free(space, &search, from);
    while (from < search.end && list.bytes != 0) {
        struct cell_word word = look_at_cells(&search, from);

        from = link_word(&search, &list, &word);
        if (word.free != 0)
            add_cell_bits(word.bits, word.free & cell_bits_below(word.base, from), alone);
    }
    set_resume(state, block, from);
    *list.last = 0;
    *last = list.last;
    return bytes - list.bytes;
}
