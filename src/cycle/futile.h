/* SPDX-License-Identifier: MIT */
/*
 * When a heap that is full gives up, rather than that collections which free next to nothing follow
 * each other. Counts alone: no clock.
 *
 * A collection is futile when less was allocated after it than one byte in 256 of what the heap may
 * have, before memory was out again. The first that frees nothing at all for a request ends it: the
 * allocation fails. After sixteen futile ones in a row it fails though there may be a cell or two.
 * Whoever asks again may have let go of something: eight times there is a collection first; then
 * one for the second, fourth ... and at last every 64th time.
 *
 * All that is kept for each size of requests by itself: those that a block of cells serves, and
 * larger ones by powers of two. What small requests get says nothing of a large one, so that is
 * only thought to have been served when as much as it asks for was allocated; and where a large one
 * can never be served, a small one is collected for all the same.
 */
#pragma once

#include "base/base.h"

/* Small requests, and powers of two. */
#define TER_FUTILE_SIZES 64u

/* Of requests of one size. */
struct ter_futile_series {
    uint64_t since;    /* of `allocated` below, when a collection was last granted */
    unsigned in_a_row; /* futile ones */
    unsigned tries;    /* collections for requests that came after a failure */
    unsigned passes;   /* requests that are yet to fail without one */
    bool failed;       /* the last request */
};

struct ter_futile {
    struct ter_futile_series of[TER_FUTILE_SIZES];
    uint64_t allocated; /* bytes, up to the last collection */
    /* Sizes, and 1; 0: none. */
    unsigned asks;       /* for whom a collection is to come now */
    unsigned served_for; /* for whom the last one came */
};

/* A collection comes for a request of so many bytes; 0: for another reason, or it did not come. */
void ter_futile_ask(struct ter_futile *futile, size_t bytes);
/* One took place; `allocated_bytes` were handed out since the one before. */
void ter_futile_collected(struct ter_futile *futile, size_t allocated_bytes);
/* Memory is out for a request of `bytes`, in a heap of `limit_bytes`: is there to be a collection?
 * Else the request fails. `allocated_bytes`: since the last collection. */
bool ter_futile_may_collect(struct ter_futile *futile, size_t bytes, size_t allocated_bytes,
                            size_t limit_bytes);
/* The program asked for a collection: all begins anew. */
void ter_futile_forget(struct ter_futile *futile);
