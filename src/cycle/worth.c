/* SPDX-License-Identifier: MIT */
#include "cycle/worth.h"

#define ALL 256u             /* of 256 */
#define OF_CACHES (ALL / 2)  /* bytes looked at that memory in the caches is worth */
#define FIRST_SAMPLES 8u     /* before anything is decided: programs begin by making what stays */
#define FEWEST_SAMPLES 3u    /* and after it was not worth it once */
#define BYTES_OF_STORE 128u  /* a logged store is a line read to log it, and one to look at it */
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

    return 2 * worth->survived + worth->logged + (uint64_t)worth->survived * now->live / growth;
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

/* As a moving mean, of 256 bytes allocated; more than all of them is as good as all. */
static unsigned learn_part(const struct ter_worth *worth, unsigned mean, size_t bytes,
                           size_t allocated)
{
    unsigned part =
        (unsigned)((uint64_t)ter_min(bytes, allocated) * ALL / ter_max(allocated, (size_t)1));

    return worth->samples == 0 ? part : (mean * 3 + part) / 4;
}

static unsigned samples_needed(const struct ter_worth *worth)
{
    return worth->trial_interval == FIRST_TRIAL_INTERVAL ? FIRST_SAMPLES : FEWEST_SAMPLES;
}

void ter_worth_learn(struct ter_worth *worth, const struct ter_worth_case *now,
                     const struct ter_worth_sample *sample)
{
    size_t allocated = sample->allocated;
    size_t logged = ter_min(sample->logged, allocated / BYTES_OF_STORE) * BYTES_OF_STORE;

    if (!worth->is_there)
        return;
    worth->survived = learn_part(worth, worth->survived, sample->survived, allocated);
    worth->logged = learn_part(worth, worth->logged, logged, allocated);
    if (worth->samples < SAMPLES_TO_TRUST)
        worth->samples++;
    if (worth->samples == SAMPLES_TO_TRUST)
        worth->trial_interval = FIRST_TRIAL_INTERVAL;
    if (worth->samples >= samples_needed(worth) &&
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
