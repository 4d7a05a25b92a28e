/* SPDX-License-Identifier: MIT */
/*
 * The parcels of a space: 32 KiB each, with what they are used for (terrier/parcels.h).
 *
 * Invariant: a policy describes all memory of its chunks, and each parcel once, so those of all
 * spaces of the layout are what the heap has mapped. All under the heap lock.
 */
#pragma once

#include "space/common.h"

_Static_assert(TER_PARCEL_BYTES == TER_BYTES_IN_BLOCK, "a block is a parcel");

/* By the policy, or by the objects that are found where it says nothing. */
void ter_space_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                               void *context);

/* Fills in what a parcel is. */
typedef void ter_parcel_description(const struct ter_space *space, struct ter_parcel *parcel);

/* All of its chunks. */
void ter_parcels_of_range(const struct ter_space *space, ter_parcel_description *describe,
                          ter_parcel_visitor *visit, void *context);

/* The same of a space of blocks, where `describe` is for what was handed out once; those that wait
 * to be handed out are described here. */
void ter_parcels_of_blocks(const struct ter_space *space, const struct ter_blocks *blocks,
                           ter_parcel_description *describe, ter_parcel_visitor *visit,
                           void *context);

/* A free block, which reads zero and has no memory, or has some. */
void ter_parcel_is_free(struct ter_parcel *parcel, bool clean);

/* Of these runs, what lies in the block: its cells are valid by their bits, and no objects. */
size_t ter_parcel_run_bytes(const struct ter_cell_run *runs, unsigned count, uintptr_t block);

/* Adds to each of `parts`, of the parcels of a chunk, what lies in it of the bytes up to `last`. */
void ter_parcels_add(uint32_t *parts, uintptr_t chunk, uintptr_t start, uintptr_t last);
