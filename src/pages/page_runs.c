/* SPDX-License-Identifier: MIT */
#include "pages/pages.h"

_Static_assert(sizeof(struct ter_page_run_record) == 16, "spec PAGE_RUN has 2^7 bits");

void ter_page_runs_init(struct ter_page_runs *runs, struct ter_range *range,
                        struct ter_arena *arena)
{
    *runs = (struct ter_page_runs){.free = {.range = range, .arena = arena}};
}

/* ---- Used runs ---- */

/* Of a run's pages, those in the chunk in which it begins. */
static size_t pages_in_first_chunk(size_t page, size_t pages)
{
    return ter_min(pages, TER_PAGES_IN_CHUNK - page % TER_PAGES_IN_CHUNK);
}

static void set_chunk(const struct ter_page_runs *runs, size_t page, size_t back)
{
    ter_side_store_atomic(TER_SIDE_TABLE(runs->free.arena->side, CHUNK_RUN),
                          ter_free_runs_address(&runs->free, page), back, __ATOMIC_RELAXED);
}

static void set_used(const struct ter_page_runs *runs, size_t page, size_t back)
{
    *ter_free_runs_record(&runs->free, page + back) =
        (struct ter_page_run_record){.state = TER_PAGE_RUN_USED, .back = (uint32_t)back};
}

/* A run whose pages from number `from` on are new. */
static void mark_used(struct ter_page_runs *runs, size_t page, size_t from, size_t pages)
{
    size_t near = pages_in_first_chunk(page, pages);

    for (size_t i = from; i < near; i++)
        set_used(runs, page, i);
    for (size_t i = near; i < pages; i += TER_PAGES_IN_CHUNK)
        set_chunk(runs, page + i, i);
    if (from > near)
        ter_free_runs_record(&runs->free, page + from - 1)->state = TER_PAGE_RUN_NONE;
    if (pages > near)
        set_used(runs, page, pages - 1);
    ter_page_run_set_pages(ter_free_runs_record(&runs->free, page), pages);
}

static void unmark_used(struct ter_page_runs *runs, size_t page, size_t pages)
{
    size_t near = pages_in_first_chunk(page, pages);

    for (size_t i = 0; i < near; i++)
        ter_free_runs_record(&runs->free, page + i)->state = TER_PAGE_RUN_NONE;
    for (size_t i = near; i < pages; i += TER_PAGES_IN_CHUNK)
        set_chunk(runs, page + i, 0);
    ter_free_runs_record(&runs->free, page + pages - 1)->state = TER_PAGE_RUN_NONE;
}

uintptr_t ter_page_runs_find_far(const struct ter_arena *arena, uintptr_t word)
{
    uintptr_t chunk = ter_align_down(word, TER_BYTES_IN_CHUNK);
    uintptr_t back = (uintptr_t)ter_side_load_atomic(TER_SIDE_TABLE(arena->side, CHUNK_RUN), chunk,
                                                     __ATOMIC_RELAXED);
    uintptr_t start = chunk - (back << TER_LOG_BYTES_IN_PAGE);
    const struct ter_page_run_record *record;

    if (back == 0)
        return 0;
    record = ter_page_run_of(arena, start);
    if (record->state != TER_PAGE_RUN_USED ||
        (word - start) >> TER_LOG_BYTES_IN_PAGE >= record->pages)
        return 0;
    return start;
}

static void count_used(struct ter_page_runs *runs, size_t pages)
{
    runs->used_pages += pages;
    ter_accounting_add(&runs->free.arena->accounting, pages << TER_LOG_BYTES_IN_PAGE);
}

static ter_status grow_runs(struct ter_page_runs *runs, size_t pages)
{
    size_t chunks = ter_bytes_to_chunks_up(pages << TER_LOG_BYTES_IN_PAGE);
    uintptr_t start;
    ter_status status = ter_range_grow_in_parts(runs->free.range, runs->free.arena, chunks, &start);

    if (status != TER_OK)
        return status;
    ter_accounting_add_clean(&runs->free.arena->accounting, chunks << TER_LOG_BYTES_IN_CHUNK);
    ter_free_runs_add(&runs->free, ter_free_runs_index(&runs->free, start),
                      chunks * TER_PAGES_IN_CHUNK, true);
    return TER_OK;
}

/* Free pages that were never used may lack their memory. */
static ter_status fill_pages(const struct ter_page_runs *runs, size_t page, size_t pages)
{
    return ter_range_fill(runs->free.range, runs->free.arena,
                          ter_free_runs_address(&runs->free, page), pages << TER_LOG_BYTES_IN_PAGE);
}

static ter_status find_or_grow(struct ter_page_runs *runs, size_t pages,
                               struct ter_free_window *window)
{
    if (!ter_free_runs_find(&runs->free, pages, window)) {
        ter_status status = grow_runs(runs, pages);

        if (status != TER_OK)
            return status;
        TER_CHECK(ter_free_runs_find(&runs->free, pages, window));
    }
    return fill_pages(runs, window->page, pages);
}

ter_status ter_page_runs_acquire(struct ter_page_runs *runs, size_t pages, uintptr_t *start,
                                 bool *zeroed)
{
    struct ter_free_window window;
    ter_status status;

    if (pages == 0 || pages > runs->free.range->extent_bytes >> TER_LOG_BYTES_IN_PAGE)
        return TER_ERROR_NO_ADDRESS_SPACE;
    status = find_or_grow(runs, pages, &window);
    if (status != TER_OK)
        return status;
    *zeroed = ter_free_runs_take(&runs->free, window, pages);
    mark_used(runs, window.page, 0, pages);
    count_used(runs, pages);
    *start = ter_free_runs_address(&runs->free, window.page);
    ter_valgrind_defined(*start, pages << TER_LOG_BYTES_IN_PAGE);
    ter_asan_access(*start, pages << TER_LOG_BYTES_IN_PAGE);
    return TER_OK;
}

size_t ter_page_runs_pages(const struct ter_page_runs *runs, uintptr_t start)
{
    const struct ter_page_run_record *run =
        ter_free_runs_record(&runs->free, ter_free_runs_index(&runs->free, start));

    TER_CHECK(run->state == TER_PAGE_RUN_USED && run->back == 0);
    return run->pages;
}

void ter_page_runs_release(struct ter_page_runs *runs, uintptr_t start)
{
    size_t page = ter_free_runs_index(&runs->free, start);
    size_t pages = ter_page_runs_pages(runs, start);

    unmark_used(runs, page, pages);
    runs->used_pages -= pages;
    ter_accounting_subtract(&runs->free.arena->accounting, pages << TER_LOG_BYTES_IN_PAGE);
    ter_valgrind_no_access(start, pages << TER_LOG_BYTES_IN_PAGE);
    ter_asan_no_access(start, pages << TER_LOG_BYTES_IN_PAGE);
    ter_free_runs_add(&runs->free, page, pages, false);
}

bool ter_page_runs_extend(struct ter_page_runs *runs, uintptr_t start, size_t pages, bool *zeroed)
{
    size_t page = ter_free_runs_index(&runs->free, start);
    size_t length = ter_page_runs_pages(runs, start);
    size_t after = page + length, more = pages - length;

    TER_CHECK(pages > length);
    if (!ter_free_runs_reach(&runs->free, after, more) || fill_pages(runs, after, more) != TER_OK)
        return false;
    *zeroed = ter_free_runs_take(&runs->free, (struct ter_free_window){after, after}, more);
    mark_used(runs, page, length, pages);
    count_used(runs, more);
    ter_valgrind_defined(ter_free_runs_address(&runs->free, after), more << TER_LOG_BYTES_IN_PAGE);
    ter_asan_access(ter_free_runs_address(&runs->free, after), more << TER_LOG_BYTES_IN_PAGE);
    return true;
}

uintptr_t ter_page_runs_next(const struct ter_page_runs *runs, uintptr_t from,
                             const struct ter_page_run_record **run)
{
    size_t end = ter_free_runs_hull(&runs->free);
    size_t page = from == 0 ? 0 : ter_free_runs_index(&runs->free, from);

    while (page < end && !ter_free_runs_has(&runs->free, page))
        page = ter_align_down(page, TER_PAGES_IN_CHUNK) + TER_PAGES_IN_CHUNK;
    if (page >= end)
        return 0;
    *run = ter_free_runs_record(&runs->free, page);
    TER_CHECK((*run)->state != TER_PAGE_RUN_NONE && (*run)->pages > 0);
    return ter_free_runs_address(&runs->free, page);
}

uintptr_t ter_page_runs_next_used(const struct ter_page_runs *runs, uintptr_t from)
{
    const struct ter_page_run_record *run;

    while ((from = ter_page_runs_next(runs, from, &run)) != 0 && run->state != TER_PAGE_RUN_USED)
        from += (uintptr_t)run->pages << TER_LOG_BYTES_IN_PAGE;
    return from;
}
