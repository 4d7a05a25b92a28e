/* SPDX-License-Identifier: MIT */
/*
 * A set of objects that numbers its members from 0 on, in little memory: two bits for each granule
 * of 64 KiB of addresses in which there is one, and the number of the first member of each KiB. The
 * second bit of a member is for its user.
 *
 * Invariant: numbers go by regions of 64 KiB, in the order in which they came to the set, and by
 * address inside of one. They are known after ter_object_set_number, and no member is added then.
 */
#pragma once

#include "weak/weak.h"

#define TER_REGION_WORDS 64u
#define TER_LOG_BYTES_IN_REGION (TER_LOG_BYTES_IN_BIT_WORD + 6u)

struct ter_object_region {
    uintptr_t start;
    size_t first; /* number of its first member */
    uint64_t members[TER_REGION_WORDS];
    uint64_t marks[TER_REGION_WORDS];
    uint16_t before[TER_REGION_WORDS]; /* members of the region before each word */
};

struct ter_object_set {
    struct ter_weak_list regions;
    struct ter_weak_table by_start; /* key: number of the region and 1; then: index and 1 */
    uintptr_t last_key;             /* the one that was found last */
    size_t last;
    size_t count;
};

void ter_object_set_init(struct ter_object_set *set);
void ter_object_set_fini(struct ter_object_set *set);

/* False: no memory. */
bool ter_object_set_add(struct ter_object_set *set, uintptr_t object);
/* How many there are; from now on each has a number. */
size_t ter_object_set_number(struct ter_object_set *set);

#define TER_NO_OBJECT SIZE_MAX

/* The number of a member; TER_NO_OBJECT: it is none. */
size_t ter_object_set_find(struct ter_object_set *set, uintptr_t object);
/* Sets its second bit; true: that was clear. Of what is no member: false. */
bool ter_object_set_mark(struct ter_object_set *set, uintptr_t object);
bool ter_object_set_is_marked(struct ter_object_set *set, uintptr_t object);

/* Calls `visit` for each, by their numbers. */
void ter_object_set_for_each(const struct ter_object_set *set,
                             void (*visit)(void *context, uintptr_t object, bool is_marked),
                             void *context);
