/* SPDX-License-Identifier: MIT */
/*
 * Page runs against a naive array of pages: acquire, release, extend, questions, accounting; full
 * slots and refused memory.
 */
#include "arena.h"

/* Runs of a bin beyond this many may be passed over (BIN_PROBES in src/pages/free_runs.c). */
#define CERTAIN_FREE_RUNS 60u

struct model {
    struct ter_arena arena;
    struct ter_range range;
    struct ter_page_runs runs;
    struct ter_random random;
    uint32_t owner[TEST_SLOT_PAGES]; /* 1 + first page of the used run; 0: free */
    bool dirty[TEST_SLOT_PAGES];     /* was used before */
    size_t used;
    size_t run_count;
};

static int make_model(void **state)
{
    struct model *model = calloc(1, sizeof *model);

    assert_non_null(model);
    test_arena_init(&model->arena);
    ter_range_init(&model->range, &model->arena, 1, TER_PAGE_RUNS_SIDE,
                   test_add_owner(&model->arena));
    ter_page_runs_init(&model->runs, &model->range, &model->arena);
    *state = model;
    return 0;
}

static int free_model(void **state)
{
    struct model *model = *state;

    ter_arena_fini(&model->arena);
    free(model);
    return 0;
}

static uintptr_t address(const struct model *model, size_t page)
{
    return model->range.start + ((uintptr_t)page << TER_LOG_BYTES_IN_PAGE);
}

static size_t mapped_pages(const struct model *model)
{
    return test_mapped_bytes(&model->range) >> TER_LOG_BYTES_IN_PAGE;
}

/* Chunks may go back in the middle. */
static bool is_mapped(const struct model *model, size_t page)
{
    return ter_range_holds(&model->range, &model->arena, address(model, page));
}

static size_t run_length(const struct model *model, size_t page)
{
    size_t end = page;

    while (end < TEST_SLOT_PAGES && model->owner[end] == page + 1)
        end++;
    return end - page;
}

/* The length of the stretch of free pages that begins at `page`. */
static size_t stretch_length(const struct model *model, size_t page)
{
    size_t end = page;

    while (end < mapped_pages(model) && model->owner[end] == 0 && is_mapped(model, end))
        end++;
    return end - page;
}

/* The part of it that is of one sort. */
static size_t free_length(const struct model *model, size_t page)
{
    size_t end = page;

    while (end < mapped_pages(model) && model->owner[end] == 0 && is_mapped(model, end) &&
           model->dirty[end] == model->dirty[page])
        end++;
    return end - page;
}

static void check_accounting(const struct model *model)
{
    assert_int_equal(model->runs.used_pages, model->used);
    assert_int_equal(test_used_bytes(&model->arena), model->used << TER_LOG_BYTES_IN_PAGE);
}

/* Marks [page + from, page + pages) used, and writes to it. */
static void take(struct model *model, size_t page, size_t from, size_t pages)
{
    for (size_t i = page + from; i < page + pages; i++) {
        assert_int_equal(model->owner[i], 0);
        model->owner[i] = (uint32_t)page + 1;
        model->dirty[i] = true;
        memset((void *)address(model, i), 0x5a, TER_BYTES_IN_PAGE);
    }
    model->used += pages - from;
}

/* The most chunks side by side that the slot has room for. */
static size_t room_for_chunks(const struct model *model)
{
    size_t longest = 0, length = 0;

    for (size_t page = 0; page < TEST_SLOT_PAGES; page += TER_PAGES_IN_CHUNK) {
        length = is_mapped(model, page) ? 0 : length + 1;
        longest = ter_max(longest, length);
    }
    return longest;
}

/* No stretch could have served, and the slot has no room for so many chunks. */
static void check_refusal(const struct model *model, size_t pages)
{
    size_t chunks = ter_bytes_to_chunks_up(pages << TER_LOG_BYTES_IN_PAGE);
    size_t count = 0, longest = 0, length;

    assert_true(room_for_chunks(model) < chunks);
    for (size_t page = 0; page < mapped_pages(model); page += ter_max(length, 1)) {
        length = model->owner[page] == 0 ? free_length(model, page) : 0;
        longest = ter_max(longest, length > 0 ? stretch_length(model, page) : 0);
        count += length > 0;
    }
    assert_true(longest < pages || count > CERTAIN_FREE_RUNS);
}

static bool reads_zero(const struct model *model, size_t page, size_t end)
{
    while (page < end && !model->dirty[page])
        page++;
    return page == end;
}

/* Pages without memory are not taken alone where dirty ones beside each other would do. */
static void check_preference(const struct model *model, size_t page, size_t pages)
{
    size_t count = 0, longest = 0, length;

    if (!reads_zero(model, page, page + pages))
        return;
    for (size_t at = 0; at < mapped_pages(model); at += ter_max(length, 1)) {
        length = model->owner[at] == 0 ? free_length(model, at) : 0;
        longest = ter_max(longest, length > 0 && model->dirty[at] ? length : 0);
        count += length > 0;
    }
    assert_true(longest < pages || count > CERTAIN_FREE_RUNS);
}

static bool acquire(struct model *model, size_t pages)
{
    size_t before = mapped_pages(model);
    uintptr_t start = 0;
    bool zeroed = false;
    size_t page;
    ter_status status = ter_page_runs_acquire(&model->runs, pages, &start, &zeroed);

    if (status != TER_OK) {
        assert_int_equal(status, TER_ERROR_NO_ADDRESS_SPACE);
        assert_int_equal(mapped_pages(model), before);
        check_refusal(model, pages);
        check_accounting(model);
        return false;
    }
    page = (start - model->range.start) >> TER_LOG_BYTES_IN_PAGE;
    assert_true(ter_is_aligned(start, TER_BYTES_IN_PAGE));
    assert_true(page + pages <= mapped_pages(model));
    assert_int_equal(zeroed, reads_zero(model, page, page + pages));
    check_preference(model, page, pages);
    if (zeroed)
        assert_true(test_reads_zero(start, pages << TER_LOG_BYTES_IN_PAGE));
    take(model, page, 0, pages);
    model->run_count++;
    check_accounting(model);
    return true;
}

static void release(struct model *model, size_t page)
{
    size_t pages = run_length(model, page);

    assert_int_equal(ter_page_runs_pages(&model->runs, address(model, page)), pages);
    ter_page_runs_release(&model->runs, address(model, page));
    for (size_t i = page; i < page + pages; i++)
        model->owner[i] = 0;
    model->used -= pages;
    model->run_count--;
    check_accounting(model);
}

static void extend(struct model *model, size_t page)
{
    size_t pages = run_length(model, page);
    size_t after = page + pages;
    size_t more = 1 + test_below(&model->random, test_below(&model->random, 8) == 0 ? 2500 : 40);
    size_t room = stretch_length(model, after);
    bool zeroed = false;
    bool extended = ter_page_runs_extend(&model->runs, address(model, page), pages + more, &zeroed);

    assert_int_equal(extended, room >= more);
    if (extended)
        assert_int_equal(zeroed, reads_zero(model, after, after + more));
    if (extended)
        take(model, page, pages, pages + more);
    check_accounting(model);
}

/* Dirty pages lose their memory from the top; chunks of which all pages are clean go. */
static void trim(struct model *model, size_t pages)
{
    size_t hull = mapped_pages(model), done = 0;
    size_t trimmed = ter_page_runs_trim(&model->runs, pages << TER_LOG_BYTES_IN_PAGE);

    for (size_t page = hull; page-- > 0 && done < pages;) {
        done += model->owner[page] == 0 && model->dirty[page];
        model->dirty[page] = model->dirty[page] && model->owner[page] != 0;
    }
    assert_int_equal(trimmed, done << TER_LOG_BYTES_IN_PAGE);
    for (size_t page = 0; page < hull; page += TER_PAGES_IN_CHUNK) {
        size_t end = page + TER_PAGES_IN_CHUNK, at = page;

        while (at < end && model->owner[at] == 0 && !model->dirty[at])
            at++;
        assert_int_equal(is_mapped(model, page), at < end);
    }
}

/* Some used run, or SIZE_MAX. */
static size_t random_run(struct model *model)
{
    size_t mapped = mapped_pages(model);
    size_t start = mapped == 0 ? 0 : test_below(&model->random, mapped);

    for (size_t i = 0; i < mapped; i++) {
        size_t page = (start + i) % mapped;

        if (model->owner[page] != 0)
            return model->owner[page] - 1;
    }
    return SIZE_MAX;
}

/* What the resource says of every page is what the model says. */
static void check_questions(struct model *model)
{
    uintptr_t next = ter_page_runs_next_used(&model->runs, 0);
    size_t seen = 0;

    for (size_t page = 0; page < mapped_pages(model); page++) {
        uintptr_t word = address(model, page) + test_below(&model->random, TER_BYTES_IN_PAGE);
        uintptr_t first = model->owner[page] == 0 ? 0 : address(model, model->owner[page] - 1);

        if (!is_mapped(model, page))
            continue;
        assert_int_equal(ter_page_runs_find(&model->arena, word), first);
        if (model->owner[page] == page + 1) {
            assert_int_equal(next, address(model, page));
            next += ter_page_runs_pages(&model->runs, next) << TER_LOG_BYTES_IN_PAGE;
            next = ter_page_runs_next_used(&model->runs, next);
            seen++;
        }
    }
    assert_int_equal(next, 0);
    assert_int_equal(seen, model->run_count);
}

static size_t random_pages(struct model *model)
{
    switch (test_below(&model->random, 60)) {
    case 0: return 1 + test_below(&model->random, TEST_SLOT_PAGES + 2);
    case 1:
    case 2: return 1 + test_below(&model->random, TER_PAGES_IN_CHUNK);
    default: return 1 + test_below(&model->random, 24);
    }
}

static void random_operations(void **state)
{
    struct model *model = *state;
    unsigned steps = test_iterations(8000);

    model->random = test_random();
    for (unsigned i = 0; i < steps; i++) {
        /* Fills up and empties in turn. */
        size_t release_percent = i / 500 % 2 == 0 ? 25 : 60;
        size_t choice = test_below(&model->random, 100);
        size_t run = random_run(model);

        if (choice < release_percent && run != SIZE_MAX)
            release(model, run);
        else if (choice < release_percent + 15 && run != SIZE_MAX)
            extend(model, run);
        else if (choice < release_percent + 18)
            trim(model, test_below(&model->random, 2 * TER_PAGES_IN_CHUNK));
        else
            acquire(model, random_pages(model));
        if (i % 50 == 0)
            check_questions(model);
    }
    while (random_run(model) != SIZE_MAX)
        release(model, random_run(model));
    check_questions(model);
    assert_int_equal(test_used_bytes(&model->arena), 0);
    /* All neighbours of one sort have become one. */
    for (size_t page = 0, length; page < mapped_pages(model); page += length) {
        length = ter_max(free_length(model, page), 1);
        if (!is_mapped(model, page))
            continue;
        assert_int_equal(ter_page_run_of(&model->arena, address(model, page))->pages, length);
    }
}

static void released_pages_become_one_run(void **state)
{
    struct model *model = *state;

    model->random = test_random();
    for (size_t i = 0; i < TEST_SLOT_PAGES; i++)
        assert_true(acquire(model, 1));
    assert_false(acquire(model, 1));
    while (random_run(model) != SIZE_MAX)
        release(model, random_run(model));
    assert_true(acquire(model, TEST_SLOT_PAGES));
    assert_false(acquire(model, 1));
    check_questions(model);
}

/* Dirty pages too few by themselves are used together with the clean ones on either side. */
static void a_request_takes_dirty_and_clean_pages_together(void **state)
{
    struct model *model = *state;
    uintptr_t start = 0;
    bool zeroed = true;

    assert_true(acquire(model, 100));
    assert_true(acquire(model, TER_PAGES_IN_CHUNK - 200));
    release(model, 0);
    /* The upper 60 of the 100 dirty pages lose their memory; 100 clean ones are at the top. */
    assert_int_equal(ter_page_runs_trim(&model->runs, 60 << TER_LOG_BYTES_IN_PAGE),
                     60 << TER_LOG_BYTES_IN_PAGE);
    assert_int_equal(ter_page_runs_acquire(&model->runs, 80, &start, &zeroed), TER_OK);
    assert_int_equal(start, address(model, 0));
    assert_false(zeroed);
    ter_page_runs_release(&model->runs, start);
    assert_int_equal(ter_page_runs_acquire(&model->runs, 101, &start, &zeroed), TER_OK);
    assert_int_equal(mapped_pages(model), 2 * TER_PAGES_IN_CHUNK);
    assert_true(zeroed);
}

static void a_request_takes_what_lies_below_too(void **state)
{
    struct model *model = *state;
    uintptr_t first = 0, start = 0;
    bool zeroed = true;

    assert_int_equal(ter_page_runs_acquire(&model->runs, 50, &first, &zeroed), TER_OK);
    assert_int_equal(ter_page_runs_acquire(&model->runs, 50, &start, &zeroed), TER_OK);
    ter_page_runs_release(&model->runs, first);
    assert_int_equal(ter_page_runs_trim(&model->runs, SIZE_MAX), 50 << TER_LOG_BYTES_IN_PAGE);
    ter_page_runs_release(&model->runs, start);
    /* Clean, dirty, clean to the end of the chunk. */
    assert_int_equal(ter_page_runs_acquire(&model->runs, TER_PAGES_IN_CHUNK - 10, &start, &zeroed),
                     TER_OK);
    assert_int_equal(start, first + (10 << TER_LOG_BYTES_IN_PAGE));
    assert_false(zeroed);
    assert_int_equal(mapped_pages(model), TER_PAGES_IN_CHUNK);
    ter_page_runs_release(&model->runs, start);
    assert_int_equal(ter_accounting_resident(&model->arena.accounting),
                     (TER_PAGES_IN_CHUNK - 10) << TER_LOG_BYTES_IN_PAGE);
}

/* No more goes back than was asked for. */
static void a_part_of_a_run_goes_back(void **state)
{
    struct model *model = *state;
    size_t dirty = TER_PAGES_IN_CHUNK << TER_LOG_BYTES_IN_PAGE;

    assert_true(acquire(model, TER_PAGES_IN_CHUNK));
    release(model, 0);
    while (dirty > 0) {
        size_t part = ter_min(dirty, TER_KIB(500));

        assert_int_equal(ter_page_runs_trim(&model->runs, part), part);
        dirty -= part;
        assert_int_equal(ter_accounting_resident(&model->arena.accounting), dirty);
    }
    assert_int_equal(mapped_pages(model), 0);
}

static void limits_of_acquire(void **state)
{
    struct model *model = *state;
    const size_t wrong[] = {0, TEST_SLOT_PAGES + 1, SIZE_MAX, SIZE_MAX >> TER_LOG_BYTES_IN_PAGE};

    for (size_t i = 0; i < TER_ARRAY_LENGTH(wrong); i++) {
        uintptr_t start = 1;
        bool zeroed;

        assert_int_equal(ter_page_runs_acquire(&model->runs, wrong[i], &start, &zeroed),
                         TER_ERROR_NO_ADDRESS_SPACE);
        assert_int_equal(start, 1);
    }
    assert_int_equal(mapped_pages(model), 0);
    assert_int_equal(ter_page_runs_next_used(&model->runs, 0), 0);
    assert_true(acquire(model, TEST_SLOT_PAGES));
    release(model, 0);
    assert_true(acquire(model, TEST_SLOT_PAGES));
}

static void a_refused_commit_changes_nothing(void **state)
{
    struct model *model = *state;
    uint64_t failed = 1;

    assert_true(acquire(model, 10));
    for (uint64_t k = 0; failed != 0; k++) {
        uintptr_t start = 1;
        size_t mapped = mapped_pages(model);
        ter_status status;
        bool zeroed;

        test_fail_calls(TEST_CALL(COMMIT), k, 1);
        status = ter_page_runs_acquire(&model->runs, TER_PAGES_IN_CHUNK, &start, &zeroed);
        test_stop_failing(&failed);
        if (failed == 0) {
            assert_int_equal(status, TER_OK);
            assert_true(k > 0);
            take(model, (start - model->range.start) >> TER_LOG_BYTES_IN_PAGE, 0,
                 TER_PAGES_IN_CHUNK);
            model->run_count++;
            break;
        }
        assert_int_equal(status, TER_ERROR_NO_MEMORY);
        assert_int_equal(start, 1);
        assert_int_equal(mapped_pages(model), mapped);
        check_accounting(model);
        check_questions(model);
        /* Memory that was there before still serves. */
        assert_true(acquire(model, 3));
        assert_int_equal(mapped_pages(model), mapped);
    }
    check_accounting(model);
    check_questions(model);
}

#define MODEL_TEST(test) cmocka_unit_test_setup_teardown(test, make_model, free_model)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MODEL_TEST(random_operations),
        MODEL_TEST(released_pages_become_one_run),
        MODEL_TEST(a_request_takes_dirty_and_clean_pages_together),
        MODEL_TEST(a_request_takes_what_lies_below_too),
        MODEL_TEST(a_part_of_a_run_goes_back),
        MODEL_TEST(limits_of_acquire),
        MODEL_TEST(a_refused_commit_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
