/* SPDX-License-Identifier: MIT */
/*
 * Whether collections of young objects alone are worth it. They are not where most of what is young
 * survives: then each copies nearly all that was allocated, and what it made old is garbage soon,
 * so that all objects are collected as often as without.
 *
 * Both ways are reckoned in bytes looked at for each byte allocated. What is copied counts twice, a
 * logged store as two lines; memory that the caches have counts for young objects. No clock has a
 * say.
 *
 * Invariant: while `is_there` is false, nothing is learnt; it is tried again after some collections
 * of all objects, later each time that it was not worth it.
 */
#pragma once

#include "base/base.h"

struct ter_worth {
    bool is_there;
    unsigned survived;       /* of 256 bytes allocated, as a moving mean */
    unsigned logged;         /* for as many, bytes looked at to log stores and to look at those */
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

/* What a collection of young objects found. */
struct ter_worth_sample {
    size_t allocated; /* bytes, before it */
    size_t survived;  /* of those */
    size_t logged;    /* entries that stores left */
};

void ter_worth_init(struct ter_worth *worth);
void ter_worth_learn(struct ter_worth *worth, const struct ter_worth_case *now,
                     const struct ter_worth_sample *sample);
/* After a collection of all objects. */
void ter_worth_try_again(struct ter_worth *worth);
