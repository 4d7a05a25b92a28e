/* SPDX-License-Identifier: MIT */
#include "finalizing.h"

#include "check.h"
#include "check_object.h"
#include "faults.h"

/* With exact roots the model knows what is ready; else what was lost once may be. */
static bool may_run(const struct world *world, const struct node *node)
{
    if (world->judges)
        return node->finalizer == FINALIZER_READY;
    return node->finalizer == FINALIZER_WAITING && node->was_lost;
}

/* The object lives again when there is a free root for it. */
static void keep_some(struct world *world, struct node *node)
{
    unsigned slot = node->number % world->exact_roots;

    if (node->number % 3 == 0 && world->model.roots[slot].target == NULL)
        world_set_root(world, slot, node, 0);
}

static void finalize(void *object, void *data)
{
    struct node *node = data;
    struct world *world = node->owner;

    if (atomic_fetch_add(&node->finalizer_runs, 1) != 0)
        run_fail(world->run, "%s was finalized a second time", check_describe(node));
    /* Another thread's world may be about to change. */
    if (world->run->settings.free_running)
        return;
    if (!may_run(world, node))
        run_fail(world->run, "%s was finalized, but it was not found unreachable",
                 check_describe(node));
    check_walk_from(world, node, (uintptr_t)object);
    node->finalizer = FINALIZER_RAN;
    world->run->finalizers_run++;
    if (fault_strikes(FAULT_FINALIZER_TWICE))
        (void)ter_finalizer_set(world->stage->heap, object, finalize, node);
    keep_some(world, node);
}

/* Once it was lost, it may be in the queue of those that are ready. */
static bool is_settled(const struct node *node)
{
    return node->finalizer == FINALIZER_NONE || node->finalizer == FINALIZER_RAN ||
           (node->finalizer == FINALIZER_WAITING && !node->was_lost);
}

void finalizing_set(struct world *world, struct node *node, bool wanted)
{
    void *object = (void *)node->address;
    ter_status status;

    if (world->run->settings.free_running && node->finalizer != FINALIZER_NONE)
        return;
    if (!is_settled(node) || (!wanted && node->finalizer != FINALIZER_WAITING))
        return;
    node->finalizer_runs = 0;
    node->was_lost = false;
    node->finalizer = wanted ? FINALIZER_WAITING : FINALIZER_NONE;
    if (wanted && fault_strikes(FAULT_FINALIZER_NEVER))
        return;
    status = ter_finalizer_set(world->stage->heap, object, wanted ? finalize : NULL, node);
    if (status != TER_OK)
        run_fail(world->run, "%s: its finalizer was refused", check_describe(node));
}

static unsigned count_ready(const struct world *world)
{
    unsigned count = 0;

    for (unsigned i = 0; i < world->model.member_count; i++)
        count += world->model.members[i]->finalizer == FINALIZER_READY;
    return count;
}

void finalizing_run(struct world *world)
{
    unsigned expected = count_ready(world);
    size_t count = ter_finalizers_run(world->stage->heap);

    if (world->judges && (count != expected || count_ready(world) != 0))
        run_fail(world->run, "%zu finalizers ran, and %u were ready", count, expected);
}
