/* SPDX-License-Identifier: MIT */
#include "pages/pages.h"

_Static_assert(sizeof(struct ter_page_run_record) == 16, "spec PAGE_RUN has 2^7 bits");

/* How many runs of one bin are looked at before a larger bin is opened. */
#define BIN_PROBES 64u

void ter_page_runs_init(struct ter_page_runs *runs, struct ter_range *range,
                        struct ter_arena *arena)
{
    *runs = (struct ter_page_runs){.range = range, .arena = arena};
}

static uintptr_t page_address(const struct ter_page_runs *runs, size_t page)
{
    return runs->range->start + ((uintptr_t)page << TER_LOG_BYTES_IN_PAGE);
}

static size_t page_index(const struct ter_page_runs *runs, uintptr_t address)
{
    return (address - runs->range->start) >> TER_LOG_BYTES_IN_PAGE;
}

static struct ter_page_run_record *record_of(const struct ter_page_runs *runs, size_t page)
{
    return ter_page_runs_record(runs->arena, page_address(runs, page));
}

static void set_pages(struct ter_page_run_record *record, size_t pages)
{
    TER_CHECK(pages < (size_t)1 << 29);
    record->pages = (uint32_t)pages & ((UINT32_C(1) << 29) - 1);
}

/* Pages up to the end of the highest chunk. */
static size_t hull_pages(const struct ter_page_runs *runs)
{
    return atomic_load_explicit(&runs->range->mapped_bytes, memory_order_relaxed) >>
           TER_LOG_BYTES_IN_PAGE;
}

/* May the record of this page be read, and is there memory? Asked where a chunk may end. */
static bool has_page(const struct ter_page_runs *runs, size_t page)
{
    return ter_range_holds(runs->range, runs->arena, page_address(runs, page));
}

static bool is_free_run(const struct ter_page_runs *runs, size_t page, bool zeroed)
{
    const struct ter_page_run_record *record = record_of(runs, page);

    return record->state == TER_PAGE_RUN_FREE && record->zeroed == zeroed;
}

static unsigned bin_of(size_t pages)
{
    return ter_log2(pages);
}

/* ---- Free runs ---- */

static void bin_insert(struct ter_page_runs *runs, size_t page, size_t pages, bool zeroed)
{
    struct ter_page_run_record *first = record_of(runs, page);
    struct ter_page_run_record *last = record_of(runs, page + pages - 1);
    uint32_t *head = &runs->bins[bin_of(pages)];

    *last = (struct ter_page_run_record){
        .state = TER_PAGE_RUN_FREE, .zeroed = zeroed, .back = (uint32_t)(pages - 1)};
    set_pages(first, pages);
    first->state = TER_PAGE_RUN_FREE;
    first->zeroed = zeroed;
    first->back = 0;
    first->next = *head;
    first->prev = 0;
    if (*head != 0)
        record_of(runs, *head - 1)->prev = (uint32_t)page + 1;
    *head = (uint32_t)page + 1;
}

/* Its records say nothing any more: they may come to lie in the middle of a run. */
static void bin_remove(struct ter_page_runs *runs, size_t page)
{
    struct ter_page_run_record *run = record_of(runs, page);

    TER_CHECK(run->state == TER_PAGE_RUN_FREE && run->back == 0);
    if (run->prev != 0)
        record_of(runs, run->prev - 1)->next = run->next;
    else
        runs->bins[bin_of(run->pages)] = run->next;
    if (run->next != 0)
        record_of(runs, run->next - 1)->prev = run->prev;
    record_of(runs, page + run->pages - 1)->state = TER_PAGE_RUN_NONE;
    run->state = TER_PAGE_RUN_NONE;
}

/* Adds a free run, joined with its free neighbours of the same sort. */
static void insert_joined(struct ter_page_runs *runs, size_t page, size_t pages, bool zeroed)
{
    size_t after = page + pages;

    if (page > 0 && has_page(runs, page - 1) && is_free_run(runs, page - 1, zeroed)) {
        size_t before = page - 1 - record_of(runs, page - 1)->back;

        bin_remove(runs, before);
        pages += page - before;
        page = before;
    }
    if (has_page(runs, after) && is_free_run(runs, after, zeroed)) {
        pages += record_of(runs, after)->pages;
        bin_remove(runs, after);
    }
    bin_insert(runs, page, pages, zeroed);
}

/* Index of a free run of at least `pages` pages; SIZE_MAX if there is none. */
static size_t find_free(const struct ter_page_runs *runs, size_t pages)
{
    uint32_t link = runs->bins[bin_of(pages)];

    for (unsigned probe = 0; link != 0 && probe < BIN_PROBES; probe++) {
        const struct ter_page_run_record *run = record_of(runs, link - 1);

        if (run->pages >= pages)
            return link - 1;
        link = run->next;
    }
    for (unsigned bin = bin_of(pages) + 1; bin < TER_PAGE_RUN_BINS; bin++)
        if (runs->bins[bin] != 0)
            return runs->bins[bin] - 1;
    return SIZE_MAX;
}

/* ---- Used runs ---- */

/* Of a run's pages, those in the chunk in which it begins. */
static size_t pages_in_first_chunk(size_t page, size_t pages)
{
    return ter_min(pages, TER_PAGES_IN_CHUNK - page % TER_PAGES_IN_CHUNK);
}

static void set_chunk(const struct ter_page_runs *runs, size_t page, size_t back)
{
    ter_side_store_atomic(TER_SIDE_TABLE(runs->arena->side, CHUNK_RUN), page_address(runs, page),
                          back, __ATOMIC_RELAXED);
}

static void set_used(const struct ter_page_runs *runs, size_t page, size_t back)
{
    *record_of(runs, page + back) =
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
        record_of(runs, page + from - 1)->state = TER_PAGE_RUN_NONE;
    if (pages > near)
        set_used(runs, page, pages - 1);
    set_pages(record_of(runs, page), pages);
}

static void unmark_used(struct ter_page_runs *runs, size_t page, size_t pages)
{
    size_t near = pages_in_first_chunk(page, pages);

    for (size_t i = 0; i < near; i++)
        record_of(runs, page + i)->state = TER_PAGE_RUN_NONE;
    for (size_t i = near; i < pages; i += TER_PAGES_IN_CHUNK)
        set_chunk(runs, page + i, 0);
    record_of(runs, page + pages - 1)->state = TER_PAGE_RUN_NONE;
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
    record = ter_page_runs_record(arena, start);
    if (record->state != TER_PAGE_RUN_USED ||
        (word - start) >> TER_LOG_BYTES_IN_PAGE >= record->pages)
        return 0;
    return start;
}

static void count_used(struct ter_page_runs *runs, size_t pages)
{
    runs->used_pages += pages;
    ter_accounting_add(&runs->arena->accounting, pages << TER_LOG_BYTES_IN_PAGE);
}

/* Cuts the first `pages` pages off a free run. */
static void take_from_free(struct ter_page_runs *runs, size_t page, size_t pages)
{
    size_t length = record_of(runs, page)->pages;
    bool zeroed = record_of(runs, page)->zeroed;

    bin_remove(runs, page);
    if (length > pages)
        bin_insert(runs, page + pages, length - pages, zeroed);
    if (zeroed)
        ter_accounting_subtract_clean(&runs->arena->accounting, pages << TER_LOG_BYTES_IN_PAGE);
}

static ter_status grow_runs(struct ter_page_runs *runs, size_t pages)
{
    size_t chunks = ter_bytes_to_chunks_up(pages << TER_LOG_BYTES_IN_PAGE);
    uintptr_t start;
    ter_status status = ter_range_grow_in_parts(runs->range, runs->arena, chunks, &start);

    if (status != TER_OK)
        return status;
    ter_accounting_add_clean(&runs->arena->accounting, chunks << TER_LOG_BYTES_IN_CHUNK);
    insert_joined(runs, page_index(runs, start), chunks * TER_PAGES_IN_CHUNK, true);
    return TER_OK;
}

/* Free pages that were never used may lack their memory. */
static ter_status fill_pages(const struct ter_page_runs *runs, size_t page, size_t pages)
{
    if (!record_of(runs, page)->zeroed)
        return TER_OK;
    return ter_range_fill(runs->range, runs->arena, page_address(runs, page),
                          pages << TER_LOG_BYTES_IN_PAGE);
}

static ter_status find_or_grow(struct ter_page_runs *runs, size_t pages, size_t *page)
{
    ter_status status;

    *page = find_free(runs, pages);
    if (*page == SIZE_MAX) {
        status = grow_runs(runs, pages);
        if (status != TER_OK)
            return status;
        *page = find_free(runs, pages);
        TER_CHECK(*page != SIZE_MAX);
    }
    return fill_pages(runs, *page, pages);
}

ter_status ter_page_runs_acquire(struct ter_page_runs *runs, size_t pages, uintptr_t *start,
                                 bool *zeroed)
{
    ter_status status;
    size_t page;

    if (pages == 0 || pages > runs->range->extent_bytes >> TER_LOG_BYTES_IN_PAGE)
        return TER_ERROR_NO_ADDRESS_SPACE;
    status = find_or_grow(runs, pages, &page);
    if (status != TER_OK)
        return status;
    *zeroed = record_of(runs, page)->zeroed;
    take_from_free(runs, page, pages);
    mark_used(runs, page, 0, pages);
    count_used(runs, pages);
    *start = page_address(runs, page);
    ter_valgrind_defined(*start, pages << TER_LOG_BYTES_IN_PAGE);
    return TER_OK;
}

size_t ter_page_runs_pages(const struct ter_page_runs *runs, uintptr_t start)
{
    const struct ter_page_run_record *run = record_of(runs, page_index(runs, start));

    TER_CHECK(run->state == TER_PAGE_RUN_USED && run->back == 0);
    return run->pages;
}

void ter_page_runs_release(struct ter_page_runs *runs, uintptr_t start)
{
    size_t page = page_index(runs, start);
    size_t pages = ter_page_runs_pages(runs, start);

    unmark_used(runs, page, pages);
    runs->used_pages -= pages;
    ter_accounting_subtract(&runs->arena->accounting, pages << TER_LOG_BYTES_IN_PAGE);
    ter_valgrind_no_access(start, pages << TER_LOG_BYTES_IN_PAGE);
    insert_joined(runs, page, pages, false);
}

bool ter_page_runs_extend(struct ter_page_runs *runs, uintptr_t start, size_t pages, bool *zeroed)
{
    size_t page = page_index(runs, start);
    size_t length = ter_page_runs_pages(runs, start);
    size_t after = page + length;

    TER_CHECK(pages > length);
    if (!has_page(runs, after) || record_of(runs, after)->state != TER_PAGE_RUN_FREE ||
        record_of(runs, after)->pages < pages - length ||
        fill_pages(runs, after, pages - length) != TER_OK)
        return false;
    *zeroed = record_of(runs, after)->zeroed;
    take_from_free(runs, after, pages - length);
    mark_used(runs, page, length, pages);
    count_used(runs, pages - length);
    ter_valgrind_defined(page_address(runs, after), (pages - length) << TER_LOG_BYTES_IN_PAGE);
    return true;
}

uintptr_t ter_page_runs_next_used(const struct ter_page_runs *runs, uintptr_t from)
{
    size_t end = hull_pages(runs);
    size_t page = from == 0 ? 0 : page_index(runs, from);

    while (page < end) {
        const struct ter_page_run_record *run;

        if (!has_page(runs, page)) {
            page = ter_align_down(page, TER_PAGES_IN_CHUNK) + TER_PAGES_IN_CHUNK;
            continue;
        }
        run = record_of(runs, page);
        if (run->state == TER_PAGE_RUN_USED)
            return page_address(runs, page);
        TER_CHECK(run->state == TER_PAGE_RUN_FREE && run->pages > 0);
        page += run->pages;
    }
    return 0;
}

/* ---- Giving memory back ---- */

/* Takes the memory of a free run of dirty pages; only whole pages of the system go. */
static size_t clean_run(struct ter_page_runs *runs, size_t page, size_t pages)
{
    size_t unit = ter_max(ter_os_page_size() >> TER_LOG_BYTES_IN_PAGE, 1);
    size_t first = ter_align_up(page, unit), end = ter_align_down(page + pages, unit);
    size_t bytes;

    if (record_of(runs, page)->zeroed || first >= end)
        return 0;
    bytes = (end - first) << TER_LOG_BYTES_IN_PAGE;
    if (ter_os_decommit(page_address(runs, first), bytes) != TER_OK)
        return 0;
    bin_remove(runs, page);
    if (page < first)
        bin_insert(runs, page, first - page, false);
    if (end < page + pages)
        bin_insert(runs, end, page + pages - end, false);
    ter_accounting_add_clean(&runs->arena->accounting, bytes);
    insert_joined(runs, first, end - first, true);
    return bytes;
}

/* Gives the whole chunks of a clean run to the arena; its ends stay. */
static size_t return_chunks_of_run(struct ter_page_runs *runs, size_t page, size_t pages)
{
    size_t first = ter_align_up(page, TER_PAGES_IN_CHUNK);
    size_t end = ter_align_down(page + pages, TER_PAGES_IN_CHUNK);
    size_t bytes = (end - first) << TER_LOG_BYTES_IN_PAGE;

    if (!record_of(runs, page)->zeroed || first >= end)
        return 0;
    bin_remove(runs, page);
    if (ter_range_return(runs->range, runs->arena, page_address(runs, first),
                         bytes >> TER_LOG_BYTES_IN_CHUNK) != TER_OK) {
        bin_insert(runs, page, pages, true);
        return 0;
    }
    ter_accounting_subtract_clean(&runs->arena->accounting, bytes);
    if (page < first)
        bin_insert(runs, page, first - page, true);
    if (end < page + pages)
        bin_insert(runs, end, page + pages - end, true);
    return bytes;
}

/* Does something with the free runs, from the top, until it has done that for `wanted` bytes. */
static size_t for_free_runs(struct ter_page_runs *runs, size_t wanted,
                            size_t (*act)(struct ter_page_runs *runs, size_t page, size_t pages))
{
    size_t end = hull_pages(runs), done = 0;

    while (end > 0 && done < wanted) {
        size_t page = ter_align_down(end - 1, TER_PAGES_IN_CHUNK);

        if (has_page(runs, end - 1)) {
            page = end - 1 - record_of(runs, end - 1)->back;
            if (record_of(runs, page)->state == TER_PAGE_RUN_FREE)
                done += act(runs, page, end - page);
        }
        end = page;
    }
    return done;
}

size_t ter_page_runs_trim(struct ter_page_runs *runs, size_t bytes)
{
    size_t done = for_free_runs(runs, bytes, clean_run);

    for_free_runs(runs, SIZE_MAX, return_chunks_of_run);
    return done;
}
