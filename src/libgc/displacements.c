/* SPDX-License-Identifier: MIT */
#include "libgc/displacements.h"

static uint8_t displacements[TER_HEAP_DISPLACEMENTS] = {1};

void ter_libgc_add_displacement(size_t displacement)
{
    displacements[displacement] = 1;
}

bool ter_libgc_has_displacement(size_t displacement)
{
    return displacement < TER_HEAP_DISPLACEMENTS && displacements[displacement] != 0;
}

void ter_libgc_count_interior(struct ter_heap *heap, bool everywhere)
{
    ter_heap_set_interior(heap, everywhere, displacements);
}
