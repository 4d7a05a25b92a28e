/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <stdlib.h>

#include "check_object.h"
#include "contents.h"
#include "kinds.h"

/* ---- The walk ---- */

/* Nodes that were come by and not yet looked at; one walk at a time in each thread. */
static _Thread_local struct node *waiting[MOST_MEMBERS];
static _Thread_local unsigned waiting_count;

static void arrive(struct world *world, struct node *node, uintptr_t address, const char *from)
{
    if (node->seen == world->walk) {
        if (node->address != address)
            run_fail(world->run, "%s: %s leads to %#zx instead", check_describe(node), from,
                     (size_t)address);
        return;
    }
    if (node->address != address && (!node->movable || node->pinned))
        run_fail(world->run, "%s cannot move, but %s leads to %#zx", check_describe(node), from,
                 (size_t)address);
    node->seen = world->walk;
    node->address = address;
    waiting[waiting_count++] = node;
}

/* What the program can reach, and so what it may read. */
static bool is_seen_by_program(const struct node *node, const struct field *field)
{
    if (field->use == FIELD_EDGE && kind_role(node->kind, field->word) == ROLE_KEY)
        return (field->edge.target->marks & MARK_USABLE) != 0;
    return node_leads_on(node, field, MARK_USABLE);
}

/* Where it is not known what a collection must take away: what it took of elements. */
static void note_cleared_elements(struct node *node)
{
    for (unsigned i = 0; i < FIELDS; i++) {
        struct field *field = &node->fields[i];

        if (field->use == FIELD_EDGE && kind_role(node->kind, field->word) == ROLE_KEY &&
            !is_seen_by_program(node, field) && *world_word_of(node, field->word) == 0)
            node_clear_element(node, field);
    }
}

static void go_on(struct world *world)
{
    while (waiting_count > 0) {
        struct node *node = waiting[--waiting_count];

        if (!world->judges)
            note_cleared_elements(node);
        check_object(world, node);
        world->run->objects_checked++;
        for (unsigned i = 0; i < FIELDS; i++) {
            const struct field *field = &node->fields[i];

            if (is_seen_by_program(node, field))
                arrive(world, field->edge.target,
                       *world_word_of(node, field->word) - field->edge.displacement, "an edge");
        }
    }
}

static void arrive_from_roots(struct world *world)
{
    struct model *model = &world->model;

    for (unsigned i = 0; i < ROOTS; i++)
        if (model->roots[i].target != NULL)
            arrive(world, model->roots[i].target, world->slots[i] - model->roots[i].displacement,
                   "a root");
        else if (world->slots[i] != 0)
            run_fail(world->run, "root %u was 0 and is %#zx", i, (size_t)world->slots[i]);
    for (unsigned i = 0; i < ACTORS; i++)
        for (unsigned j = 0; j < LOCALS; j++)
            if (model->locals[i][j].target != NULL)
                arrive(world, model->locals[i][j].target,
                       world->locals[i][j] - model->locals[i][j].displacement, "a stack");
    /* Those do not move, so they may have no other reference than the model's. */
    for (unsigned i = 0; i < model->member_count; i++)
        if (model->members[i]->is_root && !model->members[i]->movable)
            arrive(world, model->members[i], model->members[i]->address, "its record");
}

void check_walk(struct world *world)
{
    world->walk++;
    arrive_from_roots(world);
    go_on(world);
}

void check_walk_from(struct world *world, struct node *node, uintptr_t address)
{
    arrive(world, node, address, "its finalizer");
    go_on(world);
}

/* ---- Links ---- */

static void check_link(struct world *world, struct link *link)
{
    uintptr_t word;

    if (link->number == 0 || !world_has_link(link))
        return;
    word = *world_link_word(world, link);
    if (word == 0 && (link->target->marks & MARK_USABLE) != 0 && !link->may_be_zero)
        run_fail(world->run, "link %u was cleared, but %s is reachable", link->number,
                 check_describe(link->target));
    if (word == 0) {
        if (world->judges && !link->must_be_zero)
            run_fail(world->run, "link %u was cleared too early: %s", link->number,
                     check_describe(link->target));
        world->run->links_cleared++;
        world_end_link(world, link, false);
        return;
    }
    link->may_be_zero = false;
    if (link->must_be_zero)
        run_fail(world->run, "link %u was not cleared: %s", link->number,
                 check_describe(link->target));
    if (link->target->seen == world->walk && word != link->target->address)
        run_fail(world->run, "link %u holds %#zx: %s", link->number, (size_t)word,
                 check_describe(link->target));
}

static void check_links(struct world *world)
{
    for (unsigned i = 0; i < LINKS; i++)
        check_link(world, &world->model.links[i]);
}

/* Whose holder the program cannot see: the heap has cleared such a link and forgotten it. */
static void end_hidden_links(struct world *world)
{
    for (unsigned i = 0; i < LINKS; i++) {
        struct link *link = &world->model.links[i];

        if (link->number != 0 && link->must_be_zero && !world_has_link(link)) {
            struct field *field = node_field(link->holder, link->word);

            field->use = FIELD_VALUE;
            field->value = 0;
            link->number = 0;
        }
    }
}

/* ---- No two in one place ---- */

struct extent {
    uintptr_t start;
    size_t bytes;
};

static int by_start(const void *a, const void *b)
{
    const struct extent *one = a, *other = b;

    return one->start < other->start ? -1 : one->start > other->start;
}

/* Sorted; of the usable ones. */
static unsigned list_extents(struct world *world, struct extent *extents)
{
    unsigned count = world->model.usable_count;

    for (unsigned i = 0; i < count; i++) {
        ter_object object = ter_object_at(world->model.usable[i]->address);

        extents[i].start = object.bits;
        extents[i].bytes = ter_object_bytes(world->stage->heap, object);
    }
    qsort(extents, count, sizeof extents[0], by_start);
    return count;
}

static void check_apart(struct world *world)
{
    static _Thread_local struct extent extents[MOST_MEMBERS];
    unsigned count = list_extents(world, extents);

    for (unsigned i = 1; i < count; i++)
        if (extents[i - 1].start + extents[i - 1].bytes > extents[i].start)
            run_fail(world->run, "two objects overlap: %#zx of %zu bytes, and %#zx",
                     (size_t)extents[i - 1].start, extents[i - 1].bytes, (size_t)extents[i].start);
}

void check_everything(struct world *world)
{
    model_reach(&world->model);
    check_walk(world);
    check_links(world);
    check_apart(world);
}

/* ---- After a collection ---- */

/* What the roots did not lead to may be given to its finalizer from now on. */
static void note_lost(struct world *world)
{
    for (unsigned i = 0; i < world->model.member_count; i++)
        if ((world->model.members[i]->marks & MARK_USABLE) == 0)
            world->model.members[i]->was_lost = true;
    for (unsigned i = 0; i < LINKS && !world->judges; i++) {
        struct link *link = &world->model.links[i];

        link->may_be_zero |= link->number != 0 && (link->target->marks & MARK_USABLE) == 0;
    }
}

/* Which of the finalizers other threads have run meanwhile. */
static void note_finalized(struct world *world)
{
    for (unsigned i = 0; i < world->model.member_count; i++) {
        struct node *node = world->model.members[i];

        if (node->finalizer != FINALIZER_WAITING || atomic_load(&node->finalizer_runs) == 0)
            continue;
        if (!node->was_lost)
            run_fail(world->run, "%s was finalized, but it was always reachable",
                     check_describe(node));
        node->finalizer = FINALIZER_RAN;
        world->run->finalizers_run++;
    }
}

void check_notice_collections(struct world *world)
{
    unsigned count = atomic_load(&world->stage->collections);

    if (count == world->collections_seen)
        return;
    world->run->collections += count - world->collections_seen;
    world->collections_seen = count;
    /* Where threads run as they like, one that collects meanwhile would move what is looked for. */
    if (!world->run->settings.free_running)
        stage_check_spaces(world->stage);
    model_reach(&world->model);
    note_lost(world);
    if (world->run->settings.free_running)
        note_finalized(world);
    if (world->judges)
        model_collect(&world->model);
    check_everything(world);
    if (world->judges)
        end_hidden_links(world);
    else
        model_forget(&world->model);
    model_reach(&world->model);
}

/*
 * What lies there is another object: one that is known to, or could be, since it waits for its
 * finalizer, say, and no walk came to it after it moved.
 */
static bool is_other(const struct world *world, const struct node *gone, const struct node *member)
{
    if (member->seen == world->walk)
        return member->address == gone->address;
    return !contents_tell(gone) || (member->kind == gone->kind && member->bytes == gone->bytes);
}

static bool is_where_a_member_is(const struct world *world, uintptr_t found)
{
    for (unsigned i = 0; i < world->model.member_count; i++)
        if (world->model.members[i]->address == found)
            return true;
    return false;
}

/* Where objects move, another may lie where it was: it is there if what it held is. */
static bool is_there_still(const struct world *world, const struct node *node, ter_object found)
{
    if (found.bits != node->address || ter_object_bytes(world->stage->heap, found) < node->bytes ||
        !contents_match(node))
        return false;
    for (unsigned i = 0; i < world->model.member_count; i++)
        if (is_other(world, node, world->model.members[i]))
            return false;
    return true;
}

static bool is_there(struct world *world, const struct node *node)
{
    ter_object found = ter_heap_find(world->stage->heap, node->address);

    if (world->stage->moves)
        return is_there_still(world, node, found);
    return !ter_object_is_none(found) && !is_where_a_member_is(world, found.bits);
}

struct visit {
    struct world *world;
    struct extent *expected;
    unsigned expected_count;
    unsigned expected_seen;
    size_t seen;
};

static void visit_object(void *context, ter_object object, size_t bytes)
{
    struct visit *visit = context;
    struct extent wanted = {object.bits, bytes};
    const struct extent *found =
        bsearch(&wanted, visit->expected, visit->expected_count, sizeof wanted, by_start);

    visit->seen++;
    if (found != NULL && found->bytes == bytes)
        visit->expected_seen++;
}

static void check_enumeration(struct world *world, bool alone)
{
    static _Thread_local struct extent extents[MOST_MEMBERS];
    struct visit visit = {.world = world, .expected = extents};

    visit.expected_count = list_extents(world, extents);
    if (ter_heap_for_each_object(world->stage->heap, visit_object, &visit) != TER_OK)
        run_fail(world->run, "the objects cannot be enumerated");
    if (visit.expected_seen != visit.expected_count)
        run_fail(world->run, "%u objects are there, and %u of them were enumerated",
                 visit.expected_count, visit.expected_seen);
    if (alone && visit.seen != world->model.member_count)
        run_fail(world->run, "%u objects must be there, and %zu are", world->model.member_count,
                 visit.seen);
}

void check_gone(struct world *world, bool alone)
{
    for (unsigned i = 0; i < world->model.gone_count; i++)
        if (is_there(world, world->model.gone[i]))
            run_fail(world->run, "%s was not freed", check_describe(world->model.gone[i]));
    world->run->objects_gone += world->model.gone_count;
    check_enumeration(world, alone);
}
