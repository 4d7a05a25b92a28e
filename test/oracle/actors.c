/* SPDX-License-Identifier: MIT */
#include "actors.h"

#include <string.h>

#include "heap/heap.h"
#include "operations.h"

/* ---- Turns ---- */

static void give_turn(struct actors *actors, unsigned number)
{
    pthread_mutex_lock(&actors->lock);
    actors->turn = number;
    pthread_cond_broadcast(&actors->changed);
    pthread_mutex_unlock(&actors->lock);
}

static void *wait_for_turn(void *data)
{
    struct actor *actor = data;
    struct actors *all = actor->all;

    pthread_mutex_lock(&all->lock);
    while (all->turn != actor->number)
        pthread_cond_wait(&all->changed, &all->lock);
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* Where threads stop at safepoints only, one that waits inside would hold up all. */
static bool must_wait_outside(const struct actor *actor)
{
    return actor->world->stage->heap->collector.allocator.safepoints;
}

static void wait_inside_or_outside(struct actor *actor, bool outside)
{
    if (outside || must_wait_outside(actor))
        ter_mutator_outside(actor->mutator, wait_for_turn, actor);
    else
        wait_for_turn(actor);
}

/* ---- Threads ---- */

static bool wants_to_end(const struct actor *actor)
{
    const struct operation *operation = actor->all->operation;

    return operation->code == OPERATION_END && operation->a % ACTORS == actor->number;
}

/* One that is left bound is unbound by the end of its thread. */
static void *live(void *data)
{
    struct actor *actor = data;
    volatile uintptr_t locals[LOCALS] = {0};
    bool outside = false;

    if (ter_mutator_bind(actor->world->stage->heap, &actor->mutator) != TER_OK)
        run_fail(actor->world->run, "no mutator for thread %u", actor->number);
    actor->world->locals[actor->number] = locals;
    for (;;) {
        give_turn(actor->all, 0);
        wait_inside_or_outside(actor, outside);
        if (wants_to_end(actor))
            break;
        outside = actor->all->operation->outside;
        operation_do(actor, actor->all->operation);
    }
    actor->world->locals[actor->number] = NULL;
    if (actor->all->operation->b % 2 == 0)
        ter_mutator_unbind(actor->mutator);
    return NULL;
}

void actors_start(struct actors *actors, unsigned number)
{
    struct actor *actor = &actors->of[number];

    if (number == 0 || actor->exists)
        return;
    give_turn(actors, number);
    if (pthread_create(&actor->thread, NULL, live, actor) != 0)
        run_fail(actors->world->run, "no thread %u", number);
    actor->exists = true;
    wait_inside_or_outside(&actors->of[0], false);
}

static void *join(void *thread)
{
    pthread_join(*(pthread_t *)thread, NULL);
    return NULL;
}

/* The operation that is done now is an end of that thread, which sees it so. */
void actors_end(struct actors *actors, unsigned number, bool unbinds)
{
    struct actor *actor = &actors->of[number];
    struct operation end = {.code = OPERATION_END, .a = number, .b = !unbinds};

    if (number == 0 || !actor->exists)
        return;
    for (unsigned i = 0; i < LOCALS; i++)
        world_set_local(actors->world, number, i, NULL, 0);
    actors->operation = &end;
    give_turn(actors, number);
    if (must_wait_outside(actor))
        ter_mutator_outside(actors->of[0].mutator, join, &actor->thread);
    else
        join(&actor->thread);
    give_turn(actors, 0);
    actor->exists = false;
}

/* ---- All of them ---- */

void actors_init(struct actors *actors, struct world *world, struct ter_mutator *mutator)
{
    memset(actors, 0, sizeof *actors);
    actors->world = world;
    pthread_mutex_init(&actors->lock, NULL);
    pthread_cond_init(&actors->changed, NULL);
    for (unsigned i = 0; i < ACTORS; i++)
        actors->of[i] = (struct actor){.world = world, .number = i, .all = actors};
    actors->of[0].mutator = mutator;
    actors->of[0].exists = true;
}

void actors_fini(struct actors *actors)
{
    for (unsigned i = 1; i < ACTORS; i++)
        actors_end(actors, i, true);
    pthread_cond_destroy(&actors->changed);
    pthread_mutex_destroy(&actors->lock);
}

unsigned actors_count(const struct actors *actors)
{
    unsigned count = 0;

    for (unsigned i = 0; i < ACTORS; i++)
        count += actors->of[i].exists;
    return count;
}

void actors_do(struct actors *actors, const struct operation *operation)
{
    struct actor *actor = &actors->of[operation->actor % ACTORS];

    if (!actor->exists)
        return;
    actors->operation = operation;
    if (actor->number == 0) {
        operation_do(actor, operation);
        return;
    }
    give_turn(actors, actor->number);
    wait_inside_or_outside(&actors->of[0], operation->outside);
}
