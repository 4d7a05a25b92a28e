/* SPDX-License-Identifier: MIT */
/* Looking at a heap: the public functions over edges and searches. */
#include <terrier/inspect.h>

#include "heap/heap.h"

/* Rows that differ in flags alone are one kind to the program. */
static unsigned public_kind(const struct ter_allocator *allocator, unsigned row)
{
    return allocator->details[row].base;
}

static unsigned kind_at(const struct ter_collector *collector, uintptr_t object)
{
    return public_kind(&collector->allocator, ter_collector_object_kind(collector, object));
}

/* ---- One word ---- */

void ter_heap_place(const struct ter_heap *heap, uintptr_t word, struct ter_place *place)
{
    const struct ter_collector *collector = &heap->collector;
    const struct ter_sft *owner = ter_collector_owner(collector, word);
    ter_object object = owner->find_object_from_interior(owner, word);

    *place = (struct ter_place){.space = owner, .object = object};
    if (ter_object_is_none(object))
        return;
    place->offset = word - object.bits;
    place->bytes = ter_collector_object_bytes(collector, object.bits);
    place->kind = kind_at(collector, object.bits);
    place->is_live = owner->is_live(owner, object);
    place->moves = owner->is_movable(owner, object);
}

/* ---- All objects ---- */

struct object_walk {
    const struct ter_collector *collector;
    struct ter_search search;
    ter_walk_function *function;
    void *context;
};

static void tell_of_object(void *context, uintptr_t object, size_t bytes,
                           const struct ter_kind *kind)
{
    const struct object_walk *walk = context;
    const struct ter_allocator *allocator = &walk->collector->allocator;

    walk->function(walk->context, ter_object_at(object), bytes,
                   public_kind(allocator, (unsigned)(kind - allocator->kinds)));
}

static void search_edge_of_walk(void *context, const struct ter_edge *edge)
{
    ter_search_edge(&((struct object_walk *)context)->search, edge);
}

static void walk_all(void *context, struct ter_edges *edges)
{
    (void)edges;
    ter_collector_visit_objects(((struct object_walk *)context)->collector, tell_of_object,
                                context);
}

static void walk_reached(void *context, struct ter_edges *edges)
{
    struct object_walk *walk = context;
    const struct ter_collector *collector = walk->collector;

    ter_search_objects(&walk->search, edges);
    for (size_t i = 0; i < walk->search.count && walk->search.status == TER_OK; i++) {
        uintptr_t object = walk->search.found[i].object;

        walk->function(walk->context, ter_object_at(object),
                       ter_collector_object_bytes(collector, object), kind_at(collector, object));
    }
}

/* What was said of finding is the answer, if the world could be stopped. */
static ter_status look_and_fini(struct ter_collector *collector, const struct ter_look *look,
                                struct ter_search *search)
{
    ter_status status = ter_look(collector, look);

    if (status == TER_OK)
        status = search->status;
    ter_search_fini(search);
    return status;
}

ter_status ter_heap_walk(struct ter_heap *heap, enum ter_objects which, ter_walk_function *function,
                         void *context)
{
    TER_KEEP_ERRNO;
    static const struct ter_look all = {.end = walk_all};
    static const struct ter_look reached = {.edge = search_edge_of_walk, .end = walk_reached};
    struct ter_look look = which == TER_OBJECTS_ALL ? all : reached;
    struct object_walk walk = {.function = function, .context = context};
    ter_status status;

    ter_heap_require(heap, "ter_heap_walk");
    if (function == NULL || (unsigned)which > TER_OBJECTS_REACHED)
        return TER_ERROR_INVALID;
    walk.collector = &heap->collector;
    ter_search_init(&walk.search);
    look.context = &walk;
    ter_allocator_lock(&heap->collector.allocator);
    status = look_and_fini(&heap->collector, &look, &walk.search);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

static void count_one(void *context, ter_object object, size_t bytes, unsigned kind)
{
    struct ter_kind_statistics *counts = context;

    (void)object;
    counts[kind].objects++;
    counts[kind].bytes += bytes;
}

ter_status ter_heap_count_kinds(struct ter_heap *heap, enum ter_objects which,
                                struct ter_kind_statistics *list, unsigned room)
{
    struct ter_kind_statistics counts[TER_KINDS_MOST] = {{0, 0}};
    ter_status status;

    if (list == NULL && room != 0)
        return TER_ERROR_INVALID;
    status = ter_heap_walk(heap, which, count_one, counts);
    for (unsigned kind = 0; kind < room && status == TER_OK; kind++)
        list[kind] = kind < TER_KINDS_MOST ? counts[kind] : (struct ter_kind_statistics){0, 0};
    return status;
}

/* ---- References ---- */

struct question {
    struct ter_collector *collector;
    struct ter_mutator *mutator;
    struct {
        struct ter_frame frame;
        void *object[1];
    } held; /* the object, until the world stands: a collection may come before */
    struct ter_search search;
    ter_reference_function *function;
    void *context;
    size_t count;
};

static void tell_reference(struct question *question, const struct ter_edge *edge)
{
    const struct ter_collector *collector = question->collector;
    struct ter_reference reference = {.place = edge->place,
                                      .is_exact = edge->exact,
                                      .is_weak = edge->weak,
                                      .holder = ter_object_at(edge->holder),
                                      .word = edge->word,
                                      .object = ter_object_at(edge->object)};

    question->count++;
    if (question->function == NULL)
        return;
    if (edge->holder != 0)
        reference.holder_kind = kind_at(collector, edge->holder);
    reference.kind = kind_at(collector, edge->object);
    reference.bytes = ter_collector_object_bytes(collector, edge->object);
    question->function(question->context, &reference);
}

/* The frame that held it is no root that anybody asked for. */
static void let_go_of_asked(void *context)
{
    struct question *question = context;

    question->search.wanted = (uintptr_t)question->held.object[0];
    ter_frame_pop(question->mutator, &question->held.frame);
}

static ter_status ask_about(struct question *question, struct ter_look *look, const char *call)
{
    struct ter_mutator *mutator = question->mutator;
    uintptr_t object = (uintptr_t)question->held.object[0];
    ter_status status = TER_ERROR_INVALID;

    ter_mutator_require_own(mutator, call);
    question->collector = (struct ter_collector *)mutator->allocator->gate.context;
    look->begin = let_go_of_asked;
    look->context = question;
    ter_allocator_lock(mutator->allocator);
    if (ter_collector_is_object(question->collector, object)) {
        ter_frame_push(mutator, &question->held.frame, TER_FRAME_SHAPE(1, TER_ROOT_EXACT));
        status = look_and_fini(question->collector, look, &question->search);
        if (ter_frames_save(mutator) == &question->held.frame)
            ter_frame_pop(mutator, &question->held.frame);
    }
    ter_allocator_unlock(mutator->allocator);
    return status;
}

static struct question question_of(struct ter_mutator *mutator, const void *object,
                                   unsigned without, ter_reference_function *function,
                                   void *context)
{
    struct question question = {.mutator = mutator, .function = function, .context = context};

    question.held.object[0] = (void *)(uintptr_t)object;
    ter_search_init(&question.search);
    question.search.without = without & ~TER_WITHOUT(TER_IN_OBJECT);
    return question;
}

static ter_status answer(const struct question *question, ter_status status, size_t *count)
{
    if (status == TER_OK && count != NULL)
        *count = question->count;
    return status;
}

/* ---- Why is it kept? ---- */

static void search_edge_of_question(void *context, const struct ter_edge *edge)
{
    ter_search_edge(&((struct question *)context)->search, edge);
}

static void tell_path(void *context, struct ter_edges *edges)
{
    struct question *question = context;
    struct ter_search *search = &question->search;
    uintptr_t holder = 0;

    ter_search_objects(search, edges);
    if (search->status != TER_OK)
        return;
    for (size_t at = ter_search_turn(search, search->at); at != 0;
         at = search->found[at - 1].holder) {
        const struct ter_found *found = &search->found[at - 1];
        struct ter_edge edge = {.place = found->place,
                                .exact = found->exact,
                                .holder = holder,
                                .word = found->word,
                                .object = found->object};

        tell_reference(question, &edge);
        holder = found->object;
    }
}

ter_status ter_heap_path(struct ter_mutator *mutator, const void *object, unsigned without,
                         ter_reference_function *function, void *context, size_t *length)
{
    TER_KEEP_ERRNO;
    struct question question = question_of(mutator, object, without, function, context);
    struct ter_look look = {.edge = search_edge_of_question, .end = tell_path};

    return answer(&question, ask_about(&question, &look, "ter_heap_path"), length);
}

/* ---- In words ---- */

static void add_holder(struct ter_text *text, const struct ter_heap *heap,
                       const struct ter_reference *reference)
{
    const char *kind = ter_kind_name(heap, reference->holder_kind);

    if (kind[0] != '\0')
        ter_text_add_name(text, kind);
    else
        ter_text_print(text, "kind %u", reference->holder_kind);
    ter_text_print(text, " %#zx", (size_t)reference->holder.bits);
    if (reference->word != NULL)
        ter_text_print(text, ", %s+%zu", reference->is_exact ? "" : "ambiguous ",
                       (size_t)((uintptr_t)reference->word - reference->holder.bits));
}

static void add_root(struct ter_text *text, const struct ter_reference *reference)
{
    char name[TER_CODE_NAME];

    ter_text_print(text, "%s", ter_reference_place_name(reference->place));
    if (reference->word == NULL)
        return;
    ter_variable_name((uintptr_t)reference->word, name, sizeof name);
    ter_text_print(text, ": %s%s", reference->is_exact ? "" : "ambiguous ", name);
}

size_t ter_reference_describe(const struct ter_heap *heap, const struct ter_reference *reference,
                              char *buffer, size_t bytes)
{
    struct ter_text text;

    TER_REQUIRE(reference != NULL, "ter_reference_describe: there is no reference");
    ter_text_init(&text, buffer, bytes);
    if (reference->place == TER_IN_OBJECT)
        add_holder(&text, heap, reference);
    else
        add_root(&text, reference);
    return text.length;
}

/* ---- Who refers to it? ---- */

static void tell_if_wanted(void *context, const struct ter_edge *edge)
{
    struct question *question = context;

    if (edge->object == question->search.wanted &&
        (question->search.without & TER_WITHOUT(edge->place)) == 0)
        tell_reference(question, edge);
}

static void see_each(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    (void)bytes, (void)kind;
    ter_edges_of_object(context, object);
}

static void see_all(void *context, struct ter_edges *edges)
{
    const struct question *question = context;

    ter_collector_visit_objects(question->collector, see_each, edges);
}

ter_status ter_heap_referrers(struct ter_mutator *mutator, const void *object, unsigned without,
                              ter_reference_function *function, void *context, size_t *count)
{
    TER_KEEP_ERRNO;
    struct question question = question_of(mutator, object, without, function, context);
    struct ter_look look = {.edge = tell_if_wanted, .end = see_all};

    return answer(&question, ask_about(&question, &look, "ter_heap_referrers"), count);
}
