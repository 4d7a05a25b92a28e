/* SPDX-License-Identifier: MIT */
/* SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). */
#pragma once

#include <stdint.h>

#include "base/compiler.h"

struct ter_random {
    uint64_t state;
};

TER_INLINE uint64_t ter_random_next(struct ter_random *random)
{
    uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A number below `bound` (> 0); the bias is below 2^-32 for the bounds used here. */
TER_INLINE uint64_t ter_random_below(struct ter_random *random, uint64_t bound)
{
    return ter_random_next(random) % bound;
}
