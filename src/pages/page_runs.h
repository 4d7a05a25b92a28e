/* SPDX-License-Identifier: MIT */
/*
 * Free-list page resource: a space's chunks cut into page runs.
 *
 * Invariant: the space's chunks are divided without gaps into runs, each used or free. The record
 * of a run's first page says its length and state; that of its last page how far back the first one
 * is. So do those of a used run's other pages in its first chunk; in a further chunk they say
 * nothing, and one value of the chunk says how far back from its first page the run begins, 0 for
 * no such run. So what a run of any length writes is next to nothing. Two free runs are never
 * neighbours when both or neither read zero. All changes under the heap lock; the record of a used
 * run may be read by whoever holds an object in it, or by the collector. Whoever else asks where
 * the run of a word begins may get anything, and looks whether an object is there.
 *
 * Bins by binary logarithm of the length, first fit in a bin, after Knuth's boundary tags
 * (The Art of Computer Programming, vol. 1, 2.5).
 */
#pragma once

#include "pages/free_runs.h"

/* What a range needs whose pages are cut into runs. */
#define TER_PAGE_RUNS_SIDE (TER_SIDE_SET(PAGE_RUN) | TER_SIDE_SET(CHUNK_RUN))

struct ter_page_runs {
    struct ter_free_runs free;
    size_t used_pages;
};

void ter_page_runs_init(struct ter_page_runs *runs, struct ter_range *range,
                        struct ter_arena *arena);

/*
 * Takes `pages` pages, without asking the limit: free ones with memory behind them before others.
 * *zeroed says that they read zero.
 */
ter_status ter_page_runs_acquire(struct ter_page_runs *runs, size_t pages, uintptr_t *start,
                                 bool *zeroed);
/* Gives the used run that begins at `start` back. */
void ter_page_runs_release(struct ter_page_runs *runs, uintptr_t start);
/*
 * Makes the used run at `start` longer in place when what follows is free. *zeroed: what is new
 * reads zero.
 */
bool ter_page_runs_extend(struct ter_page_runs *runs, uintptr_t start, size_t pages, bool *zeroed);

/*
 * Gives `bytes` of memory of free runs, if there is so much, back to the system, from the top, up
 * to a page; whole chunks without memory leave the space. Returns the bytes.
 */
size_t ter_page_runs_trim(struct ter_page_runs *runs, size_t bytes);

/* Length of the used run that begins at `start`. */
size_t ter_page_runs_pages(const struct ter_page_runs *runs, uintptr_t start);

/* The same where the page has no record: that of a run from an earlier chunk. */
uintptr_t ter_page_runs_find_far(const struct ter_arena *arena, uintptr_t word);

/* First page of the used run that covers the mapped address `word`; 0 if the page is free. */
TER_INLINE uintptr_t ter_page_runs_find(const struct ter_arena *arena, uintptr_t word)
{
    const struct ter_page_run_record *record = ter_page_run_of(arena, word);
    uintptr_t page = ter_align_down(word, TER_BYTES_IN_PAGE);

    if (record->state != TER_PAGE_RUN_USED)
        return ter_page_runs_find_far(arena, word);
    return page - ((uintptr_t)record->back << TER_LOG_BYTES_IN_PAGE);
}

/*
 * The used runs in address order: the first one at or above `from` (0 or an address of the range),
 * 0 when there is none. Pass the end of a run to get the next.
 */
uintptr_t ter_page_runs_next_used(const struct ter_page_runs *runs, uintptr_t from);
/* The same of all runs, used or free; *run is the record of its first page. */
uintptr_t ter_page_runs_next(const struct ter_page_runs *runs, uintptr_t from,
                             const struct ter_page_run_record **run);
