/* SPDX-License-Identifier: MIT */
/* The two forms of a map. Under the heap lock. */
#pragma once

#include "heap/map_lines.h"

/* Pinned objects are marked whatever the state of their parcel. */
#define TER_MAP_PINNED_LETTER 'p'
#define TER_MAP_PINNED_LIGHT "#c62828"
#define TER_MAP_PINNED_DARK "#ff6b6b"
#define TER_MAP_PINNED_HELP "young or old, with objects that may not move"

struct ter_map_request {
    const struct ter_heap *heap;
    struct ter_parcel_counts counts;
    size_t gather;
    unsigned width;
};

void ter_map_text(const struct ter_map_request *request, struct ter_writer *writer);
void ter_map_svg(const struct ter_map_request *request, struct ter_writer *writer);
