/* SPDX-License-Identifier: MIT */
#include "free_running.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "check.h"
#include "choose.h"

enum { THREADS = 3, WORLDS = 5, STEPS_IN_A_WORLD = 60 };

struct shared {
    struct stage *stage;
    struct world *worlds;
    pthread_mutex_t lock; /* of what follows */
    bool taken[WORLDS];
    unsigned next_world;
    uint32_t steps_left;
    pthread_rwlock_t gate;
    bool gated;
    _Atomic uint32_t number; /* of operations */
};

struct runner {
    struct shared *shared;
    struct ter_mutator *mutator;
    struct ter_random random;
    pthread_t thread;
};

/*
 * Whoever waits for a lock that a stopped thread may hold does so outside the heap, for
 * ThreadSanitizer lets no signal through to it.
 */
struct request {
    struct shared *shared;
    struct world *world; /* taken, or to be left */
    unsigned code;       /* of the operation that wants to pass the gate */
    bool goes_on;        /* there are steps left */
};

/* The worlds in turn; there are more of them than threads. */
static void *take_world(void *data)
{
    struct request *request = data;
    struct shared *shared = request->shared;
    unsigned i;

    pthread_mutex_lock(&shared->lock);
    do
        i = shared->next_world++ % WORLDS;
    while (shared->taken[i]);
    shared->taken[i] = true;
    request->world = &shared->worlds[i];
    request->goes_on = shared->steps_left >= STEPS_IN_A_WORLD;
    shared->steps_left -= request->goes_on ? STEPS_IN_A_WORLD : 0;
    pthread_mutex_unlock(&shared->lock);
    return NULL;
}

static void *leave_world(void *data)
{
    struct request *request = data;
    struct shared *shared = request->shared;

    pthread_mutex_lock(&shared->lock);
    shared->taken[request->world - shared->worlds] = false;
    pthread_mutex_unlock(&shared->lock);
    return NULL;
}

static void *pass_gate(void *data)
{
    struct request *request = data;

    if (request->code == OPERATION_COLLECT)
        pthread_rwlock_wrlock(&request->shared->gate);
    else
        pthread_rwlock_rdlock(&request->shared->gate);
    return NULL;
}

static void step_behind_gate(struct shared *shared, struct actor *actor,
                             const struct operation *operation)
{
    struct request request = {.shared = shared, .code = operation->code};

    if (!shared->gated) {
        operation_do(actor, operation);
        return;
    }
    ter_mutator_outside(actor->mutator, pass_gate, &request);
    operation_do(actor, operation);
    pthread_rwlock_unlock(&shared->gate);
}

static bool needs_turns(unsigned code)
{
    return code == OPERATION_START || code == OPERATION_END || code == OPERATION_LOCAL;
}

static void *rest(void *data)
{
    (void)data;
    sched_yield();
    return NULL;
}

static void run_in_world(struct runner *runner, struct world *world)
{
    struct actor actor = {.world = world, .mutator = runner->mutator};
    struct operation operation;

    for (unsigned i = 0; i < STEPS_IN_A_WORLD; i++) {
        choose_operation(world, NULL, &runner->random, &operation);
        operation.number = atomic_fetch_add(&runner->shared->number, 1) + 1;
        if (!needs_turns(operation.code))
            step_behind_gate(runner->shared, &actor, &operation);
        if (operation.outside)
            ter_mutator_outside(runner->mutator, rest, NULL);
    }
}

/* A thread now and then ends and is another one. */
static void *live(void *data)
{
    struct runner *runner = data;
    struct shared *shared = runner->shared;
    bool goes_on = true;

    while (goes_on) {
        if (ter_mutator_bind(shared->stage->heap, &runner->mutator) != TER_OK)
            run_fail(shared->stage->run, "no mutator for a thread");
        for (unsigned i = 0; i < 10 && goes_on; i++) {
            struct request request = {.shared = shared};

            ter_mutator_outside(runner->mutator, take_world, &request);
            goes_on = request.goes_on;
            if (goes_on)
                run_in_world(runner, request.world);
            ter_mutator_outside(runner->mutator, leave_world, &request);
        }
        if (goes_on)
            ter_mutator_unbind(runner->mutator);
    }
    return NULL;
}

static void open_worlds(struct shared *shared)
{
    uint32_t most = shared->stage->run->settings.steps + 1;

    shared->worlds = calloc(WORLDS, sizeof shared->worlds[0]);
    if (shared->worlds == NULL)
        abort();
    for (unsigned i = 0; i < WORLDS; i++)
        world_open(&shared->worlds[i], shared->stage, most);
}

static void *join_all(void *data)
{
    struct runner *runners = data;

    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(runners[i].thread, NULL);
    return NULL;
}

static void run_threads(struct shared *shared, struct ter_mutator *mutator)
{
    struct runner runners[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        runners[i] = (struct runner){.shared = shared};
        runners[i].random.state = shared->stage->run->settings.seed + i;
        if (pthread_create(&runners[i].thread, NULL, live, &runners[i]) != 0)
            run_fail(shared->stage->run, "no thread");
    }
    ter_mutator_outside(mutator, join_all, runners);
}

void free_running(struct stage *stage, struct ter_mutator *mutator)
{
    struct shared shared = {.stage = stage, .steps_left = stage->run->settings.steps};

    shared.gated = stage->run->settings.exact || stage->moves;
    pthread_mutex_init(&shared.lock, NULL);
    pthread_rwlock_init(&shared.gate, NULL);
    open_worlds(&shared);
    run_threads(&shared, mutator);
    stage->run->done = stage->run->settings.steps;
    for (unsigned i = 0; i < WORLDS; i++) {
        check_notice_collections(&shared.worlds[i]);
        check_everything(&shared.worlds[i]);
        world_close(&shared.worlds[i]);
    }
    atomic_store(&stage->world_count, 0);
    pthread_rwlock_destroy(&shared.gate);
    pthread_mutex_destroy(&shared.lock);
    free(shared.worlds);
}
