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
 */
#pragma once

#include "base/base.h"

struct ter_futile {
    unsigned in_a_row;
    unsigned tries;  /* collections for requests that came after a failure */
    unsigned passes; /* requests that are yet to fail without one */
    bool failed;     /* the last request */
};

/* Memory is out, in a heap of `limit_bytes`: is there to be a collection? Else the request fails.
 * `allocated_bytes`: since the last collection. */
bool ter_futile_may_collect(struct ter_futile *futile, size_t allocated_bytes, size_t limit_bytes);
