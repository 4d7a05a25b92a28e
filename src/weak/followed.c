/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

static bool goes(void *record, void *context)
{
    const struct ter_reach *reach = context;
    const uintptr_t *object = record;

    return !reach->is_reached(reach->context, *object);
}

static void tell_stays(void *record, void *context)
{
    const struct ter_followed *followed = context;

    followed->stays(followed->context, record);
}

static void rekey_and_tell(struct ter_followed *followed, const struct ter_reach *reach,
                           bool recent)
{
    if (reach->moves)
        ter_weak_table_rekey(&followed->table, recent, reach->now_at, reach->context);
    followed->begin(followed->context, !recent);
    ter_weak_table_walk(&followed->table, recent, tell_stays, followed);
}

void ter_followed_update(struct ter_followed *followed, const struct ter_reach *reach)
{
    ter_weak_table_sift(&followed->table, reach->recent, goes, (void *)reach);
    rekey_and_tell(followed, reach, reach->recent);
}

void ter_followed_follow(struct ter_followed *followed, const struct ter_reach *reach)
{
    rekey_and_tell(followed, reach, false);
}
