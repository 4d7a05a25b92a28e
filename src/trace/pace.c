/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

#define FIRST_INTERVAL 8u
#define LONGEST_TRIAL_INTERVAL 64u
#define FEWEST_BYTES TER_KIB(64) /* less says nothing of the pace */

/* Helpers must save a tenth of the time to be worth theirs. */
static bool together_wins(const struct ter_pace *pace)
{
    return pace->together < pace->alone - pace->alone / 10;
}

bool ter_pace_choose(struct ter_pace *pace)
{
    pace->is_chosen = true;
    if (pace->alone == 0 || pace->together == 0) {
        pace->is_together = pace->alone != 0;
        pace->until_trial = pace->trial_interval = FIRST_INTERVAL;
        return pace->is_together;
    }
    pace->is_together = together_wins(pace);
    if (pace->until_trial-- == 0) {
        pace->is_together = !pace->is_together;
        pace->until_trial = pace->trial_interval;
    }
    return pace->is_together;
}

/* A way that lost when it was tried is tried half as often; one that won, often again. */
static void plan_trials(struct ter_pace *pace, bool together_won)
{
    bool changed = together_won != together_wins(pace);

    pace->trial_interval =
        changed ? FIRST_INTERVAL
                : (unsigned)ter_min(pace->trial_interval * 2, LONGEST_TRIAL_INTERVAL);
    pace->until_trial = pace->trial_interval;
}

void ter_pace_learn(struct ter_pace *pace, uint64_t nanoseconds, size_t live_bytes)
{
    uint64_t *estimate = pace->is_together ? &pace->together : &pace->alone;
    uint64_t measured = nanoseconds * 16 / (live_bytes / 1024 + 1) + 1;
    bool both = pace->alone != 0 && pace->together != 0;
    bool together_won = both && together_wins(pace);
    bool was_trial = both && pace->is_together != together_won;

    if (live_bytes < FEWEST_BYTES)
        return;
    /* What is known of a way that was not taken lately is too old to count. */
    *estimate = *estimate == 0 || was_trial ? measured : (*estimate * 3 + measured) / 4;
    if (was_trial)
        plan_trials(pace, together_won);
}
