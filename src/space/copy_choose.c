/* SPDX-License-Identifier: MIT */
#include "space/space.h"

#define BUCKETS 32u
#define GRANULES_OF_BUCKET (TER_GRANULES_IN_BLOCK / BUCKETS)
/* Copying more than that frees less than it copies. */
#define MOST_LIVE (TER_GRANULES_IN_BLOCK / 2)
/* Of 8 bytes of room: what does not fit into the ends of blocks, and what was expected wrongly. */
#define FILLED_ROOM 7u

struct choice {
    size_t granules[BUCKETS]; /* expected to live in blocks of that bucket, together */
};

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

static void count_expected(const struct ter_copy_space *space, uintptr_t block,
                           struct choice *choice)
{
    unsigned live = expected_live(space, block);

    if (live <= MOST_LIVE)
        choice->granules[ter_min(live / GRANULES_OF_BUCKET, BUCKETS - 1)] += live;
}

static void count_all(const struct ter_copy_space *space, struct choice *choice)
{
    uintptr_t block, end = 0;

    while ((block = ter_blocks_next(&space->blocks, end, &end)) != 0)
        for (; block < end; block += TER_BYTES_IN_BLOCK)
            if (ter_copy_block_of(space->space.arena, block)->state != TER_COPY_FREE)
                count_expected(space, block, choice);
}

void ter_copy_choose(struct ter_copy_space *space, size_t room_bytes)
{
    struct choice choice = {{0}};
    size_t room = (room_bytes >> TER_LOG_BYTES_IN_GRANULE) / 8 * FILLED_ROOM, taken = 0;
    unsigned bucket = 0;

    count_all(space, &choice);
    while (bucket < BUCKETS && bucket * GRANULES_OF_BUCKET < MOST_LIVE &&
           taken + choice.granules[bucket] <= room)
        taken += choice.granules[bucket++];
    space->in_place = true;
    space->most_live = bucket * GRANULES_OF_BUCKET; /* less than that */
}

bool ter_copy_is_chosen(const struct ter_copy_space *space, uintptr_t block)
{
    return !space->in_place || expected_live(space, block) < space->most_live;
}
