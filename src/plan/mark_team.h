/* SPDX-License-Identifier: MIT */
/*
 * Marking with several processors: a round in which the plan's marker and helpers drain together.
 *
 * A round costs some tens of microseconds, so small heaps are marked alone. Roots are scanned, and
 * weak things processed, by the collecting thread alone; the round is for what lies behind the
 * roots.
 *
 * Invariant: between rounds all marks are in the heap's table.
 */
#pragma once

#include "plan/mark.h"
#include "plan/mark_pace.h"

struct ter_mark_team {
    struct ter_ground *ground;
    struct ter_workers workers;
    struct ter_share share;
    unsigned wanted;            /* helpers, as the settings and the machine have it */
    unsigned ready;             /* helpers with a marker of their own, for this collection */
    struct ter_marker *markers; /* of the helpers; NULL before the first round */
    bool always;                /* the number was asked for: no measuring of what is faster */
    struct ter_mark_pace pace;
    bool has_second; /* a table for the marks that the only helper sets; all clear between rounds */
    struct ter_team_hull {
        uintptr_t start;
        size_t bytes;
    } covered[3]; /* by that table; of the marker's ranges */
};

/* `ground`: whose memory is marked. `members`: threads that mark, the collecting one included; 0:
 * one a processor. */
ter_status ter_mark_team_init(struct ter_mark_team *team, struct ter_ground *ground,
                              unsigned members);
void ter_mark_team_fini(struct ter_mark_team *team);
/* In the child of a fork. */
void ter_mark_team_forget(struct ter_mark_team *team);

/* Before the world stops: starts helpers if a round will be worth it; SIZE_MAX: it will. */
void ter_mark_team_prepare(struct ter_mark_team *team, const struct ter_marker *marker,
                           size_t live_bytes);
/* After the collection: what lies behind the roots was marked in that time. */
void ter_mark_team_learn(struct ter_mark_team *team, uint64_t nanoseconds, size_t live_bytes);

/* Gives memory back that only rounds need. Not in a round. */
void ter_mark_team_trim(struct ter_mark_team *team);

/* Drains `marker`, with the helpers if there are any ready. */
void ter_mark_team_drain(struct ter_mark_team *team, struct ter_marker *marker);
