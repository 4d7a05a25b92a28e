/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <stdlib.h>
#include <string.h>

void model_init(struct model *model, uint32_t most_numbers)
{
    memset(model, 0, sizeof *model);
    model->most = most_numbers;
    model->by_number = calloc((size_t)most_numbers + 1, sizeof(struct node *));
    if (model->by_number == NULL)
        abort();
}

void model_fini(struct model *model)
{
    for (uint32_t i = 0; i <= model->most; i++)
        free(model->by_number[i]);
    free(model->by_number);
}

struct node *model_add(struct model *model, uint32_t number, unsigned kind, size_t bytes)
{
    struct node *node;

    if (model->member_count == MOST_MEMBERS || number > model->most)
        return NULL;
    node = calloc(1, sizeof *node);
    if (node == NULL)
        abort();
    node->number = number;
    node->kind = kind;
    node->bytes = bytes;
    model->by_number[number] = node;
    model->members[model->member_count++] = node;
    model->bytes += bytes;
    return node;
}

void model_remove(struct model *model, struct node *node)
{
    unsigned i = 0;

    while (model->members[i] != node)
        i++;
    model->members[i] = model->members[--model->member_count];
    model->bytes -= node->bytes;
    node->is_gone = true;
}

struct node *model_find(const struct model *model, uint32_t number)
{
    struct node *node = number <= model->most ? model->by_number[number] : NULL;

    return node == NULL || node->is_gone ? NULL : node;
}

struct node *model_find_usable(const struct model *model, uint32_t number)
{
    struct node *node = model_find(model, number);

    return node == NULL || (node->marks & MARK_USABLE) == 0 ? NULL : node;
}

/* ---- Reachability ---- */

/* Gives the mark to all that the nodes on the stack lead to. */
static void spread(struct model *model, unsigned mark, unsigned count)
{
    while (count > 0) {
        const struct node *node = model->stack[--count];

        for (unsigned i = 0; i < FIELDS; i++) {
            struct node *target = node->fields[i].edge.target;

            if (node->fields[i].use != FIELD_EDGE || (target->marks & mark) != 0)
                continue;
            target->marks |= mark;
            model->stack[count++] = target;
        }
    }
}

static void spread_from(struct model *model, unsigned mark, struct node *node)
{
    if (node == NULL || (node->marks & mark) != 0)
        return;
    node->marks |= mark;
    model->stack[0] = node;
    spread(model, mark, 1);
}

/* What it leads to, but not itself, unless something leads back. */
static void spread_behind(struct model *model, unsigned mark, struct node *node)
{
    model->stack[0] = node;
    spread(model, mark, 1);
}

static void spread_from_roots(struct model *model, unsigned mark)
{
    for (unsigned i = 0; i < model->member_count; i++)
        model->members[i]->marks &= ~mark;
    for (unsigned i = 0; i < ROOTS; i++)
        spread_from(model, mark, model->roots[i].target);
    for (unsigned i = 0; i < ACTORS; i++)
        for (unsigned j = 0; j < LOCALS; j++)
            spread_from(model, mark, model->locals[i][j].target);
    for (unsigned i = 0; i < model->member_count; i++)
        if (model->members[i]->is_root)
            spread_from(model, mark, model->members[i]);
}

void model_reach(struct model *model)
{
    spread_from_roots(model, MARK_USABLE);
    model->usable_count = 0;
    for (unsigned i = 0; i < model->member_count; i++)
        if ((model->members[i]->marks & MARK_USABLE) != 0)
            model->usable[model->usable_count++] = model->members[i];
}

bool model_is_held_by_lost(const struct model *model, const struct node *node)
{
    for (unsigned i = 0; i < model->member_count; i++) {
        const struct node *other = model->members[i];

        if ((other->marks & MARK_USABLE) != 0)
            continue;
        for (unsigned j = 0; j < FIELDS; j++)
            if (other->fields[j].use == FIELD_EDGE && other->fields[j].edge.target == node)
                return true;
    }
    return false;
}

/* ---- What a collection does ---- */

static bool has(const struct node *node, unsigned mark)
{
    return (node->marks & mark) != 0;
}

static bool is_to_be_finalized(const struct node *node)
{
    return node->finalizer == FINALIZER_WAITING && !has(node, MARK_REACHED);
}

/* An object is finalized before what it leads to, and so never when it leads to itself. */
static void find_ready(struct model *model)
{
    for (unsigned i = 0; i < model->member_count; i++)
        model->members[i]->marks &= ~(unsigned)(MARK_LATER | MARK_KEPT);
    for (unsigned i = 0; i < model->member_count; i++)
        if (is_to_be_finalized(model->members[i]))
            spread_behind(model, MARK_LATER, model->members[i]);
    for (unsigned i = 0; i < model->member_count; i++)
        if (is_to_be_finalized(model->members[i]) && !has(model->members[i], MARK_LATER))
            model->members[i]->finalizer = FINALIZER_READY;
    for (unsigned i = 0; i < model->member_count; i++)
        if (has(model->members[i], MARK_REACHED | MARK_LATER) ||
            model->members[i]->finalizer == FINALIZER_READY)
            spread_from(model, MARK_KEPT, model->members[i]);
}

static void drop_not_kept(struct model *model)
{
    unsigned count = 0;

    model->gone_count = 0;
    for (unsigned i = 0; i < model->member_count; i++) {
        struct node *node = model->members[i];

        if (has(node, MARK_KEPT)) {
            model->members[count++] = node;
            continue;
        }
        node->is_gone = true;
        model->bytes -= node->bytes;
        model->gone[model->gone_count++] = node;
    }
    model->member_count = count;
}

static void see_to_link(struct link *link)
{
    link->must_be_zero = !has(link->target, link->is_long ? MARK_KEPT : MARK_REACHED);
    if (link->holder != NULL && link->holder->is_gone)
        link->number = 0;
}

void model_collect(struct model *model)
{
    spread_from_roots(model, MARK_REACHED);
    for (unsigned i = 0; i < model->member_count; i++)
        if (model->members[i]->finalizer == FINALIZER_READY)
            spread_from(model, MARK_REACHED, model->members[i]);
    find_ready(model);
    drop_not_kept(model);
    for (unsigned i = 0; i < LINKS; i++)
        if (model->links[i].number != 0)
            see_to_link(&model->links[i]);
}

void model_forget(struct model *model)
{
    spread_from_roots(model, MARK_KEPT);
    for (unsigned i = 0; i < model->member_count; i++)
        if (model->members[i]->finalizer == FINALIZER_WAITING ||
            model->members[i]->finalizer == FINALIZER_READY)
            spread_from(model, MARK_KEPT, model->members[i]);
    for (unsigned i = 0; i < LINKS; i++)
        if (model->links[i].number != 0)
            spread_from(model, MARK_KEPT, model->links[i].target);
    drop_not_kept(model);
    for (unsigned i = 0; i < LINKS; i++)
        if (model->links[i].holder != NULL && model->links[i].holder->is_gone)
            model->links[i].number = 0;
}

/* ---- Links and fields ---- */

struct link *model_find_link(struct model *model, uint32_t number)
{
    for (unsigned i = 0; number != 0 && i < LINKS; i++)
        if (model->links[i].number == number)
            return &model->links[i];
    return NULL;
}

struct field *node_field(struct node *node, size_t word)
{
    struct field *free_one = NULL;

    for (unsigned i = 0; i < FIELDS; i++) {
        struct field *field = &node->fields[i];

        if (field->use != FIELD_FREE && field->word == word)
            return field;
        if (field->use == FIELD_FREE && free_one == NULL)
            free_one = field;
    }
    if (free_one != NULL)
        free_one->word = word;
    return free_one;
}

const struct field *node_find_field(const struct node *node, size_t word)
{
    for (unsigned i = 0; i < FIELDS; i++)
        if (node->fields[i].use != FIELD_FREE && node->fields[i].word == word)
            return &node->fields[i];
    return NULL;
}
