/* SPDX-License-Identifier: MIT */
/* All parcels of a heap, and their table as values. */
#pragma once

#include "heap/instance.h"

struct ter_parcel_row {
    const char *name;
    char letter;
    const char *light, *dark; /* colours, as CSS has them */
    const char *help;
};

extern const struct ter_parcel_row ter_parcel_rows[TER_PARCEL_STATE_COUNT];

/* Parcels by state, and over all. */
struct ter_parcel_counts {
    size_t of[TER_PARCEL_STATE_COUNT];
    size_t all;
    size_t pinned; /* with pinned objects */
    uint64_t object_bytes;
};

/* Under the heap lock. */
void ter_heap_visit_parcels(const struct ter_heap *heap, ter_parcel_visitor *visit, void *context);
void ter_heap_count_parcels(const struct ter_heap *heap, struct ter_parcel_counts *counts);
