/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

const char *ter_obstacle_words(enum ter_obstacle_kind kind)
{
#define OBSTACLE_WORDS(identifier, words) words,
    static const char *const all[] = {TER_OBSTACLES(OBSTACLE_WORDS)};
#undef OBSTACLE_WORDS

    return all[kind];
}

static bool note_obstacle(struct ter_obstacle *obstacle, enum ter_obstacle_kind kind,
                          const struct ter_os_thread *thread)
{
    *obstacle = (struct ter_obstacle){.kind = kind};
    if (thread == NULL)
        return false;
    obstacle->thread = (unsigned)thread->number;
    ter_os_thread_name(thread, obstacle->name, sizeof obstacle->name);
    return false;
}

static bool would_answer(const struct ter_mutator *mutator, struct ter_obstacle *obstacle)
{
    if (mutator->blocked_at != 0 || ter_mutator_is_own(mutator))
        return true;
    switch (ter_os_stop_foresee(mutator->thread)) {
    case TER_OS_BLOCKS: return note_obstacle(obstacle, TER_OBSTACLE_BLOCKS, mutator->thread);
    case TER_OS_HALTED: return note_obstacle(obstacle, TER_OBSTACLE_HALTED, mutator->thread);
    default: return true;
    }
}

static bool all_would_answer(const struct ter_allocator *allocator, struct ter_obstacle *obstacle)
{
    const struct ter_mutator *mutator = allocator->mutators;

    while (mutator != NULL && would_answer(mutator, obstacle))
        mutator = mutator->next;
    return mutator == NULL;
}

/* Those that are outside by now come back when the lock is free. */
static bool have_gathered(struct ter_allocator *allocator, struct ter_obstacle *obstacle)
{
    const struct ter_mutator *missing;

    if (allocator->gathering)
        return note_obstacle(obstacle, TER_OBSTACLE_BUSY, NULL);
    missing = ter_safepoints_gather_briefly(allocator, TER_COURTESY_GATHER_MS);
    if (missing != NULL)
        (void)note_obstacle(obstacle, TER_OBSTACLE_MISSING, missing->thread);
    ter_safepoints_disperse(allocator);
    return missing == NULL;
}

bool ter_world_would_stop(struct ter_allocator *allocator, bool is_ours,
                          struct ter_obstacle *obstacle)
{
    const struct ter_mutator *first = allocator->mutators;

    if (first == NULL)
        return note_obstacle(obstacle, TER_OBSTACLE_NOBODY, NULL);
    /* Any thread counts as its own, so nobody would wait for it. */
    if (first->roams && is_ours)
        return note_obstacle(obstacle, TER_OBSTACLE_ROAMS, NULL);
    return allocator->safepoints ? have_gathered(allocator, obstacle)
                                 : all_would_answer(allocator, obstacle);
}

void ter_world_begin_courtesy(struct ter_allocator *allocator)
{
    allocator->is_courteous = true;
    allocator->silent = NULL;
}

bool ter_world_end_courtesy(struct ter_allocator *allocator, struct ter_obstacle *obstacle)
{
    const struct ter_mutator *silent = allocator->silent;

    allocator->is_courteous = false;
    allocator->silent = NULL;
    return silent == NULL || note_obstacle(obstacle, TER_OBSTACLE_SILENT, silent->thread);
}
