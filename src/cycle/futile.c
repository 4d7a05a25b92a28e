/* SPDX-License-Identifier: MIT */
#include "cycle/futile.h"

#define LITTLE_PART 256u
#define MOST_IN_A_ROW 16u
#define FREE_TRIES 8u
#define LOG_MOST_PASSES 6u

static bool fail(struct ter_futile *futile)
{
    futile->failed = true;
    return false;
}

/* Another request after one that failed. */
static bool try_again(struct ter_futile *futile)
{
    unsigned more;

    if (futile->passes > 0) {
        futile->passes--;
        return false;
    }
    futile->tries++;
    more = futile->tries > FREE_TRIES ? futile->tries - FREE_TRIES : 0;
    futile->passes = (1u << (more < LOG_MOST_PASSES ? more : LOG_MOST_PASSES)) - 1;
    futile->failed = false;
    return true;
}

bool ter_futile_may_collect(struct ter_futile *futile, size_t allocated_bytes, size_t limit_bytes)
{
    if (allocated_bytes > limit_bytes / LITTLE_PART) {
        *futile = (struct ter_futile){0};
        return true;
    }
    if (futile->failed)
        return try_again(futile);
    if (allocated_bytes == 0)
        return fail(futile);
    if (futile->in_a_row == MOST_IN_A_ROW)
        return fail(futile);
    futile->in_a_row++;
    return true;
}
