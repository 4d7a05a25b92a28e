/* SPDX-License-Identifier: MIT */
#include "operations.h"

#include <string.h>

#include "check.h"
#include "check_object.h"
#include "contents.h"
#include "faults.h"
#include "finalizing.h"

typedef void act(struct actor *actor, struct world *world, const struct operation *operation);

/* ---- Helpers ---- */

enum { WORDS_LOOKED_AT = 48 };

static size_t words_of(const struct node *node)
{
    return node->bytes / sizeof(uintptr_t);
}

/*
 * A word of the object that does or does not refer, from the one at `chance` on; SIZE_MAX: none was
 * found near. Some kinds refer in their first words alone.
 */
static size_t choose_word(const struct node *node, uint64_t chance, bool refers)
{
    size_t words = words_of(node);
    size_t first = chance % 2 == 0 ? words : ter_min(words, WORDS_LOOKED_AT);
    size_t word = words == 0 ? 0 : (size_t)((chance >> 1) % first);

    for (unsigned i = 0; i < WORDS_LOOKED_AT && words != 0; i++, word = (word + 1) % words)
        if (kinds[node->kind].refers(word) == refers)
            return word;
    return SIZE_MAX;
}

static size_t choose_displacement(const struct node *target, uint64_t chance)
{
    return chance % 3 != 0 || target->bytes == 0 ? 0 : (size_t)((chance / 3) % target->bytes);
}

/* A field for the word, whatever it was before but a link; NULL when there is none. */
static struct field *take_field(struct node *node, size_t word)
{
    struct field *field = word == SIZE_MAX ? NULL : node_field(node, word);

    return field == NULL || field->use == FIELD_LINK ? NULL : field;
}

static struct link *unused_link(struct model *model)
{
    for (unsigned i = 0; i < LINKS; i++)
        if (model->links[i].number == 0)
            return &model->links[i];
    return NULL;
}

/* ---- Edges and roots ---- */

/* A store of a reference, or of none, is announced in one of the forms that there are. */
static void announce(struct actor *actor, const struct node *node, size_t word, uintptr_t value)
{
    uintptr_t *slot = world_word_of(node, word);
    const void *object = (const void *)node->address;

    if (fault_strikes(FAULT_MISSED_BARRIER))
        return;
    if ((node->number + word) % 3 == 0)
        ter_write(actor->mutator, object, slot, (const void *)value);
    else if ((node->number + word) % 3 == 1)
        ter_write_range(actor->mutator, object, slot, sizeof *slot);
    else
        ter_write_object(actor->mutator, object);
}

/* Only a store of a reference is announced: what refers to nothing may be a number. */
static void cut_word(struct actor *actor, struct node *node, struct field *field)
{
    if (kinds[node->kind].refers(field->word))
        announce(actor, node, field->word, 0);
    *field = (struct field){.use = FIELD_VALUE, .word = field->word, .value = 0};
    *world_word_of(node, field->word) = 0;
}

/* The value of an element goes with its key: nothing is reached by cutting. */
static void cut(struct actor *actor, struct node *node, struct field *field)
{
    struct field *value = NULL;

    if (field->use == FIELD_EDGE && kind_role(node->kind, field->word) == ROLE_KEY)
        value = node_value(node, field);
    if (value != NULL)
        cut_word(actor, node, value);
    cut_word(actor, node, field);
}

/* Not a value whose key the program cannot reach: that may be gone. */
static bool may_connect(const struct node *node, const struct field *field)
{
    const struct field *key;

    if (kind_role(node->kind, field->word) != ROLE_VALUE)
        return true;
    key = node_find_field(node, field->word - WORDS_TO_VALUE);
    return key == NULL || key->use != FIELD_EDGE || (key->edge.target->marks & MARK_USABLE) != 0;
}

static void do_connect(struct actor *actor, struct world *world, const struct operation *operation)
{
    struct node *from = model_find_usable(&world->model, operation->a);
    struct node *to = model_find_usable(&world->model, operation->b);
    struct field *field;

    if (from == NULL || to == NULL)
        return;
    field = take_field(from, choose_word(from, operation->c & 0xffffffff, true));
    if (field == NULL || !may_connect(from, field))
        return;
    if (field->use == FIELD_EDGE)
        cut(actor, from, field);
    field->use = FIELD_EDGE;
    field->edge.target = to;
    field->edge.displacement =
        kinds[from->kind].inner ? choose_displacement(to, operation->c >> 32) : 0;
    announce(actor, from, field->word, world_word(&field->edge));
    *world_word_of(from, field->word) = world_word(&field->edge);
}

static void do_disconnect(struct actor *actor, struct world *world,
                          const struct operation *operation)
{
    struct node *from = model_find_usable(&world->model, operation->a);

    if (from != NULL && from->fields[operation->b % FIELDS].use == FIELD_EDGE)
        cut(actor, from, &from->fields[operation->b % FIELDS]);
}

static void do_root(struct actor *actor, struct world *world, const struct operation *operation)
{
    struct node *node = model_find_usable(&world->model, operation->b);

    (void)actor;
    if (node != NULL)
        world_set_root(world, operation->a % ROOTS, node, choose_displacement(node, operation->c));
}

static void do_unroot(struct actor *actor, struct world *world, const struct operation *operation)
{
    (void)actor;
    world_set_root(world, operation->a % ROOTS, NULL, 0);
}

/* Exact roots alone leave stacks unscanned. */
static void do_local(struct actor *actor, struct world *world, const struct operation *operation)
{
    struct node *node = model_find_usable(&world->model, operation->b);

    if (world->run->settings.exact || world->locals[actor->number] == NULL)
        return;
    world_set_local(world, actor->number, operation->a % LOCALS, node,
                    node == NULL ? 0 : choose_displacement(node, operation->c));
}

static void do_drop(struct actor *actor, struct world *world, const struct operation *operation)
{
    (void)operation;
    for (unsigned i = 0; i < ROOTS; i++)
        world_set_root(world, i, NULL, 0);
    for (unsigned i = 0; i < LOCALS; i++)
        if (world->locals[actor->number] != NULL)
            world_set_local(world, actor->number, i, NULL, 0);
}

/* ---- Objects ---- */

static void note_place(struct world *world, struct node *node, void *memory)
{
    const struct ter_sft *owner;

    node->address = (uintptr_t)memory;
    owner = ter_heap_owner(world->stage->heap, node->address);
    node->movable = owner->is_movable(owner, ter_object_at(node->address));
    node->pinned = false;
    node->seen = world->walk;
}

/* In every third run 30 % of the objects that can move are pinned from the beginning. */
static void pin_some(struct world *world, struct node *node)
{
    struct ter_random random = {world->run->settings.seed ^ ((uint64_t)node->number << 20)};
    const struct ter_sft *owner = ter_heap_owner(world->stage->heap, node->address);

    if (world->run->settings.seed % 3 != 0 || !node->movable || ter_random_below(&random, 10) >= 3)
        return;
    node->pinned = owner->pin(owner, ter_object_at(node->address));
    if (!node->pinned)
        run_fail(world->run, "%s can move and cannot be pinned", check_describe(node));
}

static void do_allocate(struct actor *actor, struct world *world, const struct operation *operation)
{
    unsigned kind = operation->a % kind_count;
    size_t bytes = kind_bytes(kind, (size_t)operation->c);
    bool lies = bytes > 64 && fault_strikes(FAULT_WRONG_SIZE);
    struct node *node;
    void *memory;

    if (world->model.member_count == MOST_MEMBERS)
        return;
    memory =
        ter_allocate(actor->mutator, world->stage->kind_numbers[kind], lies ? bytes / 2 : bytes);
    check_notice_collections(world);
    if (memory == NULL) {
        world->run->refused++;
        return;
    }
    world->allocated_bytes += bytes;
    node = model_add(&world->model, operation->number, kind, bytes);
    node->owner = world;
    node->is_root = kinds[kind].uncollectable;
    note_place(world, node, memory);
    if (!node->is_root || node->movable)
        world_set_root(world, operation->b % ROOTS, node, 0);
    if (kinds[kind].cleared && !lies)
        contents_check_clear(world, node, 0, node->bytes);
    if (!lies)
        contents_fill(node);
    pin_some(world, node);
}

/* Takes away all that refers to the object, links too, and its pin. */
static void isolate(struct actor *actor, struct world *world, struct node *node)
{
    struct model *model = &world->model;

    for (unsigned i = 0; i < ROOTS; i++)
        if (model->roots[i].target == node)
            world_set_root(world, i, NULL, 0);
    for (unsigned i = 0; i < ACTORS; i++)
        for (unsigned j = 0; j < LOCALS; j++)
            if (model->locals[i][j].target == node)
                world_set_local(world, i, j, NULL, 0);
    for (unsigned i = 0; i < model->usable_count; i++)
        for (unsigned j = 0; j < FIELDS; j++)
            if (model->usable[i]->fields[j].use == FIELD_EDGE &&
                model->usable[i]->fields[j].edge.target == node)
                cut(actor, model->usable[i], &model->usable[i]->fields[j]);
    for (unsigned i = 0; i < LINKS; i++) {
        struct link *link = &model->links[i];

        if (link->number != 0 && (link->target == node || link->holder == node))
            world_end_link(world, link, true);
    }
}

/*
 * Nothing that the program cannot change refers to it, and no finalizer is about to get it. Where
 * it is not known what a collection takes away, something that it left may refer to it, of which
 * the option check_heap would complain.
 */
static bool can_be_isolated(const struct world *world, const struct node *node)
{
    if (!world->judges && world->stage->is_checked)
        return false;
    if (node->finalizer == FINALIZER_READY ||
        (node->finalizer == FINALIZER_WAITING && node->was_lost) ||
        (node->finalizer != FINALIZER_NONE && world->run->settings.free_running))
        return false;
    for (unsigned i = 0; i < LINKS; i++)
        if (world->model.links[i].target == node && world->model.links[i].number != 0 &&
            !world_has_link(&world->model.links[i]))
            return false;
    return !model_is_held_by_lost(&world->model, node);
}

static void unpin(struct world *world, struct node *node)
{
    const struct ter_sft *owner = ter_heap_owner(world->stage->heap, node->address);

    if (node->pinned && !owner->unpin(owner, ter_object_at(node->address)))
        run_fail(world->run, "%s was pinned and cannot be unpinned", check_describe(node));
    node->pinned = false;
}

static void do_free(struct actor *actor, struct world *world, const struct operation *operation)
{
    struct node *node = model_find_usable(&world->model, operation->a);

    if (node == NULL || !can_be_isolated(world, node))
        return;
    isolate(actor, world, node);
    unpin(world, node);
    ter_free(actor->mutator, (void *)node->address);
    model_remove(&world->model, node);
}

static bool lies_beyond(const struct field *field, size_t bytes)
{
    return field->use != FIELD_FREE && (field->word + 1) * sizeof(uintptr_t) > bytes;
}

/* What will not fit any more is cut before, as a collection may come in between. */
static void cut_edges(struct actor *actor, struct node *node, size_t bytes)
{
    for (unsigned i = 0; i < FIELDS; i++)
        if (lies_beyond(&node->fields[i], bytes))
            cut(actor, node, &node->fields[i]);
}

static void forget_fields(struct node *node, size_t bytes)
{
    for (unsigned i = 0; i < FIELDS; i++)
        if (lies_beyond(&node->fields[i], bytes))
            node->fields[i].use = FIELD_FREE;
}

static void set_bytes(struct world *world, struct node *node, size_t bytes)
{
    world->model.bytes += bytes - node->bytes;
    node->bytes = bytes;
}

/* The finalizer goes with the old place, if there is a new one; so it is taken away before. */
static void do_resize(struct actor *actor, struct world *world, const struct operation *operation)
{
    struct node *node = model_find_usable(&world->model, operation->a);
    size_t old_bytes, bytes, common;
    void *memory;

    if (node == NULL || !can_be_isolated(world, node))
        return;
    isolate(actor, world, node);
    unpin(world, node);
    finalizing_set(world, node, false);
    if (!node->is_root || node->movable)
        world_set_root(world, operation->number % world->exact_roots, node, 0);
    old_bytes = node->bytes;
    bytes = kind_bytes(node->kind, (size_t)operation->c);
    common = ter_min(old_bytes, bytes);
    cut_edges(actor, node, common);
    memory = ter_reallocate(actor->mutator, (void *)node->address, bytes);
    if (memory == NULL) {
        world->run->refused++;
        check_notice_collections(world);
        return;
    }
    note_place(world, node, memory);
    if (!node->is_root || node->movable)
        world_set_root(world, operation->number % world->exact_roots, node, 0);
    /* The word that was cut may have been a field. */
    forget_fields(node, common);
    set_bytes(world, node, ter_align_down(common, sizeof(uintptr_t)));
    check_notice_collections(world);
    contents_check(world, node);
    if (kinds[node->kind].cleared)
        contents_check_clear(world, node, common, bytes);
    set_bytes(world, node, bytes);
    world->allocated_bytes += bytes;
    node->version++;
    contents_fill(node);
}

static void do_rewrite(struct actor *actor, struct world *world, const struct operation *operation)
{
    struct node *node = model_find_usable(&world->model, operation->a);

    (void)actor;
    if (node == NULL)
        return;
    node->version++;
    contents_fill(node);
}

/* An address in a word that refers to nothing: it keeps nothing, and is left as it is. */
static void do_decoy(struct actor *actor, struct world *world, const struct operation *operation)
{
    struct node *node = model_find_usable(&world->model, operation->a);
    struct node *other = model_find_usable(&world->model, operation->b);
    struct field *field;

    (void)actor;
    if (node == NULL || other == NULL)
        return;
    field = take_field(node, choose_word(node, operation->c, false));
    if (field == NULL)
        return;
    field->use = FIELD_VALUE;
    field->value = other->address;
    *world_word_of(node, field->word) = field->value;
}

static void do_garbage(struct actor *actor, struct world *world, const struct operation *operation)
{
    unsigned kind = operation->a % kind_count;

    for (unsigned i = 0; i < operation->b % 64 && !kinds[kind].uncollectable; i++) {
        uintptr_t *memory =
            ter_allocate(actor->mutator, world->stage->kind_numbers[kind], (size_t)operation->c);

        check_notice_collections(world);
        world->allocated_bytes += operation->c;
        /* So that memory which is handed out again is not 0 by chance. */
        if (memory != NULL && operation->c >= sizeof *memory && !kind_has_slot(kind, 0))
            memory[0] = ~(uintptr_t)0;
    }
}

/* ---- Links ---- */

static bool is_cell_free(const struct model *model, size_t cell)
{
    for (unsigned i = 0; i < LINKS; i++)
        if (model->links[i].number != 0 && model->links[i].holder == NULL &&
            model->links[i].word == cell)
            return false;
    return true;
}

/* Where the link's word will be; false when there is no room. */
static bool place_link(struct world *world, struct link *link, struct node *holder, uint64_t chance)
{
    struct field *field;

    link->holder = holder;
    link->word = (size_t)(chance % CELLS);
    if (holder == NULL)
        return is_cell_free(&world->model, link->word);
    link->word = choose_word(holder, chance, false);
    field = take_field(holder, link->word);
    if (field == NULL)
        return false;
    field->use = FIELD_LINK;
    return true;
}

static void do_link(struct actor *actor, struct world *world, const struct operation *operation)
{
    struct node *holder = model_find_usable(&world->model, operation->a);
    struct node *target = model_find_usable(&world->model, operation->b);
    struct link *link = unused_link(&world->model);

    (void)actor;
    if (target == NULL || link == NULL || (operation->a != 0 && holder == NULL) ||
        !place_link(world, link, holder, operation->c >> 1))
        return;
    link->number = operation->number;
    link->target = target;
    link->is_long = operation->c % 2 != 0;
    link->must_be_zero = link->may_be_zero = false;
    stage_link(world->stage, world_link_word(world, link), target->address, link->is_long);
    if (fault_strikes(FAULT_LINK_CLEARED))
        *world_link_word(world, link) = 0;
}

static void do_unlink(struct actor *actor, struct world *world, const struct operation *operation)
{
    struct link *link = model_find_link(&world->model, operation->a);

    (void)actor;
    if (link == NULL || !world_has_link(link) || *world_link_word(world, link) == 0)
        return;
    world_end_link(world, link, true);
}

/* What is reached through a link lives again, if it was not reached otherwise. */
static void do_follow(struct actor *actor, struct world *world, const struct operation *operation)
{
    struct link *link = model_find_link(&world->model, operation->a);
    unsigned slot = operation->b % world->exact_roots;

    (void)actor;
    if (link == NULL || !world_has_link(link))
        return;
    link->target->was_lost |= (link->target->marks & MARK_USABLE) == 0;
    world->slots[slot] = *world_link_word(world, link);
    world->model.roots[slot] = (struct reference){world->slots[slot] == 0 ? NULL : link->target, 0};
    check_everything(world);
}

/* ---- Finalizers, pins, collections ---- */

static void do_finalizer(struct actor *actor, struct world *world,
                         const struct operation *operation)
{
    struct node *node = model_find_usable(&world->model, operation->a);

    (void)actor;
    if (node != NULL)
        finalizing_set(world, node, operation->b % 4 != 0);
}

static void do_finalize(struct actor *actor, struct world *world, const struct operation *operation)
{
    (void)actor;
    (void)operation;
    finalizing_run(world);
    /* Of what lives again, all that ephemerons keep. */
    if (!world->run->settings.free_running)
        check_everything(world);
}

static void do_pin(struct actor *actor, struct world *world, const struct operation *operation)
{
    struct node *node = model_find_usable(&world->model, operation->a);
    const struct ter_sft *owner;
    ter_object object;
    bool pins = operation->b % 3 != 0, changes;

    (void)actor;
    if (node == NULL)
        return;
    object = ter_object_at(node->address);
    owner = ter_heap_owner(world->stage->heap, node->address);
    changes = owner->is_movable(owner, object) || node->pinned ? node->pinned != pins : false;
    if ((pins ? owner->pin : owner->unpin)(owner, object) != changes)
        run_fail(world->run, "%s: wrong answer to %s (%s)", check_describe(node),
                 pins ? "pin" : "unpin", owner->name);
    if (changes)
        node->pinned = pins;
    check_object(world, node);
}

static void do_collect(struct actor *actor, struct world *world, const struct operation *operation)
{
    check_notice_collections(world);
    if (operation->a % 2 == 0)
        ter_collect(actor->mutator);
    else
        ter_collect_young(actor->mutator);
    if (world->run->settings.free_running)
        stage_check_spaces(world->stage);
    if (world->stage->collects &&
        atomic_load(&world->stage->collections) == world->collections_seen)
        run_fail(world->run, "a collection that was asked for did not happen");
    if (world->stage->collects) {
        check_notice_collections(world);
        if (world->judges)
            check_gone(world, actors_count(actor->all) == 1);
    } else {
        check_everything(world);
        model_forget(&world->model);
    }
}

static void do_check(struct actor *actor, struct world *world, const struct operation *operation)
{
    (void)actor;
    (void)operation;
    check_everything(world);
}

static void do_start(struct actor *actor, struct world *world, const struct operation *operation)
{
    (void)world;
    if (actor->number == 0)
        actors_start(actor->all, operation->a % ACTORS);
}

static void do_end(struct actor *actor, struct world *world, const struct operation *operation)
{
    (void)world;
    if (actor->number == 0)
        actors_end(actor->all, operation->a % ACTORS, operation->b % 2 == 0);
}

/* ---- The table ---- */

struct row {
    const char *name;
    unsigned weight;
};

#define OPERATION_ROW(identifier, name, weight) {name, weight},
static const struct row rows[OPERATION_COUNT] = {OPERATIONS(OPERATION_ROW)};
#undef OPERATION_ROW

static act *const acts[OPERATION_COUNT] = {
    [OPERATION_ALLOCATE] = do_allocate,
    [OPERATION_CONNECT] = do_connect,
    [OPERATION_DISCONNECT] = do_disconnect,
    [OPERATION_ROOT] = do_root,
    [OPERATION_UNROOT] = do_unroot,
    [OPERATION_LOCAL] = do_local,
    [OPERATION_FREE] = do_free,
    [OPERATION_RESIZE] = do_resize,
    [OPERATION_REWRITE] = do_rewrite,
    [OPERATION_DECOY] = do_decoy,
    [OPERATION_LINK] = do_link,
    [OPERATION_UNLINK] = do_unlink,
    [OPERATION_FOLLOW] = do_follow,
    [OPERATION_FINALIZER] = do_finalizer,
    [OPERATION_FINALIZE] = do_finalize,
    [OPERATION_PIN] = do_pin,
    [OPERATION_GARBAGE] = do_garbage,
    [OPERATION_COLLECT] = do_collect,
    [OPERATION_CHECK] = do_check,
    [OPERATION_DROP] = do_drop,
    [OPERATION_START] = do_start,
    [OPERATION_END] = do_end,
};

const char *operation_name(unsigned code)
{
    return rows[code].name;
}

unsigned operation_weight(unsigned code)
{
    return rows[code].weight;
}

unsigned operation_find(const char *name)
{
    unsigned code = 0;

    while (code < OPERATION_COUNT && strcmp(name, rows[code].name) != 0)
        code++;
    return code;
}

/* As if the heap had freed what it should not have. */
static void free_live_by_fault(struct actor *actor, struct world *world)
{
    if (world->model.usable_count > 0 && fault_strikes_once(FAULT_FREED_LIVE))
        ter_free(actor->mutator, (void *)world->model.usable[0]->address);
}

void operation_do(struct actor *actor, const struct operation *operation)
{
    struct world *world = actor->world;

    check_notice_collections(world);
    model_reach(&world->model);
    acts[operation->code](actor, world, operation);
    free_live_by_fault(actor, world);
}
