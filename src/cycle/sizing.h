/* SPDX-License-Identifier: MIT */
/*
 * How much room a heap should have, and how heaps share what is too little for all: arithmetic
 * alone. Bytes and times are fed in; nothing here asks a clock, locks, or knows a heap.
 *
 * The square root rule is that of Kirisame, Shenoy and Panchekha, "Optimal Heap Limits for Reducing
 * Browser Memory Use", OOPSLA 2022: a heap in which L bytes live, that allocates g bytes a second
 * and is collected at s bytes a second, gets L + sqrt(L g / (c s)) bytes. With one c for all heaps
 * no memory moved from one to another would save time.
 */
#pragma once

#include "base/base.h"

/* ---- How a heap is sized ---- */

enum ter_sizing {
    TER_SIZING_RATIO,   /* room in proportion to what lives: trigger.h */
    TER_SIZING_FIXED,   /* all that the heap may ever have, from the beginning */
    TER_SIZING_ADAPTIVE /* room by the square root rule */
};

/* One between two collections of the whole heap, and the second of them. */
struct ter_rate_sample {
    uint64_t allocated_bytes; /* of a heap with young objects: that became old */
    uint64_t mutator_ns;
    uint64_t live_bytes;
    uint64_t collector_ns;
};

/* Sums that fade: with the program's time, so that 95 hundredths are left after a second, and by
 * half at each collection. */
struct ter_rates {
    double allocated_bytes, mutator_ns;
    double live_bytes, collector_ns;
};

void ter_rates_add(struct ter_rates *rates, const struct ter_rate_sample *sample);
/* The program went on for so long and allocated so much; no collection came. */
void ter_rates_age(struct ter_rates *rates, uint64_t allocated_bytes, uint64_t mutator_ns);

/* sqrt(L g / s): how much of the room there is should be this heap's. 0 while nothing is known. */
double ter_sizing_weight(const struct ter_rates *rates, size_t live_bytes);
/* c by the option free_space_divisor, that acts as in a heap sized by ratio: twice is half the
 * room. With 3, as much room as lives where 100 MB do and g is s. */
double ter_sizing_cost(size_t free_space_divisor);

/*
 * Room beside what lives and what is kept free for copies: by the rule, from a fifth of what lives
 * to four times that, and what makes the whole 4 MiB at least.
 */
size_t ter_sizing_room(const struct ter_rates *rates, size_t live_bytes, size_t kept_bytes,
                       size_t free_space_divisor);

/* ---- Heaps that share ---- */

struct ter_claim {
    struct ter_claim *next;
    size_t base_bytes;   /* in use after the last collection */
    size_t desire_bytes; /* room that it would have if there were enough */
    double weight;
    size_t share_bytes; /* answer */
};

/*
 * Divides `bytes` among a list of claims: each has its base, and of the room that is left as much
 * as its weight says, but no more than it desires; what nobody desires is divided evenly. What is
 * too little for the bases alone leaves each its base. True: there was not enough for all that is
 * desired.
 */
bool ter_sizing_divide(struct ter_claim *first, size_t bytes);

/* ---- Half of the time ---- */

/*
 * A bucket that the collector's time fills and the program's drains, never below empty. While it is
 * full the collector has had more than half of the time for a while. After Go's limiter of the
 * collector's processor time under a memory limit.
 */
struct ter_bucket {
    uint64_t filled_ns;
    uint64_t holds_ns;
};

void ter_bucket_add(struct ter_bucket *bucket, uint64_t collector_ns, uint64_t mutator_ns);
TER_INLINE bool ter_bucket_is_full(const struct ter_bucket *bucket)
{
    return bucket->filled_ns >= bucket->holds_ns;
}
