/* SPDX-License-Identifier: MIT */
/*
 * Two spaces of blocks and one of page runs on one arena, in every form of map, with slots and
 * sharing the range: what they take and give back at random against an array that says, page by
 * page, whose it is and what it last held.
 */
#include "arena.h"

#define PAGES (TEST_SLOTS * TEST_SLOT_PAGES)
#define CHUNKS (PAGES / TER_PAGES_IN_CHUNK)
#define PAGES_IN_BLOCK (TER_BYTES_IN_BLOCK / TER_BYTES_IN_PAGE)

enum { FIRST_BLOCKS, SECOND_BLOCKS, RUNS, SPACES };

struct page {
    uint8_t used_by; /* 1 + space; 0: free */
    bool begins;     /* a block or a run */
    bool dirty;
};

struct model {
    struct ter_arena arena;
    struct ter_range range[SPACES];
    struct ter_blocks blocks[2];
    struct ter_page_runs runs;
    struct ter_random random;
    size_t used_pages;
    struct page page[PAGES];
};

static struct model *current; /* for the views, which get no context */

static const struct ter_arena_settings forms[] = {
    {.layout = {"slots", TEST_START, TEST_LOG_EXTENT, TEST_SLOTS, true, 0, false, 0}},
    {.layout = {"slots, foreign", TEST_START, TEST_LOG_EXTENT, TEST_SLOTS, true, 0, false, 0},
     .foreign = true},
    {.layout = {"slots", TEST_START, TEST_LOG_EXTENT, TEST_SLOTS, true, 0, false, 0},
     .choose_map = true,
     .map = TER_SFT_SPARSE_MAP},
    {.layout = {"shared", 0, TEST_LOG_EXTENT, TEST_SLOTS, false, 0, false, 0}},
    {.layout = {"shared, foreign", 0, TEST_LOG_EXTENT, TEST_SLOTS, false, 0, false, 0},
     .foreign = true},
};

static size_t page_of(const struct model *model, uintptr_t address)
{
    return (address - model->arena.layout.heap_start) >> TER_LOG_BYTES_IN_PAGE;
}

static uintptr_t address_of(const struct model *model, size_t page)
{
    return model->arena.layout.heap_start + ((uintptr_t)page << TER_LOG_BYTES_IN_PAGE);
}

static bool block_is_free(const struct ter_blocks *blocks, uintptr_t block)
{
    (void)blocks;
    return current->page[page_of(current, block)].used_by == 0;
}

static bool block_is_clean(const struct ter_blocks *blocks, uintptr_t block)
{
    (void)blocks;
    return !current->page[page_of(current, block)].dirty;
}

static void block_becomes(struct ter_blocks *blocks, uintptr_t block, bool clean)
{
    (void)blocks;
    for (size_t i = 0; i < PAGES_IN_BLOCK; i++)
        current->page[page_of(current, block) + i].dirty = !clean;
}

static const struct ter_blocks_view view = {block_is_free, block_is_clean, block_becomes};

static struct model *make(const struct ter_arena_settings *form)
{
    const ter_side_set block_side = TER_SIDE_SET(BLOCK_LINK) | TER_SIDE_SET(MARK);
    struct model *model = calloc(1, sizeof *model);

    assert_non_null(model);
    assert_int_equal(ter_arena_init(&model->arena, form), TER_OK);
    for (unsigned i = 0; i < SPACES; i++) {
        ter_range_init(&model->range[i], &model->arena, i,
                       i == RUNS ? TER_PAGE_RUNS_SIDE : block_side, test_add_owner(&model->arena));
        if (i != RUNS)
            ter_blocks_init(&model->blocks[i], &model->range[i], &model->arena);
    }
    ter_page_runs_init(&model->runs, &model->range[RUNS], &model->arena);
    model->random = test_random();
    current = model;
    return model;
}

static void take(struct model *model, unsigned space, uintptr_t start, size_t pages, bool zeroed)
{
    size_t first = page_of(model, start);

    assert_true(first + pages <= PAGES);
    for (size_t i = first; i < first + pages; i++) {
        struct page *page = &model->page[i];

        assert_int_equal(page->used_by, 0);
        if (zeroed) {
            assert_false(page->dirty);
            assert_int_equal(*(uintptr_t *)address_of(model, i), 0);
        }
        *page = (struct page){(uint8_t)(space + 1), i == first, true};
        *(uintptr_t *)address_of(model, i) = i + 1;
    }
    model->used_pages += pages;
}

static void leave(struct model *model, size_t first)
{
    unsigned space = model->page[first].used_by - 1u;
    size_t i = first;

    do {
        assert_int_equal(*(uintptr_t *)address_of(model, i), i + 1);
        model->page[i].used_by = 0;
        model->page[i].begins = false;
        model->used_pages--;
        i++;
    } while (i < PAGES && model->page[i].used_by == space + 1 && !model->page[i].begins);
    if (space == RUNS)
        ter_page_runs_release(&model->runs, address_of(model, first));
    else
        ter_blocks_release(&model->blocks[space], address_of(model, first));
}

static bool has_free_chunk(const struct model *model, const struct ter_range *range)
{
    for (uintptr_t at = 0; at < range->extent_bytes; at += TER_BYTES_IN_CHUNK)
        if (ter_chunk_table_owner_of(&model->arena.chunks, range->start + at) == 0)
            return true;
    return false;
}

static void acquire(struct model *model, unsigned space)
{
    size_t pages = space == RUNS ? 1 + test_below(&model->random, 1500) : PAGES_IN_BLOCK;
    uintptr_t start;
    bool zeroed;
    ter_status status = space == RUNS ? ter_page_runs_acquire(&model->runs, pages, &start, &zeroed)
                                      : ter_blocks_acquire(&model->blocks[space], &start, &zeroed);

    if (status == TER_OK)
        take(model, space, start, pages, zeroed);
    else {
        assert_int_equal(status, TER_ERROR_NO_ADDRESS_SPACE);
        assert_true(pages > TER_PAGES_IN_CHUNK || !has_free_chunk(model, &model->range[space]));
    }
}

/* Of a space that may have lost chunks: their pages are as new when they come again. */
static void forget_unowned(struct model *model)
{
    for (size_t i = 0; i < PAGES; i++)
        if (ter_chunk_table_owner_of(&model->arena.chunks, address_of(model, i)) == 0) {
            assert_int_equal(model->page[i].used_by, 0);
            model->page[i].dirty = false;
        }
}

static void trim(struct model *model, unsigned space)
{
    size_t bytes = test_below(&model->random, 3) == 0
                       ? SIZE_MAX
                       : (size_t)test_below(&model->random, TER_MIB(8));
    size_t resident = atomic_load(&model->arena.accounting.mapped_bytes) -
                      atomic_load(&model->arena.accounting.clean_bytes);
    size_t done = space == RUNS ? ter_page_runs_trim(&model->runs, bytes)
                                : ter_blocks_trim(&model->blocks[space], &view, bytes);

    assert_int_equal(resident - done, atomic_load(&model->arena.accounting.mapped_bytes) -
                                          atomic_load(&model->arena.accounting.clean_bytes));
    forget_unowned(model);
}

/* Of free pages, which AddressSanitizer was told of. */
static TER_NO_SANITIZE TER_NOINLINE uintptr_t free_word(uintptr_t address)
{
    return *(const uintptr_t *)address;
}

/* Free pages of runs that the trim cleaned read zero; the model learns it from the records. */
static void learn_clean_runs(struct model *model)
{
    for (size_t i = 0; i < PAGES;) {
        const struct ter_page_run_record *record;

        if (!ter_range_holds(&model->range[RUNS], &model->arena, address_of(model, i))) {
            i = ter_align_down(i, TER_PAGES_IN_CHUNK) + TER_PAGES_IN_CHUNK;
            continue;
        }
        record = ter_page_run_of(&model->arena, address_of(model, i));
        assert_true(record->pages > 0);
        if (record->state == TER_PAGE_RUN_FREE && record->zeroed)
            for (size_t k = i; k < i + record->pages; k++) {
                assert_int_equal(free_word(address_of(model, k)), 0);
                model->page[k].dirty = false;
            }
        i += record->pages;
    }
}

static void check(struct model *model)
{
    size_t chunks[SPACES] = {0}, clean = 0;

    learn_clean_runs(model);
    for (size_t chunk = 0; chunk < CHUNKS; chunk++) {
        uintptr_t address = model->arena.layout.heap_start + chunk * TER_BYTES_IN_CHUNK;
        const struct ter_sft *answer = ter_sft_map_get(&model->arena.map, address + 4711);
        uint8_t owner = ter_chunk_table_owner_of(&model->arena.chunks, address);

        for (unsigned i = 0; i < SPACES; i++)
            if (owner == model->range[i].number) {
                chunks[i]++;
                assert_ptr_equal(answer, model->range[i].owner);
                assert_true(ter_range_covers(&model->range[i], address));
            }
        assert_int_equal(ter_mmapper_state(&model->arena.mmapper, address),
                         owner != 0 ? TER_CHUNK_MAPPED : TER_CHUNK_RESERVED);
        if (owner == 0 && model->arena.map.kind != TER_SFT_SPACE_MAP)
            assert_true(ter_sft_is_empty(answer));
    }
    for (unsigned i = 0; i < SPACES; i++)
        assert_int_equal(model->range[i].chunks, chunks[i]);
    for (size_t i = 0; i < PAGES; i++)
        if (ter_chunk_table_owner_of(&model->arena.chunks, address_of(model, i)) != 0)
            clean += !model->page[i].dirty;
    assert_int_equal(atomic_load(&model->arena.accounting.clean_bytes),
                     clean << TER_LOG_BYTES_IN_PAGE);
    assert_int_equal(test_used_bytes(&model->arena), model->used_pages << TER_LOG_BYTES_IN_PAGE);
}

/* The blocks that were handed out, upwards and downwards, are the same ones. */
static void check_stretches(const struct model *model)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct ter_blocks *blocks = &model->blocks[i];
        uintptr_t start, end = 0;
        size_t up = 0, down = 0, found = 0;

        while ((start = ter_blocks_next(blocks, end, &end)) != 0)
            for (; start < end; start += TER_BYTES_IN_BLOCK, up++)
                found += model->page[page_of(model, start)].used_by == i + 1;
        end = UINTPTR_MAX;
        while ((end = ter_blocks_previous(blocks, end, &start)) != 0) {
            down += (end - start) >> TER_LOG_BYTES_IN_BLOCK;
            end = start;
        }
        assert_int_equal(up, down);
        assert_int_equal(found, blocks->in_use);
        assert_int_equal(up + ((blocks->fresh_end - blocks->fresh) >> TER_LOG_BYTES_IN_BLOCK),
                         model->range[i].chunks * TER_BLOCKS_IN_CHUNK);
    }
}

static void come_and_go(const struct ter_arena_settings *form)
{
    struct model *model = make(form);
    unsigned steps = test_iterations(4000);
    bool filling = true;

    for (unsigned i = 0; i < steps; i++) {
        size_t page = test_below(&model->random, PAGES);
        unsigned what = (unsigned)test_below(&model->random, 100);

        if (test_below(&model->random, 400) == 0)
            filling = !filling;
        if (what < 5) {
            trim(model, (unsigned)test_below(&model->random, SPACES));
            check(model);
            check_stretches(model);
        } else if (what < (filling ? 70u : 30u)) {
            acquire(model, (unsigned)test_below(&model->random, SPACES));
        } else {
            while (page > 0 && !model->page[page].begins)
                page--;
            if (model->page[page].begins)
                leave(model, page);
        }
    }
    for (size_t i = 0; i < PAGES; i++)
        if (model->page[i].begins)
            leave(model, i);
    /* What is left of each space of blocks is the chunk that its fresh blocks are in. */
    for (unsigned i = 0; i < SPACES; i++) {
        if (i == RUNS)
            ter_page_runs_trim(&model->runs, SIZE_MAX);
        else
            ter_blocks_trim(&model->blocks[i], &view, SIZE_MAX);
        forget_unowned(model);
        /* Parts of a large page that lie in a clean and a dirty run keep their chunk. */
        if (i != RUNS || ter_os_page_size() <= TER_BYTES_IN_PAGE)
            assert_true(model->range[i].chunks <= (i == RUNS ? 0 : 1));
    }
    check(model);
    ter_arena_fini(&model->arena);
    free(model);
}

static void in_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(forms); i++)
        come_and_go(&forms[i]);
}

/* Pages of the system that are larger than ours, and than a block. */
static void in_larger_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(forms); i++) {
        ter_os_set_page_size(i % 2 == 0 ? TER_KIB(64) : TER_KIB(16));
        come_and_go(&forms[i]);
        ter_os_set_page_size(0);
    }
}

/* One space takes what another gave back; with slots it cannot. */
static void shared_chunks_change_hands(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(forms); i++) {
        struct model *model = make(&forms[i]);
        bool shared = !forms[i].layout.contiguous;
        size_t most = shared ? CHUNKS : CHUNKS / TEST_SLOTS;
        uintptr_t start, got;

        for (size_t chunk = 0; chunk < most; chunk++)
            assert_int_equal(ter_range_grow(&model->range[0], &model->arena, 1, &start), TER_OK);
        assert_int_equal(ter_range_grow(&model->range[0], &model->arena, 1, &got),
                         TER_ERROR_NO_ADDRESS_SPACE);
        assert_int_equal(ter_range_grow(&model->range[1], &model->arena, 1, &got),
                         shared ? TER_ERROR_NO_ADDRESS_SPACE : TER_OK);
        start -= TER_BYTES_IN_CHUNK;
        assert_int_equal(ter_range_return(&model->range[0], &model->arena, start, 2), TER_OK);
        assert_int_equal(ter_range_grow(&model->range[1], &model->arena, 2, &got), TER_OK);
        assert_int_equal(got == start, shared);
        assert_ptr_equal(ter_sft_map_get(&model->arena.map, got), model->range[1].owner);
        ter_arena_fini(&model->arena);
        free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_every_form),
        cmocka_unit_test(in_larger_pages),
        cmocka_unit_test(shared_chunks_change_hands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
