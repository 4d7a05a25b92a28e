/* SPDX-License-Identifier: MIT */
#include "check_object.h"

#include <stdio.h>

#include "contents.h"

const char *check_describe(const struct node *node)
{
    static _Thread_local char text[160];

    snprintf(text, sizeof text, "object %u (%s, %zu bytes, at %#zx)", node->number,
             kinds[node->kind].name, node->bytes, (size_t)node->address);
    return text;
}

static void check_owner(struct world *world, const struct node *node)
{
    ter_object object = ter_object_at(node->address);
    const struct ter_sft *owner = ter_heap_owner(world->stage->heap, node->address);

    if (ter_sft_is_empty(owner) || !owner->is_in_space(owner, node->address))
        run_fail(world->run, "%s lies in no space", check_describe(node));
    if (owner->find_object(owner, node->address).bits != node->address)
        run_fail(world->run, "%s is no object (%s)", check_describe(node), owner->name);
    if (!owner->is_live(owner, object) || !owner->is_sane(owner, object))
        run_fail(world->run, "%s is not live (%s)", check_describe(node), owner->name);
    if (node->bytes > sizeof(uintptr_t) &&
        !ter_object_is_none(owner->find_object(owner, node->address + sizeof(uintptr_t))))
        run_fail(world->run, "%s: an object begins at its second word (%s)", check_describe(node),
                 owner->name);
    if (owner->is_pinned(owner, object) != (node->pinned || !owner->is_movable(owner, object)))
        run_fail(world->run, "%s: wrong answer on whether it is pinned (%s)", check_describe(node),
                 owner->name);
}

/* The first byte, the last one, and one between that is another each time. */
static void check_finding(struct world *world, const struct node *node)
{
    struct ter_random random = {world->walk ^ node->number};
    size_t size = ter_object_bytes(world->stage->heap, ter_object_at(node->address));
    size_t places[] = {0, size - 1, (size_t)ter_random_below(&random, size)};

    if (size < node->bytes)
        run_fail(world->run, "%s has only %zu bytes", check_describe(node), size);
    for (size_t i = 0; i < TER_ARRAY_LENGTH(places); i++) {
        ter_object found = ter_heap_find(world->stage->heap, node->address + places[i]);

        if (found.bits != node->address)
            run_fail(world->run, "%s: its byte %zu is found in %#zx", check_describe(node),
                     places[i], (size_t)found.bits);
    }
    if (ter_heap_find(world->stage->heap, node->address + size).bits == node->address)
        run_fail(world->run, "%s is found from behind its end", check_describe(node));
}

void check_object(struct world *world, const struct node *node)
{
    check_owner(world, node);
    check_finding(world, node);
    contents_check(world, node);
}
