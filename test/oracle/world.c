/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <string.h>

#include "faults.h"
#include "plan/plan.h"

/* A collection of young objects leaves old ones that nothing refers to. */
bool world_collects_all(const char *name)
{
    const struct ter_plan *plan = ter_plan_named(name);

    return plan == NULL || plan->barrier != TER_BARRIER_LOGGED;
}

void world_open(struct world *world, struct stage *stage, uint32_t most_numbers)
{
    const struct settings *settings = &stage->run->settings;

    memset(world, 0, sizeof *world);
    world->stage = stage;
    world->run = stage->run;
    world->exact_roots = settings->exact ? ROOTS : ROOTS / 2;
    world->judges =
        settings->exact && !settings->free_running && world_collects_all(settings->plan);
    world->collections_seen = atomic_load(&stage->collections);
    model_init(&world->model, most_numbers);
    stage_add_world(stage, world);
}

void world_close(struct world *world)
{
    memset(world->slots, 0, sizeof world->slots);
    model_fini(&world->model);
}

void world_set_root(struct world *world, unsigned slot, struct node *node, size_t displacement)
{
    if (slot < world->exact_roots)
        displacement = 0;
    if (node == NULL && world->slots[slot] != 0 && fault_strikes(FAULT_OBJECT_KEPT))
        world->stage->kept_by_fault = world->slots[slot];
    world->model.roots[slot] = (struct reference){node, node == NULL ? 0 : displacement};
    world->slots[slot] = world_word(&world->model.roots[slot]);
}

void world_set_local(struct world *world, unsigned actor, unsigned local, struct node *node,
                     size_t displacement)
{
    struct reference *reference = &world->model.locals[actor][local];

    *reference = (struct reference){node, node == NULL ? 0 : displacement};
    world->locals[actor][local] = world_word(reference);
}

uintptr_t *world_link_word(struct world *world, const struct link *link)
{
    return link->holder == NULL ? &world->cells[link->word]
                                : world_word_of(link->holder, link->word);
}

bool world_has_link(const struct link *link)
{
    return link->holder == NULL || (link->holder->marks & MARK_USABLE) != 0;
}

void world_end_link(struct world *world, struct link *link, bool registered)
{
    uintptr_t *word = world_link_word(world, link);

    /* While the program could not see it, or by another thread's collection just now. */
    bool may_be_cleared = !world->judges && *word == 0;

    if (registered && !stage_unlink(world->stage, word, link->is_long) && !may_be_cleared)
        run_fail(world->run, "link %u was not there any more", link->number);
    if (link->holder != NULL) {
        struct field *field = node_field(link->holder, link->word);

        field->use = FIELD_VALUE;
        field->value = 0;
    }
    link->number = 0;
}
