/* SPDX-License-Identifier: MIT */
#include "cycle/edges.h"

#include "cycle/unchecked.h"

#define ROOT_WORDS 128u /* of a range copied at once */

#define PLACE_NAME(identifier, name) name,
static const char *const place_names[TER_REFERENCE_PLACE_COUNT] = {
    TER_REFERENCE_PLACES(PLACE_NAME)};
#undef PLACE_NAME

const char *ter_reference_place_name(enum ter_reference_place place)
{
    return (unsigned)place < TER_REFERENCE_PLACE_COUNT ? place_names[place] : "";
}

static struct ter_edges *edges_of(struct ter_tracer *tracer)
{
    return (struct ter_edges *)(void *)tracer;
}

/* ---- One reference ---- */

static bool is_in_added_range(const struct ter_collector *collector, const void *word)
{
    const struct ter_root_list *added = &collector->roots.added;
    uintptr_t address = (uintptr_t)word;

    for (size_t i = 0; i < added->count; i++)
        if (address - added->ranges[i].start < added->ranges[i].end - added->ranges[i].start)
            return true;
    return false;
}

static enum ter_reference_place place_of(const struct ter_edges *edges, const void *word)
{
    if (edges->holder != 0)
        return TER_IN_OBJECT;
    if (edges->place.form == TER_IN_STATIC && is_in_added_range(edges->collector, word))
        return TER_IN_RANGE;
    return edges->place.form;
}

static void tell(const struct ter_edges *edges, const void *word, uintptr_t object, bool exact)
{
    struct ter_edge edge = {.place = place_of(edges, word),
                            .exact = exact,
                            .holder = edges->holder,
                            .word = word,
                            .object = object,
                            .weak = edges->weak,
                            .key = edges->key};

    edges->visit(edges->context, &edge);
}

/* What is no object, though it should be one, is for others to complain of. */
static void tell_exact(const struct ter_edges *edges, const void *word, uintptr_t object)
{
    if (object != 0 && ter_collector_is_object(edges->collector, object))
        tell(edges, word, object, true);
}

static bool counts(const struct ter_tracer *tracer, uintptr_t displacement, bool any_byte)
{
    return any_byte ||
           (displacement < TER_MAX_DISPLACEMENT && tracer->displacements[displacement] != 0);
}

static void tell_ambiguous(const struct ter_edges *edges, const void *word, uintptr_t value,
                           bool any_byte)
{
    uintptr_t object;

    if (value == 0) /* as most are in memory that is not full */
        return;
    object = ter_collector_find_interior(edges->collector, value).bits;
    if (object != 0 && counts(&edges->tracer, value - object, any_byte))
        tell(edges, word, object, false);
}

/* ---- As a loop ---- */

/* Roots that are objects themselves, and not words that may lead to one. */
static bool is_object_itself(const struct ter_edges *edges)
{
    return edges->holder == 0 &&
           (edges->place.form == TER_IN_PIN || edges->place.form == TER_IN_UNCOLLECTABLE);
}

static void seen_word(struct ter_tracer *tracer, uintptr_t word)
{
    const struct ter_edges *edges = edges_of(tracer);

    if (is_object_itself(edges))
        tell_exact(edges, NULL, word);
    else
        tell_ambiguous(edges, edges->holder != 0 ? NULL : edges->place.word, word, true);
}

/* The part of the stack of the thread that looks begins where that thread stands. */
static void find_stack_of_place(struct ter_edges *edges, uintptr_t start)
{
    if (edges->place.form == TER_IN_STACK || edges->place.form == TER_IN_OWN_STACK)
        edges->place.form = ter_align_down(edges->own_stack, sizeof(uintptr_t)) == start
                                ? TER_IN_OWN_STACK
                                : TER_IN_STACK;
}

static void seen_words(struct ter_tracer *tracer, uintptr_t start, uintptr_t end, bool any_byte)
{
    struct ter_edges *edges = edges_of(tracer);
    uintptr_t words[ROOT_WORDS];

    start = ter_align_up(start, sizeof(uintptr_t));
    end = ter_align_down(end, sizeof(uintptr_t));
    if (edges->holder == 0)
        find_stack_of_place(edges, start);
    while (start < end) {
        size_t count = ter_min((end - start) / sizeof(uintptr_t), ROOT_WORDS);

        ter_words_read((const uintptr_t *)start, words, count);
        for (size_t i = 0; i < count; i++)
            tell_ambiguous(edges, (const uintptr_t *)start + i, words[i], any_byte);
        start += count * sizeof(uintptr_t);
    }
}

static void seen_slot(struct ter_tracer *tracer, ter_slot slot)
{
    tell_exact(edges_of(tracer), (const void *)slot.address, ter_slot_load(slot).bits);
}

static ter_object seen_object(struct ter_tracer *tracer, ter_object object)
{
    const struct ter_edges *edges = edges_of(tracer);

    tell_exact(edges, edges->holder != 0 ? NULL : edges->place.word, object.bits);
    return object;
}

/* ---- Objects ---- */

static void see_layout_slot(void *context, uintptr_t address)
{
    const struct ter_edges *edges = context;
    const struct ter_kind *kind = edges->kind;

    tell_exact(edges, (const void *)address,
               ter_slot_read(&kind->slots, (enum ter_slot_form)kind->slots.form, address));
}

static void see_element(struct ter_edges *edges, const struct ter_element *element)
{
    struct ter_slot_cursor values;
    uintptr_t address, key = ter_element_key(element, &values, &address);

    edges->weak = true;
    tell_exact(edges, (const void *)address, key);
    edges->weak = false;
    if (key != 0 && ter_collector_is_object(edges->collector, key))
        edges->key = key;
    while (ter_element_next_slot(element, &values, &address))
        see_layout_slot(edges, address);
    edges->key = 0;
}

static void see_ephemerons(struct ter_edges *edges, uintptr_t object, size_t bytes)
{
    struct ter_element_range range = ter_elements_of(edges->kind, object, bytes);
    struct ter_element element;

    ter_layout_for_each_slot_of_header(edges->kind, object, object + bytes, see_layout_slot, edges);
    while (ter_elements_next(&range, &element))
        see_element(edges, &element);
}

static void see_visited(struct ter_edges *edges, uintptr_t object, size_t bytes)
{
    const struct ter_kind *how = edges->kind;

    if (how->ephemerons)
        see_ephemerons(edges, object, bytes);
    else
        how->visitor(how->context, &edges->tracer.trace, object, bytes);
}

static void seen_contents(struct ter_tracer *tracer, uintptr_t object, size_t bytes, unsigned kind)
{
    struct ter_edges *edges = edges_of(tracer);
    const struct ter_kind *how = &tracer->kinds[kind];

    edges->holder = object;
    edges->kind = how;
    switch (how->scan) {
    case TER_SCAN_NONE: break;
    case TER_SCAN_AMBIGUOUS: seen_words(tracer, object, object + bytes, tracer->any_byte); break;
    case TER_SCAN_LAYOUT:
        ter_layout_for_each_slot(how, object, object + bytes, see_layout_slot, edges);
        break;
    case TER_SCAN_VISITOR: see_visited(edges, object, bytes); break;
    }
    edges->holder = 0;
}

static const struct ter_loop looking_loop = {.word = seen_word,
                                             .words = seen_words,
                                             .slot = seen_slot,
                                             .object = seen_object,
                                             .contents = seen_contents};

/* ---- Edges ---- */

void ter_edges_init(struct ter_edges *edges, struct ter_collector *collector, uintptr_t own_stack,
                    ter_edge_visitor *visit, void *context)
{
    const struct ter_tracer *usual = &collector->tracer;

    *edges =
        (struct ter_edges){.tracer = {.loop = &looking_loop,
                                      .arena = &collector->arena,
                                      .kinds = collector->allocator.kinds,
                                      .displacements = usual->displacements,
                                      .any_byte = usual->any_byte || usual->displacements == NULL},
                           .collector = collector,
                           .visit = visit,
                           .context = context,
                           .own_stack = own_stack};
}

void ter_edges_of_roots(struct ter_edges *edges)
{
    ter_root_steps_look(edges->collector, edges->own_stack, &edges->tracer, &edges->place);
}

void ter_edges_of_object(struct ter_edges *edges, uintptr_t object)
{
    ter_tracer_contents(&edges->tracer, object,
                        ter_collector_object_bytes(edges->collector, object),
                        ter_collector_object_kind(edges->collector, object));
}

/* ---- With the world stopped ---- */

struct look_request {
    struct ter_collector *collector;
    const struct ter_look *look;
    struct ter_edges edges;
    ter_status status;
};

/* Under the loader's lock, which a thread that stands may not have: see collect.c. */
static void stop_and_see_roots(void *context)
{
    struct look_request *request = context;
    const struct ter_look *look = request->look;

    if (look->edge != NULL)
        request->status = ter_roots_refresh(&request->collector->roots);
    if (request->status == TER_OK)
        request->status = ter_world_stop(&request->collector->allocator);
    if (request->status != TER_OK)
        return;
    ter_unchecked_begin();
    if (look->begin != NULL)
        look->begin(look->context);
    if (look->edge != NULL)
        ter_edges_of_roots(&request->edges);
}

static void look_from(void *context, uintptr_t own_stack)
{
    struct look_request *request = context;
    const struct ter_look *look = request->look;

    ter_edges_init(&request->edges, request->collector, own_stack, look->edge, look->context);
    ter_os_hold_libraries(stop_and_see_roots, request);
    if (request->status != TER_OK) {
        ter_safepoints_disperse(&request->collector->allocator);
        return;
    }
    if (look->end != NULL)
        look->end(look->context, &request->edges);
    ter_unchecked_end(request->collector);
    ter_world_resume(&request->collector->allocator);
}

ter_status ter_look(struct ter_collector *collector, const struct ter_look *look)
{
    struct look_request request = {.collector = collector, .look = look};
    struct ter_os_cancel before;

    while (!ter_safepoints_gather(&collector->allocator))
        continue;
    before = ter_os_cancel_off();
    ter_stack_call(look_from, &request);
    ter_os_cancel_back(before);
    return request.status;
}
