/* SPDX-License-Identifier: MIT */
#include "choose.h"

/* What a world may take, so that a machine with little memory can run it. */
enum {
    ENOUGH_MEMBERS = 1000,
    ENOUGH_ROOT_OBJECTS = 60,
    ENOUGH_MIB = 40,
    ENOUGH_MIB_OF_MANY_WORLDS = 8,
};

static uint64_t below(struct ter_random *random, uint64_t bound)
{
    return ter_random_below(random, bound);
}

/* From nothing at all to several chunks of 4 MiB. */
static uint64_t any_bytes(struct ter_random *random)
{
    uint64_t chance = below(random, 1000);

    if (chance < 450)
        return below(random, 65);
    if (chance < 780)
        return 64 + below(random, 512);
    if (chance < 940)
        return 512 + below(random, 8192);
    if (chance < 985)
        return below(random, 100000);
    if (chance < 998)
        return below(random, 1 << 20);
    return below(random, 12 << 20);
}

static bool is_crowded(const struct world *world)
{
    bool many = world->run->settings.free_running;
    uint64_t enough = many ? ENOUGH_MIB_OF_MANY_WORLDS : ENOUGH_MIB;

    if (world->stage->collects)
        return world->model.bytes > enough << 20;
    return world->allocated_bytes > (enough * 2) << 20;
}

static uint64_t choose_bytes(const struct world *world, struct ter_random *random)
{
    return is_crowded(world) ? below(random, 257) : any_bytes(random);
}

static bool has_enough_root_objects(const struct world *world)
{
    unsigned count = 0;

    for (unsigned i = 0; i < world->model.member_count; i++)
        count += world->model.members[i]->is_root;
    return count >= ENOUGH_ROOT_OBJECTS;
}

static unsigned choose_kind(const struct world *world, struct ter_random *random)
{
    unsigned kind = (unsigned)below(random, kind_count);

    while (kinds[kind].uncollectable && has_enough_root_objects(world))
        kind = (unsigned)below(random, kind_count);
    return kind;
}

static uint32_t choose_object(const struct world *world, struct ter_random *random)
{
    if (world->model.usable_count == 0)
        return 0;
    return world->model.usable[below(random, world->model.usable_count)]->number;
}

/* One that has room for edges, if a few tries find it. */
static uint32_t choose_holder(const struct world *world, struct ter_random *random)
{
    const struct node *node = NULL;

    for (unsigned i = 0; i < 6 && world->model.usable_count != 0; i++) {
        node = world->model.usable[below(random, world->model.usable_count)];
        if (kinds[node->kind].refers(1) && node->bytes >= 2 * sizeof(uintptr_t))
            break;
    }
    return node == NULL ? 0 : node->number;
}

static uint32_t choose_link(const struct world *world, struct ter_random *random)
{
    return world->model.links[below(random, LINKS)].number;
}

/* ---- The operation ---- */

static unsigned choose_by_weight(struct ter_random *random)
{
    unsigned sum = 0, code = 0;
    uint64_t chance;

    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        sum += operation_weight(i);
    for (chance = below(random, sum); chance >= operation_weight(code); code++)
        chance -= operation_weight(code);
    return code;
}

static unsigned choose_code(const struct world *world, struct ter_random *random)
{
    unsigned code = choose_by_weight(random);

    if (world->model.member_count > ENOUGH_MEMBERS && code == OPERATION_ALLOCATE)
        return below(random, 20) == 0 ? OPERATION_COLLECT : OPERATION_UNROOT;
    if (world->model.usable_count == 0 && code != OPERATION_COLLECT && code != OPERATION_FINALIZE)
        return OPERATION_ALLOCATE;
    return code;
}

static void choose_target(const struct world *world, struct ter_random *random,
                          struct operation *operation)
{
    switch (operation->code) {
    case OPERATION_ALLOCATE:
    case OPERATION_GARBAGE:
        operation->a = choose_kind(world, random);
        operation->c = choose_bytes(world, random);
        if (operation->code == OPERATION_GARBAGE)
            operation->c %= 2000;
        break;
    case OPERATION_CONNECT:
        operation->a = choose_holder(world, random);
        operation->b = choose_object(world, random);
        break;
    case OPERATION_ROOT:
    case OPERATION_LOCAL: operation->b = choose_object(world, random); break;
    case OPERATION_LINK:
        operation->a = below(random, 3) == 0 ? 0 : choose_object(world, random);
        operation->b = choose_object(world, random);
        break;
    case OPERATION_DECOY:
        operation->a = choose_object(world, random);
        operation->b = choose_object(world, random);
        break;
    case OPERATION_UNLINK:
    case OPERATION_FOLLOW: operation->a = choose_link(world, random); break;
    case OPERATION_RESIZE: operation->c = choose_bytes(world, random); break;
    default: break;
    }
}

static bool names_an_object(unsigned code)
{
    return code == OPERATION_DISCONNECT || code == OPERATION_FREE || code == OPERATION_RESIZE ||
           code == OPERATION_REWRITE || code == OPERATION_FINALIZER || code == OPERATION_PIN;
}

void choose_operation(struct world *world, const struct actors *actors, struct ter_random *random,
                      struct operation *operation)
{
    unsigned actor = (unsigned)below(random, ACTORS);

    model_reach(&world->model);
    operation->code = (uint16_t)choose_code(world, random);
    if (actors == NULL || !actors->of[actor].exists || operation->code == OPERATION_START ||
        operation->code == OPERATION_END)
        actor = 0;
    operation->actor = (uint8_t)actor;
    operation->outside = below(random, 3) == 0;
    operation->a = (uint32_t)below(random, UINT32_MAX);
    operation->b = (uint32_t)below(random, UINT32_MAX);
    operation->c = ter_random_next(random);
    if (names_an_object(operation->code))
        operation->a = choose_object(world, random);
    choose_target(world, random, operation);
}
