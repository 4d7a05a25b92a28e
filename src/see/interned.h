/* SPDX-License-Identifier: MIT */
/*
 * Strings of bytes by numbers from 0 on: each is kept once.
 *
 * Invariant: a number stays that string's. A string begins where any word may lie. What there is no
 * memory for has the number TER_NOT_INTERNED. Under a lock of who has it.
 */
#pragma once

#include "weak/weak.h"

#define TER_NOT_INTERNED SIZE_MAX

struct ter_interned {
    struct ter_weak_table by_hash;
    struct ter_weak_list starts; /* size_t: of each string in the bytes, and of what comes next */
    struct ter_weak_list sizes;  /* size_t */
    struct ter_weak_list bytes;
};

void ter_interned_init(struct ter_interned *interned);
void ter_interned_fini(struct ter_interned *interned);

size_t ter_interned_number(struct ter_interned *interned, const void *bytes, size_t size);
/* The string of that number, good until another one comes. */
const void *ter_interned_at(const struct ter_interned *interned, size_t number, size_t *size);
/* How many there are. */
TER_INLINE size_t ter_interned_count(const struct ter_interned *interned)
{
    return interned->sizes.count;
}

/* A copy of what there is, to which nothing is added; false: no memory, and it is empty. */
bool ter_interned_copy(struct ter_interned *copy, const struct ter_interned *interned);
