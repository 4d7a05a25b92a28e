/* SPDX-License-Identifier: MIT */
/*
 * Identity hashes of objects that may move: numbers that were given out, by address.
 *
 * Invariant: after each collection the table has an entry for each object that was asked about and
 * is still there, at its address of now. A collection fills the second table, which always is as
 * large as the first, so it needs no memory. Under the heap lock.
 */
#pragma once

#include "weak/passes.h"
#include "weak/reach.h"

struct ter_identities {
    struct ter_weak_table table;
    struct ter_weak_table other; /* empty, as large */
    uintptr_t given;             /* how many numbers */
};

void ter_identities_init(struct ter_identities *identities);
void ter_identities_fini(struct ter_identities *identities);

/* The number of the object, made if there was none; 0: no memory. */
uintptr_t ter_identities_of(struct ter_identities *identities, uintptr_t object);

/*
 * After all was reached: forgets what was not, and finds what moved.
 */
void ter_identities_update(struct ter_identities *identities, const struct ter_reach *reach);
/* Where objects move later: what was not forgotten is where it is now. */
void ter_identities_follow(struct ter_identities *identities, const struct ter_reach *reach);
