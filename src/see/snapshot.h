/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of a heap, of bounded size: what its blocks are used for, and how much of what lives.
 *
 * Invariant: a snapshot of a heap of any size fits; what had no room is counted. Under the heap
 * lock. Neither allocates. Blocks may be looked at while the program runs, and are of one moment;
 * objects are counted while the world stands.
 */
#pragma once

#include "cycle/cycle.h"
#include "see/recording.h"

/* Visits all parcels of a heap. */
typedef void ter_parcels_function(const void *heap, ter_parcel_visitor *visit, void *context);

/* Objects by kind and size class; the last class is what is larger than the one before it. */
#define TER_CENSUS_CLASSES 20u

struct ter_census {
    struct ter_recorded_row rows[TER_RECORDED_KINDS][TER_CENSUS_CLASSES];
};

/* Names of spaces are added to the recording's. */
void ter_snapshot_blocks(struct ter_recorded_snapshot *snapshot, struct ter_recording *recording,
                         const struct ter_collector *collector, ter_parcels_function *parcels,
                         const void *heap);
/* Names of kinds likewise; the census is for its use. */
void ter_snapshot_objects(struct ter_recorded_snapshot *snapshot, struct ter_recording *recording,
                          const struct ter_collector *collector, struct ter_census *census);
