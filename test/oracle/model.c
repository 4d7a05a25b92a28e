/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"

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

/* ---- Ephemerons ---- */

/* All that a node names, whether it keeps it or not. */
#define EVERYTHING UINT_MAX

bool node_leads_on(const struct node *node, const struct field *field, unsigned marks)
{
    enum word_role role = kind_role(node->kind, field->word);
    const struct field *key;

    if (field->use != FIELD_EDGE)
        return false;
    if (role == ROLE_KEEPS || marks == EVERYTHING)
        return true;
    if (role == ROLE_KEY)
        return false;
    key = node_find_field(node, field->word - WORDS_TO_VALUE);
    return key == NULL || key->use != FIELD_EDGE || (key->edge.target->marks & marks) != 0;
}

struct field *node_value(struct node *node, const struct field *key)
{
    for (unsigned i = 0; i < FIELDS; i++)
        if (node->fields[i].use == FIELD_EDGE && node->fields[i].word == key->word + WORDS_TO_VALUE)
            return &node->fields[i];
    return NULL;
}

void node_clear_element(struct node *node, struct field *key)
{
    struct field *value = node_value(node, key);

    if (value != NULL)
        value->use = FIELD_FREE;
    key->use = FIELD_FREE;
}

static bool is_key(const struct node *node, const struct field *field)
{
    return field->use == FIELD_EDGE && kind_role(node->kind, field->word) == ROLE_KEY;
}

static void clear_elements_of_gone(struct node *node)
{
    for (unsigned i = 0; i < FIELDS; i++)
        if (is_key(node, &node->fields[i]) && node->fields[i].edge.target->is_gone)
            node_clear_element(node, &node->fields[i]);
}

/* ---- Reachability ---- */

/* A pass over the graph: gives the mark; what has one of `alive` counts as reached. */
struct pass {
    struct model *model;
    unsigned mark;
    unsigned alive;
};

/* Gives the mark to all that the nodes on the stack lead to. */
static void spread(const struct pass *pass, unsigned count)
{
    struct model *model = pass->model;

    while (count > 0) {
        const struct node *node = model->stack[--count];

        for (unsigned i = 0; i < FIELDS; i++) {
            struct node *target = node->fields[i].edge.target;

            if (!node_leads_on(node, &node->fields[i], pass->alive) ||
                (target->marks & pass->mark) != 0)
                continue;
            target->marks |= pass->mark;
            model->stack[count++] = target;
        }
    }
}

static void spread_from(const struct pass *pass, struct node *node)
{
    if (node == NULL || (node->marks & pass->mark) != 0)
        return;
    node->marks |= pass->mark;
    pass->model->stack[0] = node;
    spread(pass, 1);
}

/* What it leads to, but not itself, unless something leads back. */
static void spread_behind(const struct pass *pass, struct node *node)
{
    pass->model->stack[0] = node;
    spread(pass, 1);
}

/* Again and again, since a key may be reached by a value. */
static void settle_values(const struct pass *pass, bool (*counts)(const struct node *node))
{
    const struct model *model = pass->model;
    bool more = true;

    while (more) {
        more = false;
        for (unsigned i = 0; i < model->member_count; i++) {
            const struct node *node = model->members[i];

            if (!kinds[node->kind].ephemerons ||
                ((node->marks & pass->alive) == 0 && (counts == NULL || !counts(node))))
                continue;
            for (unsigned j = 0; j < FIELDS; j++)
                if (node_leads_on(node, &node->fields[j], pass->alive) &&
                    (node->fields[j].edge.target->marks & pass->mark) == 0) {
                    spread_from(pass, node->fields[j].edge.target);
                    more = true;
                }
        }
    }
}

static void spread_from_roots(const struct pass *pass)
{
    struct model *model = pass->model;

    for (unsigned i = 0; i < model->member_count; i++)
        model->members[i]->marks &= ~pass->mark;
    for (unsigned i = 0; i < ROOTS; i++)
        spread_from(pass, model->roots[i].target);
    for (unsigned i = 0; i < ACTORS; i++)
        for (unsigned j = 0; j < LOCALS; j++)
            spread_from(pass, model->locals[i][j].target);
    for (unsigned i = 0; i < model->member_count; i++)
        if (model->members[i]->is_root)
            spread_from(pass, model->members[i]);
    settle_values(pass, NULL);
}

void model_reach(struct model *model)
{
    const struct pass usable = {model, MARK_USABLE, MARK_USABLE};

    spread_from_roots(&usable);
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
    const struct pass later = {model, MARK_LATER, MARK_LATER | MARK_REACHED};
    const struct pass kept = {model, MARK_KEPT, MARK_KEPT};

    for (unsigned i = 0; i < model->member_count; i++)
        model->members[i]->marks &= ~(unsigned)(MARK_LATER | MARK_KEPT);
    for (unsigned i = 0; i < model->member_count; i++)
        if (is_to_be_finalized(model->members[i]))
            spread_behind(&later, model->members[i]);
    settle_values(&later, is_to_be_finalized);
    for (unsigned i = 0; i < model->member_count; i++)
        if (is_to_be_finalized(model->members[i]) && !has(model->members[i], MARK_LATER))
            model->members[i]->finalizer = FINALIZER_READY;
    for (unsigned i = 0; i < model->member_count; i++)
        if (has(model->members[i], MARK_REACHED | MARK_LATER) ||
            model->members[i]->finalizer == FINALIZER_READY)
            spread_from(&kept, model->members[i]);
    settle_values(&kept, NULL);
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
    for (unsigned i = 0; i < count; i++)
        clear_elements_of_gone(model->members[i]);
}

static void see_to_link(struct link *link)
{
    link->must_be_zero = !has(link->target, link->is_long ? MARK_KEPT : MARK_REACHED);
    if (link->holder != NULL && link->holder->is_gone)
        link->number = 0;
}

void model_collect(struct model *model)
{
    const struct pass reached = {model, MARK_REACHED, MARK_REACHED};

    spread_from_roots(&reached);
    for (unsigned i = 0; i < model->member_count; i++)
        if (model->members[i]->finalizer == FINALIZER_READY)
            spread_from(&reached, model->members[i]);
    settle_values(&reached, NULL);
    find_ready(model);
    drop_not_kept(model);
    for (unsigned i = 0; i < LINKS; i++)
        if (model->links[i].number != 0)
            see_to_link(&model->links[i]);
}

void model_forget(struct model *model)
{
    const struct pass kept = {model, MARK_KEPT, EVERYTHING};

    spread_from_roots(&kept);
    for (unsigned i = 0; i < model->member_count; i++)
        if (model->members[i]->finalizer == FINALIZER_WAITING ||
            model->members[i]->finalizer == FINALIZER_READY)
            spread_from(&kept, model->members[i]);
    for (unsigned i = 0; i < LINKS; i++)
        if (model->links[i].number != 0)
            spread_from(&kept, model->links[i].target);
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
