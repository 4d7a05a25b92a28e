/* SPDX-License-Identifier: MIT */
/*
 * Monotone page resource: a space's chunks handed out page by page, upwards, and given back all at
 * once. For spaces that empty as a whole: what was copied from, what a collection lets go.
 *
 * Invariant: pages below `cursor` of the stretch that came last, and all of the stretches before
 * it, are handed out or were skipped; [cursor, limit) reads zero and has no owner. All under the
 * heap lock.
 */
#pragma once

#include "pages/range.h"

struct ter_monotone {
    struct ter_range *range;
    struct ter_arena *arena;
    uintptr_t cursor;
    uintptr_t limit;
    size_t used_pages; /* handed out; skipped pages are not counted */
};

void ter_monotone_init(struct ter_monotone *monotone, struct ter_range *range,
                       struct ter_arena *arena);

/*
 * The next `pages` pages side by side; they read zero. What is left of a stretch that is too short
 * is skipped, unless the next chunks join it. TER_ERROR_NO_MEMORY or TER_ERROR_NO_ADDRESS_SPACE
 * when the space cannot grow.
 */
ter_status ter_monotone_acquire(struct ter_monotone *monotone, size_t pages, uintptr_t *start);

/*
 * Gives everything back: nothing in the space is used any more. Chunks that the system does not
 * take stay the space's, and are handed out again only after a later call has given them back.
 */
ter_status ter_monotone_release_all(struct ter_monotone *monotone);
