/* SPDX-License-Identifier: MIT */
/* What is kept of a page: the record of a run, in side metadata. See page_runs.h. */
#pragma once

#include "pages/range.h"

enum ter_page_run_state { TER_PAGE_RUN_NONE = 0, TER_PAGE_RUN_FREE = 1, TER_PAGE_RUN_USED = 2 };

struct ter_page_run_record {
    uint32_t pages : 29; /* first page only: length of the run */
    uint32_t state : 2;  /* where a run has a record; none elsewhere */
    uint32_t zeroed : 1; /* first and last page of a free run: every page of it reads zero */
    uint32_t back;       /* pages back to the first one; 0 on the first */
    uint32_t next;       /* free: 1 + index of the next free run of the bin, 0 for none */
    uint32_t prev;
};

TER_INLINE struct ter_page_run_record *ter_page_run_of(const struct ter_arena *arena,
                                                       uintptr_t address)
{
    return TER_SIDE_RECORD(arena->side, PAGE_RUN, address);
}

TER_INLINE void ter_page_run_set_pages(struct ter_page_run_record *record, size_t pages)
{
    TER_CHECK(pages < (size_t)1 << 29);
    record->pages = (uint32_t)pages & ((UINT32_C(1) << 29) - 1);
}
