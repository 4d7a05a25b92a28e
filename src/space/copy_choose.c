/* SPDX-License-Identifier: MIT */
#include "space/space.h"

/* Copying more than that frees less than it copies. */
#define MOST_LIVE (TER_GRANULES_IN_BLOCK / 2)
#define BUCKETS 16u
#define GRANULES_OF_BUCKET (MOST_LIVE / BUCKETS)
/* Of 8 bytes of room: what does not fit into the ends of blocks, and what was expected wrongly. */
#define FILLED_ROOM 7u

static unsigned expected_live(const struct ter_copy_space *space, uintptr_t block)
{
    const struct ter_copy_block *record = ter_copy_block_of(space->space.arena, block);
    unsigned live = ter_copy_figures_of(space->space.arena, block)->live;
    unsigned survived = space->survived;

    switch (record->state) {
    case TER_COPY_OPEN: return record->used * survived / 256;
    case TER_COPY_REUSED: return live + ((unsigned)TER_GRANULES_IN_BLOCK - live) * survived / 256;
    default: return live;
    }
}

/* Granules that are expected to live in blocks of each bucket, together. */
static void count_expected(struct ter_copy_space *space, uintptr_t block, void *context)
{
    unsigned live = expected_live(space, block);
    size_t *granules = context;

    if (live < MOST_LIVE)
        granules[live / GRANULES_OF_BUCKET] += live;
}

void ter_copy_choose(struct ter_copy_space *space, size_t room_bytes)
{
    size_t room = (room_bytes >> TER_LOG_BYTES_IN_GRANULE) / 8 * FILLED_ROOM, taken = 0;
    size_t granules[BUCKETS] = {0};
    unsigned bucket = 0;

    ter_copy_for_each_block(space, count_expected, granules);
    while (bucket < BUCKETS && taken + granules[bucket] <= room)
        taken += granules[bucket++];
    space->in_place = true;
    space->most_live = bucket * GRANULES_OF_BUCKET; /* less than that */
}

bool ter_copy_is_chosen(const struct ter_copy_space *space, uintptr_t block)
{
    return !space->in_place || expected_live(space, block) < space->most_live;
}
