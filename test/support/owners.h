/* SPDX-License-Identifier: MIT */
/*
 * Who owns which addresses, the plain way: what a map of addresses is compared with.
 *
 * Invariant: a list of ranges in no order, each with its first and last address and its owner, a
 * number above 0. No two overlap; each begins and ends where regions do. Bounds are compared one by
 * one; nothing here shifts or masks.
 */
#pragma once

#include "support.h"

#define OWNERS_MOST 1024u

struct owned {
    uintptr_t first, last;
    unsigned owner;
};

struct owners {
    uintptr_t first, last; /* covered */
    uintptr_t region_bytes;
    size_t count;
    struct owned list[OWNERS_MOST];
};

void owners_init(struct owners *owners, uintptr_t first, uintptr_t last, uintptr_t region_bytes);

/* Is there an entry for the word, owned or not? */
bool owners_cover(const struct owners *owners, uintptr_t word);
/* 0: nobody. */
unsigned owners_find(const struct owners *owners, uintptr_t word);

/* First and last address of all regions that the range touches; false if it is no range. */
bool owners_round_out(const struct owners *owners, uintptr_t start, uintptr_t bytes,
                      uintptr_t *first, uintptr_t *last);
/* What a map is to answer. After TER_ERROR_OWNED *other has who, and the first region of theirs. */
ter_status owners_claim(struct owners *owners, unsigned owner, uintptr_t start, uintptr_t bytes,
                        struct owned *other);
ter_status owners_release(struct owners *owners, unsigned owner, uintptr_t start, uintptr_t bytes,
                          struct owned *other);

/* Puts the list in order and makes neighbours with one owner one. */
void owners_sort(struct owners *owners);
