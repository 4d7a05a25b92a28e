/* SPDX-License-Identifier: MIT */
#include "cycle/worth.h"

#define ALL 256u             /* of 256 */
#define OF_CACHES (ALL / 2)  /* bytes looked at that memory in the caches is worth */
#define FEWEST_SAMPLES 3u    /* before anything is decided */
#define SAMPLES_TO_TRUST 16u /* that it was worth it so long is forgotten by no single trial */
#define FIRST_TRIAL_INTERVAL 2u
#define LONGEST_TRIAL_INTERVAL 64u

void ter_worth_init(struct ter_worth *worth)
{
    *worth = (struct ter_worth){.is_there = true, .trial_interval = FIRST_TRIAL_INTERVAL};
}

/* Of 256 bytes allocated. */
static uint64_t looked_at_with_young(const struct ter_worth *worth,
                                     const struct ter_worth_case *now)
{
    size_t growth = ter_max(ter_min(now->growth, now->room), (size_t)1);

    return 2 * worth->survived + (uint64_t)worth->survived * now->live / growth;
}

static uint64_t looked_at_without(const struct ter_worth_case *now)
{
    return (uint64_t)ALL * now->live / ter_max(now->room, (size_t)1);
}

static void give_up(struct ter_worth *worth)
{
    worth->is_there = false;
    worth->until_trial = worth->trial_interval;
    worth->trial_interval = (unsigned)ter_min(worth->trial_interval * 2, LONGEST_TRIAL_INTERVAL);
}

void ter_worth_learn(struct ter_worth *worth, const struct ter_worth_case *now, size_t allocated,
                     size_t survived)
{
    unsigned of_all =
        (unsigned)((uint64_t)ter_min(survived, allocated) * ALL / ter_max(allocated, (size_t)1));

    if (!worth->is_there)
        return;
    worth->survived = worth->samples == 0 ? of_all : (worth->survived * 3 + of_all) / 4;
    if (worth->samples < SAMPLES_TO_TRUST)
        worth->samples++;
    if (worth->samples == SAMPLES_TO_TRUST)
        worth->trial_interval = FIRST_TRIAL_INTERVAL;
    if (worth->samples >= FEWEST_SAMPLES &&
        looked_at_with_young(worth, now) > looked_at_without(now) + OF_CACHES)
        give_up(worth);
}

void ter_worth_try_again(struct ter_worth *worth)
{
    if (worth->is_there || worth->until_trial-- > 1)
        return;
    worth->is_there = true;
    worth->samples = 0;
}
