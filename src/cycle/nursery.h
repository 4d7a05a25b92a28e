/* SPDX-License-Identifier: MIT */
/*
 * How much is allocated between two collections of young objects: as much as the processor's caches
 * serve, since memory that was young a moment ago is faster than any other; more while much
 * survives, which only needs time to die; less while pauses are longer than they should be.
 *
 * Invariant: bytes lies between TER_NURSERY_LEAST and TER_NURSERY_MOST, or is what was asked for.
 */
#pragma once

#include "base/base.h"

#define TER_NURSERY_LEAST TER_KIB(256)
#define TER_NURSERY_USUAL TER_MIB(4)
#define TER_NURSERY_MOST TER_MIB(64)

struct ter_nursery {
    size_t bytes;
    uint64_t pause_ns; /* collections should take no longer; 0: it does not matter */
    bool fixed;        /* it does not adapt */
};

/* `bytes` 0: it adapts. */
void ter_nursery_init(struct ter_nursery *nursery, size_t bytes, uint64_t pause_ns);
/* After a collection of young objects: of so many bytes allocated before it so many survived. */
void ter_nursery_learn(struct ter_nursery *nursery, size_t allocated, size_t survived,
                       uint64_t pause_ns);
