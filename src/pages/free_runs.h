/* SPDX-License-Identifier: MIT */
/*
 * The free runs of pages of one space: where they are, and the best of them for a request.
 *
 * Invariant: a free run is in the bin of its sort and of the logarithm of its length, and in no
 * other. *Dirty* runs have memory of the system's behind them; *clean* ones read zero and have
 * none. Free runs side by side, which differ in that, are a stretch, and may be taken as one.
 *
 * For page runs alone (page_runs.h), which have the rest of the pages. All under the heap lock.
 */
#pragma once

#include "pages/page_run.h"

#define TER_PAGE_RUN_BINS 32u

struct ter_free_runs {
    struct ter_range *range;
    struct ter_arena *arena;
    uint32_t bins[2][TER_PAGE_RUN_BINS]; /* dirty, clean: 1 + index of the first */
};

/* Free pages that are to be used, and the first free run of which they are a part. */
struct ter_free_window {
    size_t run;
    size_t page;
};

TER_INLINE uintptr_t ter_free_runs_address(const struct ter_free_runs *runs, size_t page)
{
    return runs->range->start + ((uintptr_t)page << TER_LOG_BYTES_IN_PAGE);
}

TER_INLINE size_t ter_free_runs_index(const struct ter_free_runs *runs, uintptr_t address)
{
    return (address - runs->range->start) >> TER_LOG_BYTES_IN_PAGE;
}

TER_INLINE struct ter_page_run_record *ter_free_runs_record(const struct ter_free_runs *runs,
                                                            size_t page)
{
    return ter_page_run_of(runs->arena, ter_free_runs_address(runs, page));
}

/* Pages up to the end of the highest chunk. */
TER_INLINE size_t ter_free_runs_hull(const struct ter_free_runs *runs)
{
    return atomic_load_explicit(&runs->range->mapped_bytes, memory_order_relaxed) >>
           TER_LOG_BYTES_IN_PAGE;
}

/* May the record of this page be read, and is there memory? Asked where a chunk may end. */
TER_INLINE bool ter_free_runs_has(const struct ter_free_runs *runs, size_t page)
{
    return ter_range_holds(runs->range, runs->arena, ter_free_runs_address(runs, page));
}

/* A free run that no neighbour of its sort lies beside. */
void ter_free_runs_insert(struct ter_free_runs *runs, size_t page, size_t pages, bool zeroed);
/* Its records say nothing any more: they may come to lie in the middle of a run. */
void ter_free_runs_remove(struct ter_free_runs *runs, size_t page);
/* A free run, joined with its free neighbours of the same sort. */
void ter_free_runs_add(struct ter_free_runs *runs, size_t page, size_t pages, bool zeroed);

/*
 * `pages` free pages side by side, with memory behind them as far as may be. False: none are found;
 * where there are many runs, not all are looked at.
 */
bool ter_free_runs_find(const struct ter_free_runs *runs, size_t pages,
                        struct ter_free_window *window);
/* Are there so many free pages from `page` on? */
bool ter_free_runs_reach(const struct ter_free_runs *runs, size_t page, size_t pages);
/* Takes pages that were found; they are in no run then. True: all of them read zero. */
bool ter_free_runs_take(struct ter_free_runs *runs, struct ter_free_window window, size_t pages);
