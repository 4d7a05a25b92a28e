/* SPDX-License-Identifier: MIT */
/*
 * Records of objects that somebody above follows: each begins with its object's address, and is
 * forgotten when that is gone.
 *
 * Invariant: after each collection there is a record for each object that had one and is still
 * there, at its address of now. Under the heap lock.
 */
#pragma once

#include "weak/passes.h"
#include "weak/reach.h"

struct ter_followed {
    struct ter_weak_table table;
    /* Told in a collection: with `all`, every record that stays is told next, else those that may
       have got another address; and each of them. */
    void (*begin)(void *context, bool all);
    void (*stays)(void *context, const void *record);
    void *context;
};

/* After all was reached: forgets what was not, and finds what moved. */
void ter_followed_update(struct ter_followed *followed, const struct ter_reach *reach);
/* Where objects move later: what was not forgotten is where it is now. */
void ter_followed_follow(struct ter_followed *followed, const struct ter_reach *reach);
