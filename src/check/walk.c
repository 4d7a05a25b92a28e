/* SPDX-License-Identifier: MIT */
#include "check/check.h"

/* Who reports the slots that come now. */
struct reporting {
    const struct ter_frame *frame; /* or NULL */
    uintptr_t object;              /* or 0: roots */
    const struct ter_kind *kind;   /* of the object */
    const char *root;              /* which sort of root else */
};

struct walk {
    struct ter_tracer tracer; /* first: visitors get it */
    struct ter_checking *checking;
    struct reporting reporting;
    bool after;
    uintptr_t *pending; /* objects that were seen, and not looked into */
    size_t count, capacity;
};

static struct walk *walk_of(struct ter_tracer *tracer)
{
    return (struct walk *)(void *)tracer;
}

/* ---- Objects to come ---- */

static bool have_room(struct walk *walk)
{
    size_t bytes = walk->capacity * sizeof *walk->pending;
    size_t wanted = ter_max(bytes * 2, ter_os_page_size());
    void *memory = walk->pending;

    if (walk->count < walk->capacity)
        return true;
    if (ter_os_reallocate(&memory, bytes, wanted) != TER_OK)
        return false;
    walk->pending = memory;
    walk->capacity = wanted / sizeof *walk->pending;
    return true;
}

/* Where there is no memory less is looked at. */
static void see_object(struct walk *walk, uintptr_t object)
{
    if (ter_check_is_new(&walk->checking->seen_objects, object) && have_room(walk))
        walk->pending[walk->count++] = object;
}

/* ---- Slots ---- */

static void describe_place(const struct walk *walk, uintptr_t slot, char *buffer, size_t size)
{
    const struct reporting *by = &walk->reporting;
    char object[TER_CHECK_TEXT];
    struct ter_text text;

    ter_text_init(&text, buffer, size);
    if (by->object != 0)
        ter_check_describe(walk->checking, by->object, object, sizeof object);
    if (by->object != 0 && slot != 0)
        ter_text_print(&text, "the slot at %+td of %s", (ptrdiff_t)(slot - by->object), object);
    else if (by->object != 0)
        ter_text_print(&text, "a reference that the visitor of %s reported", object);
    else if (by->frame != NULL && slot != 0)
        ter_text_print(&text, "slot %zu of the frame at %p",
                       (slot - (uintptr_t)(by->frame + 1)) / sizeof(uintptr_t),
                       (const void *)by->frame);
    else if (slot == 0)
        ter_text_print(&text, "a root reference (%s)", by->root);
    else
        ter_text_print(&text, "the root slot at %#zx (%s)", (size_t)slot, by->root);
}

TER_COLD TER_NORETURN static void refuse_word(const struct walk *walk, uintptr_t slot,
                                              uintptr_t word)
{
    char place[TER_CHECK_TEXT * 2], what[TER_CHECK_TEXT * 2];

    describe_place(walk, slot, place, sizeof place);
    ter_check_explain(walk->checking, word, what, sizeof what);
    ter_fatal("check_heap: %s holds %#zx, %s", place, (size_t)word, what);
}

TER_COLD TER_NORETURN static void refuse_twice(const struct walk *walk, uintptr_t slot)
{
    char place[TER_CHECK_TEXT * 2];

    describe_place(walk, slot, place, sizeof place);
    ter_fatal("check_heap: %s was reported before in this collection: each slot is reported once, "
              "by ter_trace_slot, ter_visit_slot, a layout, a frame or ter_roots_add_slots",
              place);
}

/* What an exact reference leads to; `slot` 0: it lies in none. */
static void see_reference(struct walk *walk, uintptr_t slot, uintptr_t word)
{
    if (word == 0)
        return;
    if (!ter_collector_is_object(walk->checking->collector, word))
        refuse_word(walk, slot, word);
    see_object(walk, word);
}

static void see_slot(struct walk *walk, uintptr_t slot, uintptr_t word)
{
    if (!ter_check_is_new(&walk->checking->seen_slots, slot))
        refuse_twice(walk, slot);
    see_reference(walk, slot, word);
}

/* ---- What visitors call ---- */

static void walked_slot(struct ter_tracer *tracer, ter_slot slot)
{
    see_slot(walk_of(tracer), slot.address, ter_slot_load(slot).bits);
}

static ter_object walked_object(struct ter_tracer *tracer, ter_object object)
{
    see_reference(walk_of(tracer), 0, object.bits);
    return object;
}

static void walked_word(struct ter_tracer *tracer, uintptr_t word)
{
    struct walk *walk = walk_of(tracer);
    ter_object base = ter_collector_find_interior(walk->checking->collector, word);

    if (!ter_object_is_none(base))
        see_object(walk, base.bits);
}

static void walked_words(struct ter_tracer *tracer, uintptr_t start, uintptr_t end, bool any_byte)
{
    (void)any_byte;
    for (; start < end; start += sizeof(uintptr_t))
        walked_word(tracer, *(const uintptr_t *)start);
}

static const struct ter_loop walk_loop = {
    .word = walked_word, .words = walked_words, .slot = walked_slot, .object = walked_object};

/* ---- Sizes ---- */

static bool reads_zero(uintptr_t start, size_t bytes)
{
    const unsigned char *byte = (const unsigned char *)start;
    size_t i = 0;

    while (i < bytes && byte[i] == 0)
        i++;
    return i == bytes;
}

/*
 * A size that the object itself says is what was asked for, but for rounding up to a granule; one
 * that was not filled yet reads zero.
 */
static bool is_too_small(const struct walk *walk, const struct ter_kind *kind, size_t says)
{
    const struct ter_origin *origin =
        ter_ledger_find(&walk->checking->ledger, walk->reporting.object);
    enum ter_size_form form = kind->details->size.form;

    return (form == TER_SIZE_FROM_HEADER || form == TER_SIZE_BY_FUNCTION) && origin != NULL &&
           says + TER_BYTES_IN_GRANULE <= origin->asked &&
           walk->checking->collector->allocator.safepoints &&
           !reads_zero(origin->object, origin->asked);
}

static void check_object_size(const struct walk *walk, size_t given)
{
    const struct ter_kind *kind = walk->reporting.kind;
    size_t says = ter_kind_size(kind, walk->reporting.object, given);
    char object[TER_CHECK_TEXT];

    if (says <= given && !is_too_small(walk, kind, says))
        return;
    ter_check_describe(walk->checking, walk->reporting.object, object, sizeof object);
    ter_fatal("check_heap: by its kind's size %s has %zu bytes, but it was given %zu for what was "
              "asked for: struct ter_object_size says what ter_allocate was asked for, as long as "
              "the object lives",
              object, says, given);
}

/* ---- Objects ---- */

/* What the collector, or the program, wrote into elements whose key is gone. */
static bool is_cleared(const struct ter_kind *kind, uintptr_t word)
{
    return kind->ephemerons &&
           (word == kind->details->cleared.key || word == kind->details->cleared.value);
}

/* Keys of ephemerons too: those that were gone were cleared by the last collection. */
static void walked_layout_slot(void *context, uintptr_t address)
{
    struct walk *walk = context;
    const struct ter_slot_reading *how = &walk->reporting.kind->slots;
    enum ter_slot_form form = (enum ter_slot_form)how->form;

    if (is_cleared(walk->reporting.kind, ter_slot_contents(form, address)))
        return;
    see_slot(walk, address, ter_slot_read(how, form, address));
}

static void look_into(struct walk *walk, uintptr_t object)
{
    struct ter_allocator *allocator = &walk->checking->collector->allocator;
    size_t bytes = ter_collector_object_bytes(walk->checking->collector, object);
    const struct ter_kind *kind =
        &allocator->kinds[ter_collector_object_kind(walk->checking->collector, object)];

    walk->reporting = (struct reporting){.object = object, .kind = kind};
    if (kind->details != NULL)
        check_object_size(walk, bytes);
    if (kind->layout != NULL) {
        ter_layout_for_each_slot(kind, object, object + bytes, walked_layout_slot, walk);
    } else if (kind->scan == TER_SCAN_AMBIGUOUS) {
        walked_words(&walk->tracer, object, ter_align_down(object + bytes, sizeof(uintptr_t)),
                     true);
    } else if (kind->scan == TER_SCAN_VISITOR) {
        allocator->visited = kind;
        kind->visitor(kind->context, &walk->tracer.trace, object, bytes);
        allocator->visited = NULL;
    }
}

static void look_into_all(struct walk *walk)
{
    while (walk->count != 0)
        look_into(walk, walk->pending[--walk->count]);
}

/* ---- Roots ---- */

static void walk_frame(void *context, struct ter_frame *frame)
{
    struct walk *walk = context;
    struct ter_root_visit visit = {.tracer = &walk->tracer,
                                   .pass = TER_PASS_ALL,
                                   .tags = walk->checking->collector->roots.exact.tags};

    walk->reporting = (struct reporting){.frame = frame, .root = "in a frame"};
    ter_visit_slots(&visit, frame + 1, frame->shape / 4, (enum ter_root_form)(frame->shape % 4));
}

static void walked_reported_slot(void *context, ter_slot slot)
{
    walked_slot(context, slot);
}

static void walk_visitors(struct walk *walk, struct ter_root_visit *visit)
{
    const struct ter_collector *collector = walk->checking->collector;

    walk->reporting = (struct reporting){.root = "of a root visitor"};
    ter_roots_visitors_call(&collector->roots.exact.visitors, visit);
    for (const struct ter_mutator *m = collector->allocator.mutators; m != NULL; m = m->next)
        if (m->visitor.function != NULL)
            m->visitor.function(m->visitor.context, visit);
    ter_exact_roots_visit(&collector->roots.exact, walked_reported_slot, &walk->tracer);
}

static void walk_roots(struct walk *walk)
{
    const struct ter_collector *collector = walk->checking->collector;
    struct ter_root_visit visit = {
        .tracer = &walk->tracer, .pass = TER_PASS_ALL, .tags = collector->roots.exact.tags};

    ter_check_frames(walk->checking, walk_frame, walk);
    walk->reporting = (struct reporting){.root = "ter_roots_add_slots"};
    ter_slot_ranges_visit(&collector->roots.exact.slots, &visit);
    walk_visitors(walk, &visit);
    ter_pins_visit(&collector->pins, &walk->tracer);
    ter_finalizers_visit(&collector->finalizers, &walk->tracer);
    walk->reporting = (struct reporting){.root = "of a guardian"};
    ter_guardians_visit(&collector->guardians, &walk->tracer);
}

/* What waits for its dispose function may refer to what is gone. */
static void walk_object(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    struct walk *walk = context;
    const struct ter_collector *collector = walk->checking->collector;
    bool is_left = walk->after && !collector->allocator.exact_stacks &&
                   (kind->details == NULL || kind->details->dispose == NULL);

    (void)bytes;
    if ((kind->uncollectable || is_left) && ter_collector_is_object(collector, object))
        see_object(walk, object);
}

void ter_check_walk(struct ter_checking *checking, bool after)
{
    struct walk walk = {.tracer = {.loop = &walk_loop}, .checking = checking, .after = after};

    walk_roots(&walk);
    look_into_all(&walk);
    ter_collector_visit_objects(checking->collector, walk_object, &walk);
    look_into_all(&walk);
    if (walk.pending != NULL)
        ter_os_release((uintptr_t)walk.pending, walk.capacity * sizeof *walk.pending);
}

void ter_check_walk_end(struct ter_checking *checking)
{
    ter_weak_table_clear(&checking->seen_objects);
    ter_weak_table_clear(&checking->seen_slots);
}
