/* SPDX-License-Identifier: MIT */
/* Page runs: giving the memory of free ones back. */
#include "pages/pages.h"

/*
 * Takes the memory of the last `most` bytes of a free run of dirty pages; only whole pages of the
 * system go.
 */
static size_t clean_run(struct ter_page_runs *runs, size_t page, size_t pages, size_t most)
{
    size_t unit = ter_max(ter_os_page_size() >> TER_LOG_BYTES_IN_PAGE, 1);
    size_t first = ter_align_up(page, unit), end = ter_align_down(page + pages, unit);
    size_t bytes;

    if (ter_free_runs_record(&runs->free, page)->zeroed || first >= end)
        return 0;
    if (most < (end - first) << TER_LOG_BYTES_IN_PAGE)
        first = ter_align_down(end - ter_bytes_to_pages_up(most), unit);
    bytes = (end - first) << TER_LOG_BYTES_IN_PAGE;
    if (ter_os_decommit(ter_free_runs_address(&runs->free, first), bytes) != TER_OK)
        return 0;
    ter_free_runs_remove(&runs->free, page);
    if (page < first)
        ter_free_runs_insert(&runs->free, page, first - page, false);
    if (end < page + pages)
        ter_free_runs_insert(&runs->free, end, page + pages - end, false);
    ter_accounting_add_clean(&runs->free.arena->accounting, bytes);
    ter_free_runs_add(&runs->free, first, end - first, true);
    return bytes;
}

/* Gives the whole chunks of a clean run to the arena; its ends stay. */
static size_t return_chunks_of_run(struct ter_page_runs *runs, size_t page, size_t pages,
                                   size_t most)
{
    size_t first = ter_align_up(page, TER_PAGES_IN_CHUNK);
    size_t end = ter_align_down(page + pages, TER_PAGES_IN_CHUNK);
    size_t bytes = (end - first) << TER_LOG_BYTES_IN_PAGE;

    (void)most;
    if (!ter_free_runs_record(&runs->free, page)->zeroed || first >= end)
        return 0;
    ter_free_runs_remove(&runs->free, page);
    if (ter_range_return(runs->free.range, runs->free.arena,
                         ter_free_runs_address(&runs->free, first),
                         bytes >> TER_LOG_BYTES_IN_CHUNK) != TER_OK) {
        ter_free_runs_insert(&runs->free, page, pages, true);
        return 0;
    }
    ter_accounting_subtract_clean(&runs->free.arena->accounting, bytes);
    if (page < first)
        ter_free_runs_insert(&runs->free, page, first - page, true);
    if (end < page + pages)
        ter_free_runs_insert(&runs->free, end, page + pages - end, true);
    return bytes;
}

/* Does something with the free runs, from the top, until it has done that for `wanted` bytes. */
static size_t for_free_runs(struct ter_page_runs *runs, size_t wanted,
                            size_t (*act)(struct ter_page_runs *runs, size_t page, size_t pages,
                                          size_t most))
{
    size_t end = ter_free_runs_hull(&runs->free), done = 0;

    while (end > 0 && done < wanted) {
        size_t page = ter_align_down(end - 1, TER_PAGES_IN_CHUNK);

        if (ter_free_runs_has(&runs->free, end - 1)) {
            page = end - 1 - ter_free_runs_record(&runs->free, end - 1)->back;
            if (ter_free_runs_record(&runs->free, page)->state == TER_PAGE_RUN_FREE)
                done += act(runs, page, end - page, wanted - done);
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
