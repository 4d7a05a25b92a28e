/* SPDX-License-Identifier: MIT */
/*
 * Page resource of who wants to find uses of memory that is gone: runs of pages that are used once.
 *
 * A run is taken from pages that nobody ever had, as long as there are any, and when it is given up
 * its memory goes back to the system and its pages are never to be touched again. Nor are those
 * that no run has, and one page of the system lies between each run and the next.
 *
 * Invariant: of the space's chunks just the pages of runs that are used can be touched. What is
 * short makes exceptions, and a warning says so, once for a space: when mappings are short
 * (ter_os_most_mappings: what can be touched and what cannot are mappings of their own), first no
 * page is left between runs, then runs that were given up can still be touched, read zero and are
 * not used again; when addresses are short, pages are used again, those that were given up first
 * before others.
 *
 * The record of a page, in the table PAGE_RUN, says how far back its run begins; that of the
 * first page what the run is. It stays when the run is given up, until its pages are used again.
 * The value of a chunk in the table CHUNK_RUN is how many of its pages are in runs that can be
 * touched. All changes under the heap lock. Whoever else asks gets some answer, and looks whether
 * there is an object.
 */
#pragma once

#include "pages/page_runs.h"

enum ter_guarded_state {
    TER_GUARDED_NEVER = 0, /* no run begins here */
    TER_GUARDED_USED,
    TER_GUARDED_LEFT, /* given up, and to be closed: until then its memory counts as used */
    TER_GUARDED_OPEN, /* given up without memory, but it can still be touched */
    TER_GUARDED_GONE  /* given up */
};

struct ter_guarded_page {
    uint32_t back;  /* pages back to the first one of the run */
    uint32_t pages; /* first page only: of the run */
    uint32_t state; /* first page only: an enum ter_guarded_state */
};

struct ter_guarded_runs {
    struct ter_range *range;
    struct ter_arena *arena;
    size_t unit_bytes;              /* a page of the system, and at least one of ours */
    uintptr_t cursor, limit;        /* where the next runs come from */
    uintptr_t again;                /* where pages to be used again are looked for next */
    uintptr_t forgotten;            /* chunks below have no records of what was given up */
    uintptr_t left_start, left_end; /* what is to be closed in one go; 0: nothing */
    size_t mappings;                /* between pages that can be touched and others */
    size_t used_pages;              /* of used runs */
    bool said_crowded, said_open, said_again; /* the warnings */
};

void ter_guarded_runs_init(struct ter_guarded_runs *runs, struct ter_range *range,
                           struct ter_arena *arena);
/* Its runs go with the chunks of the range; mappings are counted no more. */
void ter_guarded_runs_fini(const struct ter_guarded_runs *runs);

/* Bytes of a run for so many. */
TER_INLINE size_t ter_guarded_runs_bytes(const struct ter_guarded_runs *runs, size_t bytes)
{
    return ter_align_up(bytes, runs->unit_bytes);
}

/* Takes a run of `bytes` bytes, without asking the limit. It reads zero. */
ter_status ter_guarded_runs_take(struct ter_guarded_runs *runs, size_t bytes, uintptr_t *start);

/*
 * Gives up a run that can be touched: nobody uses it any more. It is closed with those beside it
 * that are given up next, from the bottom up, and at the latest by ter_guarded_runs_close.
 */
void ter_guarded_runs_leave(struct ter_guarded_runs *runs, uintptr_t start);
/* Takes memory and access from what was given up. */
void ter_guarded_runs_close(struct ter_guarded_runs *runs);

TER_INLINE struct ter_guarded_page *ter_guarded_page_of(const struct ter_arena *arena,
                                                        uintptr_t address)
{
    return TER_SIDE_RECORD(arena->side, PAGE_RUN, address);
}

/*
 * First page of the run that has or had `word`, which lies in a chunk of the range, and what it is;
 * 0: none is known.
 */
uintptr_t ter_guarded_runs_find(const struct ter_range *range, const struct ter_arena *arena,
                                uintptr_t word, enum ter_guarded_state *state);

/* Bytes of a run that was found. */
TER_INLINE size_t ter_guarded_run_bytes(const struct ter_arena *arena, uintptr_t start)
{
    return (size_t)__atomic_load_n(&ter_guarded_page_of(arena, start)->pages, __ATOMIC_RELAXED)
           << TER_LOG_BYTES_IN_PAGE;
}

/*
 * The runs that can be touched, used or given up, in address order: the first one at or above
 * `from` (0 or the end of another), 0 when there is none.
 */
uintptr_t ter_guarded_runs_next(const struct ter_guarded_runs *runs, uintptr_t from,
                                enum ter_guarded_state *state);

/* Stops with a line if what is counted is not what there is. */
void ter_guarded_runs_check(const struct ter_guarded_runs *runs);
