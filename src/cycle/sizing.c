/* SPDX-License-Identifier: MIT */
#include "cycle/sizing.h"

#define NS_IN_SECOND 1e9
/* What is left of a sum is 1 / (1 + this for each second): 0.95 after one. */
#define FADING (1 / 0.95 - 1)
/* c by a divisor of 3; per byte. */
#define USUAL_COST 1e-8
#define USUAL_DIVISOR 3.0
#define SMALLEST_SIZE TER_MIB(4)
#define LEAST_ROOM_PART 5u
#define MOST_ROOM_TIMES 4u
/* Of a heap of which nothing is known: as good as nothing, beside one that allocates. */
#define LEAST_WEIGHT 1.0
#define HALVINGS 100u

/* ---- Rates ---- */

void ter_rates_age(struct ter_rates *rates, uint64_t allocated_bytes, uint64_t mutator_ns)
{
    double left = 1 / (1 + FADING * (double)mutator_ns / NS_IN_SECOND);

    rates->allocated_bytes = rates->allocated_bytes * left + (double)allocated_bytes;
    rates->mutator_ns = rates->mutator_ns * left + (double)mutator_ns;
}

void ter_rates_add(struct ter_rates *rates, const struct ter_rate_sample *sample)
{
    ter_rates_age(rates, sample->allocated_bytes, sample->mutator_ns);
    rates->live_bytes = rates->live_bytes / 2 + (double)sample->live_bytes;
    rates->collector_ns = rates->collector_ns / 2 + (double)sample->collector_ns;
}

/* By Newton's method from above; the library of functions for it is none that the heap needs. */
static double square_root(double square)
{
    double root = square > 1 ? square : 1, next;

    if (!(square > 0))
        return 0;
    for (;;) {
        next = (root + square / root) / 2;
        if (!(next < root))
            return root;
        root = next;
    }
}

double ter_sizing_weight(const struct ter_rates *rates, size_t live_bytes)
{
    double seconds = rates->mutator_ns / NS_IN_SECOND;
    double speed;

    if (!(rates->live_bytes > 0) || !(rates->mutator_ns > 0))
        return 0;
    speed = rates->live_bytes / ((rates->collector_ns + 1) / NS_IN_SECOND);
    return square_root((double)live_bytes * (rates->allocated_bytes / seconds) / speed);
}

double ter_sizing_cost(size_t free_space_divisor)
{
    double times = (double)free_space_divisor / USUAL_DIVISOR;

    return USUAL_COST * times * times;
}

static size_t whole_bytes(double bytes)
{
    return bytes < (double)(SIZE_MAX / 2) ? (size_t)bytes : SIZE_MAX / 2;
}

size_t ter_sizing_room(const struct ter_rates *rates, size_t live_bytes, size_t kept_bytes,
                       size_t free_space_divisor)
{
    double rule =
        ter_sizing_weight(rates, live_bytes) / square_root(ter_sizing_cost(free_space_divisor));
    size_t most = live_bytes < SIZE_MAX / 8 ? MOST_ROOM_TIMES * live_bytes : SIZE_MAX / 2;
    size_t room = ter_max(ter_min(whole_bytes(rule), most), live_bytes / LEAST_ROOM_PART);
    size_t there = live_bytes + kept_bytes;

    return there < SMALLEST_SIZE ? ter_max(room, SMALLEST_SIZE - there) : room;
}

/* ---- Heaps that share ---- */

static double weight_of_claim(const struct ter_claim *claim)
{
    return claim->weight + LEAST_WEIGHT;
}

static size_t room_of_claim(const struct ter_claim *claim, double level)
{
    return ter_min(whole_bytes(weight_of_claim(claim) * level), claim->desire_bytes);
}

static double sum_of_rooms(const struct ter_claim *first, double level)
{
    double sum = 0;

    for (const struct ter_claim *claim = first; claim != NULL; claim = claim->next)
        sum += (double)room_of_claim(claim, level);
    return sum;
}

/* The highest at which all have what their weight says and it is not too much. */
static double find_level(const struct ter_claim *first, double bytes)
{
    double low = 0, high = bytes;

    for (unsigned i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;

        if (sum_of_rooms(first, middle) <= bytes)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void set_shares(struct ter_claim *first, double level, size_t beside)
{
    for (struct ter_claim *claim = first; claim != NULL; claim = claim->next)
        claim->share_bytes = claim->base_bytes + room_of_claim(claim, level) + beside;
}

bool ter_sizing_divide(struct ter_claim *first, size_t bytes)
{
    double left = (double)bytes, desires = 0;
    size_t count = 0;

    for (struct ter_claim *claim = first; claim != NULL; claim = claim->next) {
        left -= (double)claim->base_bytes;
        desires += (double)claim->desire_bytes;
        count++;
    }
    if (desires <= left)
        set_shares(first, (double)SIZE_MAX, whole_bytes(left - desires) / count);
    else
        set_shares(first, left > 0 ? find_level(first, left) : 0, 0);
    return desires > left;
}

/* ---- Half of the time ---- */

void ter_bucket_add(struct ter_bucket *bucket, uint64_t collector_ns, uint64_t mutator_ns)
{
    uint64_t free_ns = bucket->holds_ns - bucket->filled_ns;

    bucket->filled_ns += collector_ns < free_ns ? collector_ns : free_ns;
    bucket->filled_ns -= mutator_ns < bucket->filled_ns ? mutator_ns : bucket->filled_ns;
}
