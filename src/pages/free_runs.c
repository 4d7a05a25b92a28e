/* SPDX-License-Identifier: MIT */
#include "pages/pages.h"

/* How many runs are looked at for one of a certain sort, and for how many around one of them. */
#define BIN_PROBES 64u

static unsigned bin_of(size_t pages)
{
    return ter_log2(pages);
}

static bool is_free_page(const struct ter_free_runs *runs, size_t page)
{
    return ter_free_runs_has(runs, page) &&
           ter_free_runs_record(runs, page)->state == TER_PAGE_RUN_FREE;
}

/* ---- Bins ---- */

void ter_free_runs_insert(struct ter_free_runs *runs, size_t page, size_t pages, bool zeroed)
{
    struct ter_page_run_record *first = ter_free_runs_record(runs, page);
    struct ter_page_run_record *last = ter_free_runs_record(runs, page + pages - 1);
    uint32_t *head = &runs->bins[zeroed][bin_of(pages)];

    *last = (struct ter_page_run_record){
        .state = TER_PAGE_RUN_FREE, .zeroed = zeroed, .back = (uint32_t)(pages - 1)};
    ter_page_run_set_pages(first, pages);
    first->state = TER_PAGE_RUN_FREE;
    first->zeroed = zeroed;
    first->back = 0;
    first->next = *head;
    first->prev = 0;
    if (*head != 0)
        ter_free_runs_record(runs, *head - 1)->prev = (uint32_t)page + 1;
    *head = (uint32_t)page + 1;
}

void ter_free_runs_remove(struct ter_free_runs *runs, size_t page)
{
    struct ter_page_run_record *run = ter_free_runs_record(runs, page);

    TER_CHECK(run->state == TER_PAGE_RUN_FREE && run->back == 0);
    if (run->prev != 0)
        ter_free_runs_record(runs, run->prev - 1)->next = run->next;
    else
        runs->bins[run->zeroed][bin_of(run->pages)] = run->next;
    if (run->next != 0)
        ter_free_runs_record(runs, run->next - 1)->prev = run->prev;
    ter_free_runs_record(runs, page + run->pages - 1)->state = TER_PAGE_RUN_NONE;
    run->state = TER_PAGE_RUN_NONE;
}

/* ---- Neighbours ---- */

/* First page of the free run that ends at `page`; `page` itself if there is none. */
static size_t free_before(const struct ter_free_runs *runs, size_t page)
{
    if (page == 0 || !is_free_page(runs, page - 1))
        return page;
    return page - 1 - ter_free_runs_record(runs, page - 1)->back;
}

/* End of the free run that begins at `page`; `page` itself if there is none. */
static size_t free_after(const struct ter_free_runs *runs, size_t page)
{
    return is_free_page(runs, page) ? page + ter_free_runs_record(runs, page)->pages : page;
}

void ter_free_runs_add(struct ter_free_runs *runs, size_t page, size_t pages, bool zeroed)
{
    size_t before = free_before(runs, page), end = free_after(runs, page + pages);

    if (before != page && ter_free_runs_record(runs, before)->zeroed == zeroed) {
        ter_free_runs_remove(runs, before);
        pages += page - before;
        page = before;
    }
    if (end != page + pages && ter_free_runs_record(runs, page + pages)->zeroed == zeroed) {
        ter_free_runs_remove(runs, page + pages);
        pages = end - page;
    }
    ter_free_runs_insert(runs, page, pages, zeroed);
}

/* How far free runs reach from `page` up, once that is `pages` pages or more. */
static size_t stretch_up(const struct ter_free_runs *runs, size_t page, size_t pages)
{
    size_t end = page, next = free_after(runs, page);

    for (unsigned i = 0; i < BIN_PROBES && next != end && next - page < pages; i++) {
        end = next;
        next = free_after(runs, end);
    }
    return next;
}

/* And down from `page`, which has `pages` pages too few. */
static size_t stretch_down(const struct ter_free_runs *runs, size_t page, size_t pages)
{
    size_t start = page, next = free_before(runs, page);

    for (unsigned i = 0; i < BIN_PROBES && next != start && page - next < pages; i++) {
        start = next;
        next = free_before(runs, start);
    }
    return next;
}

bool ter_free_runs_reach(const struct ter_free_runs *runs, size_t page, size_t pages)
{
    return stretch_up(runs, page, pages) - page >= pages;
}

/* ---- Finding ---- */

/* Index of a free run of that sort of at least `pages` pages; SIZE_MAX if there is none. */
static size_t find_one(const struct ter_free_runs *runs, size_t pages, bool zeroed)
{
    const uint32_t *bins = runs->bins[zeroed];
    uint32_t link = bins[bin_of(pages)];

    for (unsigned probe = 0; link != 0 && probe < BIN_PROBES; probe++) {
        const struct ter_page_run_record *run = ter_free_runs_record(runs, link - 1);

        if (run->pages >= pages)
            return link - 1;
        link = run->next;
    }
    for (unsigned bin = bin_of(pages) + 1; bin < TER_PAGE_RUN_BINS; bin++)
        if (bins[bin] != 0)
            return bins[bin] - 1;
    return SIZE_MAX;
}

/* In the free run at `page` and those above, then in those below. */
static bool find_around(const struct ter_free_runs *runs, size_t page, size_t pages,
                        struct ter_free_window *window)
{
    size_t end = stretch_up(runs, page, pages), start;

    if (end - page >= pages) {
        *window = (struct ter_free_window){page, page};
        return true;
    }
    start = stretch_down(runs, page, pages - (end - page));
    *window = (struct ter_free_window){start, end - pages};
    return end - start >= pages;
}

/* Around a dirty run that is too short by itself, the longest first. */
static bool find_stretch(const struct ter_free_runs *runs, size_t pages,
                         struct ter_free_window *window)
{
    unsigned probes = 0;

    for (unsigned bin = bin_of(pages) + 1; bin-- > 0;)
        for (uint32_t link = runs->bins[false][bin]; link != 0 && probes < BIN_PROBES; probes++) {
            if (find_around(runs, link - 1, pages, window))
                return true;
            link = ter_free_runs_record(runs, link - 1)->next;
        }
    return false;
}

/* Clean pages last: to take them while others lie idle would make the system take those. */
bool ter_free_runs_find(const struct ter_free_runs *runs, size_t pages,
                        struct ter_free_window *window)
{
    size_t page = find_one(runs, pages, false);

    if (page == SIZE_MAX && find_stretch(runs, pages, window))
        return true;
    if (page == SIZE_MAX)
        page = find_one(runs, pages, true);
    *window = (struct ter_free_window){page, page};
    return page != SIZE_MAX;
}

/* ---- Taking ---- */

/* Cuts [from, end) out of the free run at `page`. True: it read zero. */
static bool cut(struct ter_free_runs *runs, size_t page, size_t from, size_t end)
{
    size_t run_end = page + ter_free_runs_record(runs, page)->pages;
    bool zeroed = ter_free_runs_record(runs, page)->zeroed;

    ter_free_runs_remove(runs, page);
    if (page < from)
        ter_free_runs_insert(runs, page, from - page, zeroed);
    if (end < run_end)
        ter_free_runs_insert(runs, end, run_end - end, zeroed);
    if (zeroed)
        ter_accounting_subtract_clean(&runs->arena->accounting, (end - from)
                                                                    << TER_LOG_BYTES_IN_PAGE);
    return zeroed;
}

bool ter_free_runs_take(struct ter_free_runs *runs, struct ter_free_window window, size_t pages)
{
    size_t end = window.page + pages, page = window.page, run = window.run;
    bool zeroed = true;

    while (page < end) {
        size_t next = ter_min(run + ter_free_runs_record(runs, run)->pages, end);

        zeroed &= cut(runs, run, page, next);
        page = run = next;
    }
    return zeroed;
}
