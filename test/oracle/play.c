/* SPDX-License-Identifier: MIT */
#include "play.h"

#include <stdlib.h>

#include "check.h"
#include "choose.h"
#include "faults.h"
#include "free_running.h"
#include "os/os.h"

enum { MOST_FINAL_COLLECTIONS = 400, OPERATION_NS = 20000, LOOK_NS = 50000 };

/* ---- Time ---- */

static struct run *timed;
static _Atomic uint64_t looks;

/*
 * What a heap does by its clocks has to be the same each time: they go on by operations, and by
 * what asks for the time, which is a collection or a heap that grows.
 */
static uint64_t time_of_operations(enum ter_os_clock clock)
{
    (void)clock;
    return (uint64_t)atomic_load(&timed->done) * OPERATION_NS +
           (atomic_fetch_add(&looks, 1) + 1) * LOOK_NS;
}

/* Where threads run as they like nothing is the same again. */
static void begin_time(struct run *run)
{
    timed = run;
    atomic_store(&looks, 0);
    ter_os_set_time(run->settings.free_running ? NULL : time_of_operations);
}

/* ---- Operations ---- */

static void do_now(struct actors *actors, unsigned code)
{
    struct operation operation = {.code = (uint16_t)code};

    actors_do(actors, &operation);
}

static void free_root_objects(struct actors *actors)
{
    struct model *model = &actors->world->model;

    for (unsigned i = model->member_count; i-- > 0;) {
        struct operation operation = {.code = OPERATION_FREE, .a = model->members[i]->number};

        if (model->members[i]->is_root)
            actors_do(actors, &operation);
    }
}

/*
 * At the end nothing is left but what the model says: finalizers of chains run one in each
 * collection, and what lies on a circle of them stays.
 */
static void end_everything(struct actors *actors)
{
    struct world *world = actors->world;
    unsigned left = UINT32_MAX;

    for (unsigned i = 1; i < ACTORS; i++)
        actors_end(actors, i, i % 2 != 0);
    do_now(actors, OPERATION_COLLECT);
    for (unsigned i = 0; i < MOST_FINAL_COLLECTIONS && left != world->model.member_count; i++) {
        left = world->model.member_count;
        do_now(actors, OPERATION_DROP);
        free_root_objects(actors);
        do_now(actors, OPERATION_FINALIZE);
        do_now(actors, OPERATION_DROP);
        do_now(actors, OPERATION_COLLECT);
    }
}

/* What is free is known to be: nothing but what mutators and pages round up is in use. */
static void check_empty(struct world *world)
{
    struct ter_statistics statistics;

    if (!world->judges || !world->stage->collects || world->model.member_count != 0)
        return;
    ter_heap_statistics(world->stage->heap, &statistics, sizeof statistics);
    if (statistics.live_objects != 0 || statistics.live_bytes != 0 || statistics.used_bytes != 0)
        run_fail(world->run, "nothing is left, but %llu objects, %llu bytes, %llu in use",
                 (unsigned long long)statistics.live_objects,
                 (unsigned long long)statistics.live_bytes,
                 (unsigned long long)statistics.used_bytes);
}

static void play_operations(struct run *run, struct actors *actors)
{
    struct ter_random random = {run->settings.seed};
    uint32_t count = run->replayed ? run->count : run->settings.steps;

    for (uint32_t i = 0; i < count; i++) {
        struct operation *operation = &run->operations[i];

        if (!run->replayed) {
            choose_operation(actors->world, actors, &random, operation);
            operation->number = i + 1;
            run->count = i + 1;
        }
        atomic_store(&run->done, i + 1);
        actors_do(actors, operation);
    }
}

static uint32_t highest_number(const struct run *run)
{
    uint32_t highest = run->settings.steps;

    for (uint32_t i = 0; i < run->count; i++)
        highest = (uint32_t)ter_max(highest, run->operations[i].number);
    return highest;
}

void play(struct run *run)
{
    volatile uintptr_t locals[LOCALS] = {0};
    struct ter_mutator *mutator;
    struct stage *stage = malloc(sizeof *stage);
    struct world *world = malloc(sizeof *world);
    struct actors actors;

    if (stage == NULL || world == NULL)
        abort();
    fault_plant((enum fault)run->settings.fault);
    begin_time(run);
    stage_open(stage, run, &mutator);
    if (run->settings.free_running) {
        free_running(stage, mutator);
    } else {
        world_open(world, stage, highest_number(run));
        world->locals[0] = locals;
        actors_init(&actors, world, mutator);
        play_operations(run, &actors);
        end_everything(&actors);
        check_empty(world);
        actors_fini(&actors);
        world_close(world);
    }
    ter_mutator_unbind(mutator);
    stage_close(stage);
    ter_os_set_time(NULL);
    free(world);
    free(stage);
}
