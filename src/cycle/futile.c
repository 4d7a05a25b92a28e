/* SPDX-License-Identifier: MIT */
#include "cycle/futile.h"

#include "alloc/alloc.h"

#define LITTLE_PART 256u
#define MOST_IN_A_ROW 16u
#define FREE_TRIES 8u
#define LOG_MOST_PASSES 6u

/* Index of the size: 0 for what a block of cells serves. */
static unsigned size_of(size_t bytes)
{
    return bytes <= TER_BYTES_IN_BLOCK ? 0 : ter_log2(bytes);
}

void ter_futile_ask(struct ter_futile *futile, size_t bytes)
{
    futile->asks = bytes == 0 ? 0 : size_of(bytes) + 1;
}

void ter_futile_collected(struct ter_futile *futile, size_t allocated_bytes)
{
    futile->allocated += allocated_bytes;
    futile->served_for = futile->asks;
    futile->asks = 0;
}

void ter_futile_forget(struct ter_futile *futile)
{
    *futile = (struct ter_futile){.allocated = futile->allocated};
}

static bool fail(struct ter_futile_series *series)
{
    series->failed = true;
    return false;
}

/* Another request after one that failed. */
static bool try_again(struct ter_futile_series *series)
{
    unsigned more;

    if (series->passes > 0) {
        series->passes--;
        return false;
    }
    series->tries++;
    more = series->tries > FREE_TRIES ? series->tries - FREE_TRIES : 0;
    series->passes = (1u << (more < LOG_MOST_PASSES ? more : LOG_MOST_PASSES)) - 1;
    series->failed = false;
    return true;
}

/* `here`: the last collection came for this size. */
static bool may_collect(struct ter_futile_series *series, bool here, size_t allocated_bytes)
{
    if (series->failed)
        return try_again(series);
    if ((here && allocated_bytes == 0) || series->in_a_row == MOST_IN_A_ROW)
        return fail(series);
    series->in_a_row++;
    return true;
}

/* What has to be allocated after a collection so that it was worth it. */
static uint64_t worth_it(size_t bytes, size_t limit_bytes)
{
    return ter_max(limit_bytes / LITTLE_PART, bytes > TER_BYTES_IN_BLOCK ? bytes - 1 : 0);
}

bool ter_futile_may_collect(struct ter_futile *futile, size_t bytes, size_t allocated_bytes,
                            size_t limit_bytes)
{
    struct ter_futile_series *series = &futile->of[size_of(bytes)];
    bool here = futile->served_for == size_of(bytes) + 1;
    uint64_t now = futile->allocated + allocated_bytes;

    /* What was handed out may be less when it is counted again. */
    if (now > series->since && now - series->since > worth_it(bytes, limit_bytes))
        *series = (struct ter_futile_series){.since = now};
    else if (!may_collect(series, here, allocated_bytes))
        return false;
    series->since = now;
    return true;
}
