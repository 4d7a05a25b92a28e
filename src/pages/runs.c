/* SPDX-License-Identifier: MIT */
#include "pages/pages.h"

_Static_assert(sizeof(struct ter_run_record) == 16, "spec PAGE_RUN has 2^7 bits");

/* How many runs of one bin are looked at before a larger bin is opened. */
#define BIN_PROBES 64u

void ter_runs_init(struct ter_runs *runs, struct ter_range *range, struct ter_ground *ground)
{
    *runs = (struct ter_runs){.range = range, .ground = ground};
}

static uintptr_t page_address(const struct ter_runs *runs, size_t page)
{
    return runs->range->start + ((uintptr_t)page << TER_LOG_BYTES_IN_PAGE);
}

static size_t page_index(const struct ter_runs *runs, uintptr_t address)
{
    return (address - runs->range->start) >> TER_LOG_BYTES_IN_PAGE;
}

static struct ter_run_record *record_of(const struct ter_runs *runs, size_t page)
{
    return ter_runs_record(runs->ground, page_address(runs, page));
}

static void set_pages(struct ter_run_record *record, size_t pages)
{
    TER_CHECK(pages < (size_t)1 << 29);
    record->pages = (uint32_t)pages & ((UINT32_C(1) << 29) - 1);
}

static size_t mapped_pages(const struct ter_runs *runs)
{
    return atomic_load_explicit(&runs->range->mapped_bytes, memory_order_relaxed) >>
           TER_LOG_BYTES_IN_PAGE;
}

static unsigned bin_of(size_t pages)
{
    return ter_log2(pages);
}

/* ---- Free runs ---- */

static void bin_insert(struct ter_runs *runs, size_t page, size_t pages, bool zeroed)
{
    struct ter_run_record *first = record_of(runs, page);
    struct ter_run_record *last = record_of(runs, page + pages - 1);
    uint32_t *head = &runs->bins[bin_of(pages)];

    *last = (struct ter_run_record){
        .state = TER_RUN_FREE, .zeroed = zeroed, .back = (uint32_t)(pages - 1)};
    set_pages(first, pages);
    first->state = TER_RUN_FREE;
    first->zeroed = zeroed;
    first->back = 0;
    first->next = *head;
    first->prev = 0;
    if (*head != 0)
        record_of(runs, *head - 1)->prev = (uint32_t)page + 1;
    *head = (uint32_t)page + 1;
}

static void bin_remove(struct ter_runs *runs, size_t page)
{
    const struct ter_run_record *run = record_of(runs, page);

    TER_CHECK(run->state == TER_RUN_FREE && run->back == 0);
    if (run->prev != 0)
        record_of(runs, run->prev - 1)->next = run->next;
    else
        runs->bins[bin_of(run->pages)] = run->next;
    if (run->next != 0)
        record_of(runs, run->next - 1)->prev = run->prev;
}

/* Adds a free run, joined with its free neighbours of the same sort. */
static void insert_joined(struct ter_runs *runs, size_t page, size_t pages, bool zeroed)
{
    size_t after = page + pages;

    if (page > 0 && record_of(runs, page - 1)->state == TER_RUN_FREE &&
        record_of(runs, page - 1)->zeroed == zeroed) {
        size_t before = page - 1 - record_of(runs, page - 1)->back;

        bin_remove(runs, before);
        pages += page - before;
        page = before;
    }
    if (after < mapped_pages(runs) && record_of(runs, after)->state == TER_RUN_FREE &&
        record_of(runs, after)->zeroed == zeroed) {
        bin_remove(runs, after);
        pages += record_of(runs, after)->pages;
    }
    bin_insert(runs, page, pages, zeroed);
}

/* Index of a free run of at least `pages` pages; SIZE_MAX if there is none. */
static size_t find_free(const struct ter_runs *runs, size_t pages)
{
    uint32_t link = runs->bins[bin_of(pages)];

    for (unsigned probe = 0; link != 0 && probe < BIN_PROBES; probe++) {
        const struct ter_run_record *run = record_of(runs, link - 1);

        if (run->pages >= pages)
            return link - 1;
        link = run->next;
    }
    for (unsigned bin = bin_of(pages) + 1; bin < TER_RUN_BINS; bin++)
        if (runs->bins[bin] != 0)
            return runs->bins[bin] - 1;
    return SIZE_MAX;
}

/* ---- Used runs ---- */

static void mark_used(struct ter_runs *runs, size_t page, size_t from, size_t pages)
{
    for (size_t i = from; i < pages; i++)
        *record_of(runs, page + i) =
            (struct ter_run_record){.state = TER_RUN_USED, .back = (uint32_t)i};
    set_pages(record_of(runs, page), pages);
}

static void count_used(struct ter_runs *runs, size_t pages)
{
    runs->used_pages += pages;
    ter_accounting_add(&runs->ground->accounting, pages << TER_LOG_BYTES_IN_PAGE);
}

/* Cuts the first `pages` pages off a free run. */
static void take_from_free(struct ter_runs *runs, size_t page, size_t pages)
{
    size_t length = record_of(runs, page)->pages;
    bool zeroed = record_of(runs, page)->zeroed;

    bin_remove(runs, page);
    if (length > pages)
        bin_insert(runs, page + pages, length - pages, zeroed);
}

static ter_status grow_runs(struct ter_runs *runs, size_t pages)
{
    size_t before = mapped_pages(runs);
    size_t chunks = ter_bytes_to_chunks_up(pages << TER_LOG_BYTES_IN_PAGE);
    ter_status status = ter_range_grow(runs->range, runs->ground, chunks);

    if (status == TER_OK)
        insert_joined(runs, before, chunks * TER_PAGES_IN_CHUNK, true);
    return status;
}

ter_status ter_runs_acquire(struct ter_runs *runs, size_t pages, uintptr_t *start, bool *zeroed)
{
    size_t page;

    if (pages == 0 || pages > runs->range->extent_bytes >> TER_LOG_BYTES_IN_PAGE)
        return TER_ERROR_NO_ADDRESS_SPACE;
    page = find_free(runs, pages);
    if (page == SIZE_MAX) {
        ter_status status = grow_runs(runs, pages);

        if (status != TER_OK)
            return status;
        page = find_free(runs, pages);
        TER_CHECK(page != SIZE_MAX);
    }
    *zeroed = record_of(runs, page)->zeroed;
    take_from_free(runs, page, pages);
    mark_used(runs, page, 0, pages);
    count_used(runs, pages);
    *start = page_address(runs, page);
    return TER_OK;
}

size_t ter_runs_pages(const struct ter_runs *runs, uintptr_t start)
{
    const struct ter_run_record *run = record_of(runs, page_index(runs, start));

    TER_CHECK(run->state == TER_RUN_USED && run->back == 0);
    return run->pages;
}

void ter_runs_release(struct ter_runs *runs, uintptr_t start)
{
    size_t page = page_index(runs, start);
    size_t pages = ter_runs_pages(runs, start);

    for (size_t i = 0; i < pages; i++)
        record_of(runs, page + i)->state = TER_RUN_NONE;
    runs->used_pages -= pages;
    ter_accounting_subtract(&runs->ground->accounting, pages << TER_LOG_BYTES_IN_PAGE);
    insert_joined(runs, page, pages, false);
}

bool ter_runs_extend(struct ter_runs *runs, uintptr_t start, size_t pages)
{
    size_t page = page_index(runs, start);
    size_t length = ter_runs_pages(runs, start);
    size_t after = page + length;

    TER_CHECK(pages > length);
    if (after >= mapped_pages(runs) || record_of(runs, after)->state != TER_RUN_FREE ||
        record_of(runs, after)->pages < pages - length)
        return false;
    take_from_free(runs, after, pages - length);
    mark_used(runs, page, length, pages);
    count_used(runs, pages - length);
    return true;
}

uintptr_t ter_runs_next_used(const struct ter_runs *runs, uintptr_t from)
{
    size_t end = mapped_pages(runs);
    size_t page = from == 0 ? 0 : page_index(runs, from);

    while (page < end) {
        const struct ter_run_record *run = record_of(runs, page);

        if (run->state == TER_RUN_USED)
            return page_address(runs, page);
        TER_CHECK(run->state == TER_RUN_FREE && run->pages > 0);
        page += run->pages;
    }
    return 0;
}
