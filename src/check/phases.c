/* SPDX-License-Identifier: MIT */
#include "check/check.h"

static void walk_before(struct ter_checking *checking)
{
    ter_ledger_refresh(&checking->ledger, checking->collector);
    if (checking->walks == 0)
        return;
    ter_check_walk(checking, false);
    ter_check_walk_end(checking);
}

static void walk_after(struct ter_checking *checking)
{
    if (checking->walks != 0) {
        ter_check_walk(checking, true);
        if (checking->walks > 1)
            ter_check_unreported(checking);
        ter_check_walk_end(checking);
    }
    if (checking->poisons)
        ter_check_poison(checking);
}

static void checking_passed(void *context, const struct ter_passage *passage)
{
    struct ter_checking *checking = context;

    checking->own_stack = passage->own_stack;
    if (passage->phase == TER_PHASE_STOPPED)
        walk_before(checking);
    else if (passage->phase == TER_PHASE_MARKED)
        ter_ledger_follow(&checking->ledger, checking->collector,
                          (uint32_t)checking->collector->collections + 1);
    else if (passage->phase == TER_PHASE_RELEASED)
        walk_after(checking);
}

void ter_checking_look(struct ter_checking *checking)
{
    struct ter_allocator *allocator = &checking->collector->allocator;

    checking->own_stack = 0;
    if (ter_world_stop(allocator) != TER_OK)
        return;
    walk_before(checking);
    ter_world_resume(allocator);
}

/* ---- Life ---- */

void ter_checking_init(struct ter_checking *checking, struct ter_collector *collector)
{
    checking->collector = collector;
    ter_ledger_init(&checking->ledger);
    ter_weak_table_init(&checking->seen_objects, sizeof(uintptr_t));
    ter_weak_table_init(&checking->seen_slots, sizeof(uintptr_t));
    checking->callbacks = (struct ter_callbacks){.passed = checking_passed, .context = checking};
    ter_callbacks_add(&collector->callbacks, &checking->callbacks);
}

void ter_checking_fini(struct ter_checking *checking)
{
    ter_ledger_fini(&checking->ledger);
    ter_weak_table_fini(&checking->seen_objects);
    ter_weak_table_fini(&checking->seen_slots);
}
