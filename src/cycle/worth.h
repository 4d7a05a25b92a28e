/* SPDX-License-Identifier: MIT */
/*
 * Whether collections of young objects alone are worth it. They are not where most of what is young
 * survives: then each copies nearly all that was allocated, and what it made old is garbage soon,
 * so that all objects are collected as often as without.
 *
 * Both ways are reckoned in bytes looked at for each byte allocated, of which a copied one counts
 * twice; memory that the caches have counts for young objects. No clock has a say.
 *
 * Invariant: while `is_there` is false, nothing is learnt; it is tried again after some collections
 * of all objects, later each time that it was not worth it.
 */
#pragma once

#include "base/base.h"

struct ter_worth {
    bool is_there;
    unsigned survived;       /* of 256 bytes allocated, as a moving mean */
    unsigned samples;        /* collections that this is of, up to a few */
    unsigned until_trial;    /* collections of all objects before it is tried again */
    unsigned trial_interval; /* that many will be when it is not worth it the next time */
};

/* What there is to weigh up, in bytes. */
struct ter_worth_case {
    size_t live;   /* after the last collection of all objects */
    size_t growth; /* that the old may have before the next one */
    size_t room;   /* that is allocated between two such, if all are */
};

void ter_worth_init(struct ter_worth *worth);
/* After a collection of young objects, before which so much was allocated. */
void ter_worth_learn(struct ter_worth *worth, const struct ter_worth_case *now, size_t allocated,
                     size_t survived);
/* After a collection of all objects. */
void ter_worth_try_again(struct ter_worth *worth);
