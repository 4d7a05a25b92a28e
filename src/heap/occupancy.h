/* SPDX-License-Identifier: MIT */
/* The map of a heap for people: which chunks belong to which space, and how full they are. */
#pragma once

#include "heap/instance.h"

/* One run of chunks that the SFT map gives to one space. */
struct ter_occupancy_run {
    const struct ter_sft *owner;
    uintptr_t start;
    size_t chunks;
};

/* The first run at or above `from` (0: the start of the heap); false when there is none. */
bool ter_occupancy_next(const struct ter_heap *heap, uintptr_t from, struct ter_occupancy_run *run);

/* The same for foreign chunks; `from` 0: from the lowest. */
bool ter_occupancy_next_foreign(const struct ter_heap *heap, uintptr_t from,
                                struct ter_occupancy_run *run);

/* Bytes of the chunk at `chunk` that are in use: in blocks, page runs, objects, ranges. */
size_t ter_occupancy_used(const struct ter_heap *heap, uintptr_t chunk);

/* Bytes in use of a whole space. */
size_t ter_occupancy_space_used(const struct ter_sft *owner);
