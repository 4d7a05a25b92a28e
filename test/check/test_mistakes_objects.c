/* SPDX-License-Identifier: MIT */
/* Planted mistakes with objects and kinds: slots, visitors, sizes, layouts, stores. */
#include "mistakes.h"

#include <string.h>

#define WALK "check_heap=1,poison=1,origins=1"
#define WORDS 6u

/* A root for one object, `frame.slots[0]`. */
#define ROOTED(object)                                                                             \
    TER_FRAME(embedder.mutator, frame, 1);                                                         \
    frame.slots[0] = (object)
#define END_ROOTED() TER_FRAME_END(embedder.mutator, frame)

static void **rooted_words(void **slot, unsigned kind)
{
    *slot = ter_allocate(embedder.mutator, kind, WORDS * sizeof(void *));
    assert_non_null(*slot);
    return *slot;
}

/* ---- Slots ---- */

static void visit_words(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    size_t first = embedder.wrong ? 1 : 0;

    (void)context, (void)bytes;
    for (size_t i = first; i < 3; i++)
        ter_trace_slot(trace, ter_slot_at(object + i * sizeof(void *)));
}

static unsigned words_kind(ter_visitor *visitor)
{
    return define_kind(&(struct ter_kind_description){
        .name = "words", .visitor = visitor, .flags = TER_KIND_ONLY_SLOTS});
}

static void missed_by_visitor(void)
{
    void **words;

    ROOTED(NULL);
    words = rooted_words(&frame.slots[0], words_kind(visit_words));
    words[0] = make_pair(1);
    ter_collect(embedder.mutator);
    END_ROOTED();
}

static void missed_in_layout(void)
{
    static const struct ter_object_layout first = {.header_bytes = 2 * sizeof(void *),
                                                   .header = {.bitmap = 1}},
                                          both = {.header_bytes = 2 * sizeof(void *),
                                                  .header = {.bitmap = 3}};
    void **words;
    unsigned kind = define_kind(&(struct ter_kind_description){
        .name = "laid out", .layout = embedder.wrong ? &first : &both});

    ROOTED(NULL);
    words = rooted_words(&frame.slots[0], kind);
    words[1] = make_pair(1);
    ter_collect(embedder.mutator);
    END_ROOTED();
}

static void visit_twice(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context, (void)bytes;
    ter_trace_slot(trace, ter_slot_at(object));
    if (embedder.wrong)
        ter_trace_slot(trace, ter_slot_at(object));
}

static void slot_twice(void)
{
    void **words;

    ROOTED(NULL);
    words = rooted_words(&frame.slots[0], words_kind(visit_twice));
    words[0] = make_pair(1);
    ter_collect(embedder.mutator);
    END_ROOTED();
}

static void interior(void)
{
    struct pair *pair, *other;

    ROOTED(make_pair(1));
    other = make_pair(2);
    pair = frame.slots[0];
    pair->first = embedder.wrong ? (struct pair *)(void *)&other->second : other;
    ter_collect(embedder.mutator);
    END_ROOTED();
}

static void number_in_slot(void)
{
    ROOTED(make_pair(1));
    ((struct pair *)frame.slots[0])->second =
        embedder.wrong ? (struct pair *)(uintptr_t)12345 : NULL;
    ter_collect(embedder.mutator);
    END_ROOTED();
}

/* ---- Visitors that do more ---- */

static void visit_and_allocate(void *context, struct ter_trace *trace, uintptr_t object,
                               size_t bytes)
{
    (void)context, (void)trace, (void)object, (void)bytes;
    if (embedder.wrong)
        ter_allocate(embedder.mutator, TER_KIND_ATOMIC, 16);
}

static void visit_and_collect(void *context, struct ter_trace *trace, uintptr_t object,
                              size_t bytes)
{
    (void)context, (void)trace, (void)object, (void)bytes;
    if (embedder.wrong)
        ter_collect(embedder.mutator);
}

static void visitor_allocates(void)
{
    ROOTED(NULL);
    rooted_words(&frame.slots[0], words_kind(visit_and_allocate));
    ter_collect(embedder.mutator);
    END_ROOTED();
}

static void visitor_collects(void)
{
    ROOTED(NULL);
    rooted_words(&frame.slots[0], words_kind(visit_and_collect));
    ter_collect(embedder.mutator);
    END_ROOTED();
}

/* ---- Sizes and layouts ---- */

/* An array whose first word counts the words behind it. */
static unsigned counted_kind(void)
{
    static const struct ter_object_layout counted = {
        .header_bytes = sizeof(void *), .element_bytes = sizeof(void *), .element = {.bitmap = 1}};

    return define_kind(&(struct ter_kind_description){.name = "counted",
                                                      .layout = &counted,
                                                      .size = {.form = TER_SIZE_FROM_HEADER,
                                                               .bytes = sizeof(void *),
                                                               .multiplier = sizeof(void *),
                                                               .width = sizeof(void *)}});
}

static void size_with(uintptr_t wrong_count)
{
    void **words;

    ROOTED(NULL);
    words = rooted_words(&frame.slots[0], counted_kind());
    words[0] = (void *)(embedder.wrong ? wrong_count : WORDS - 1);
    ter_collect(embedder.mutator);
    END_ROOTED();
}

static void size_too_large(void)
{
    size_with(10 * WORDS);
}

static void size_too_small(void)
{
    size_with(1);
}

static void layout_beyond_size(void)
{
    static const struct ter_object_layout three = {.header_bytes = 3 * sizeof(void *),
                                                   .header = {.bitmap = 7}};
    struct ter_kind_description description = {
        .name = "short",
        .layout = &three,
        .size = {.form = TER_SIZE_FIXED, .bytes = (embedder.wrong ? 2 : 3) * sizeof(void *)}};
    unsigned kind;

    assert_int_equal(ter_kind_define(embedder.heap, &description, &kind),
                     embedder.wrong ? TER_ERROR_INVALID : TER_OK);
    /* A runtime that goes on with a kind that it does not have. */
    if (embedder.wrong)
        ter_allocate(embedder.mutator, embedder.pair_kind + 1, 2 * sizeof(void *));
}

/* ---- Memory that is not filled ---- */

static void unfilled(void)
{
    static const struct ter_object_layout all = {.element_bytes = sizeof(void *),
                                                 .element = {.bitmap = 1}};
    unsigned kind = define_kind(
        &(struct ter_kind_description){.name = "filled", .layout = &all, .flags = TER_KIND_FILLED});
    void **words;

    ROOTED(NULL);
    words = rooted_words(&frame.slots[0], kind);
    for (size_t i = embedder.wrong ? 1 : 0; i < WORDS; i++)
        words[i] = NULL;
    ter_collect(embedder.mutator);
    END_ROOTED();
}

/* ---- Stores ---- */

static void missed_barrier(void)
{
    struct pair *pair;

    ROOTED(make_pair(1));
    ter_collect(embedder.mutator);
    pair = frame.slots[0];
    if (embedder.wrong)
        pair->first = make_pair(2);
    else
        TER_STORE(embedder.mutator, pair, pair->first, make_pair(2));
    ter_collect(embedder.mutator);
    END_ROOTED();
}

static void store_of_another_heap(void)
{
    struct pair *pair, *stranger = NULL;
    struct ter_mutator *mutator;
    struct ter_heap *other;

    assert_int_equal(ter_heap_new(NULL, &other), TER_OK);
    assert_int_equal(ter_mutator_bind(other, &mutator), TER_OK);
    ROOTED(make_pair(1));
    pair = frame.slots[0];
    if (embedder.wrong)
        stranger = ter_allocate(mutator, TER_KIND_NORMAL, sizeof *pair);
    pair->first = stranger;
    ter_collect(embedder.mutator);
    END_ROOTED();
    ter_mutator_unbind(mutator);
    ter_heap_free(other);
}

/* ---- Freeing ---- */

static void freed_twice(void)
{
    struct pair *pair = make_pair(1);

    ter_free(embedder.mutator, pair);
    if (embedder.wrong)
        ter_free(embedder.mutator, pair);
}

static void free_of_no_object(void)
{
    struct pair *pair = make_pair(1);

    ter_free(embedder.mutator, embedder.wrong ? (void *)&pair->second : pair);
}

static void freed_and_referred_to(void)
{
    struct pair *pair;

    ROOTED(make_pair(1));
    pair = frame.slots[0];
    pair->first = make_pair(2);
    ter_free(embedder.mutator, pair->first);
    if (!embedder.wrong)
        pair->first = NULL;
    ter_collect(embedder.mutator);
    END_ROOTED();
}

/* Nobody else names it, but a collection alone clears a key. */
static void freed_key(void)
{
    static const struct ter_object_layout words = {.element_bytes = sizeof(void *),
                                                   .element = {.bitmap = 1}};
    unsigned kind = define_kind(&(struct ter_kind_description){
        .name = "weak words", .layout = &words, .flags = TER_KIND_EPHEMERONS});
    void **weak;

    ROOTED(NULL);
    weak = rooted_words(&frame.slots[0], kind);
    weak[1] = make_pair(1);
    ter_free(embedder.mutator, weak[1]);
    if (!embedder.wrong)
        weak[1] = NULL;
    ter_collect(embedder.mutator);
    END_ROOTED();
}

static void freed_and_guarded(void)
{
    struct ter_guardian *guardian;
    void *pair, *note;

    assert_int_equal(ter_guardian_new(embedder.heap, &guardian), TER_OK);
    pair = make_pair(1);
    note = make_pair(2);
    assert_int_equal(ter_guardian_add(embedder.heap, guardian, pair, note), TER_OK);
    if (embedder.wrong)
        ter_free(embedder.mutator, note);
    ter_collect(embedder.mutator);
}

static const struct mistake mistakes[] = {
    {"missed by a visitor",
     missed_by_visitor,
     "check_heap=2,origins=1",
     {"the word at +0 of object", "kind \"words\", allocation 1", "ter_trace_slot"},
     MISTAKE_COLLECTS},
    {"missed in a layout",
     missed_in_layout,
     "check_heap=2",
     {"the word at +8 of object", "kind \"laid out\"", "not in the layout"},
     MISTAKE_COLLECTS},
    {"slot twice",
     slot_twice,
     WALK,
     {"the slot at +0 of object", "kind \"words\"", "each slot is reported once"},
     MISTAKE_ANY},
    {"interior",
     interior,
     WALK,
     {"the slot at +0 of object", "which lies at +8 of object", "ter_trace_word"},
     MISTAKE_ANY},
    {"number in a slot",
     number_in_slot,
     WALK,
     {"the slot at +8 of object", "holds 0x3039, which is no object", "TER_SLOTS_TAGGED"},
     MISTAKE_ANY},
    {"visitor allocates",
     visitor_allocates,
     WALK,
     {"ter_allocate: called by the visitor of kind \"words\"", "ter_trace_slot"},
     MISTAKE_ANY},
    {"visitor allocates, unchecked",
     visitor_allocates,
     "",
     {"must not be used in a callback of a collection"},
     MISTAKE_COLLECTS},
    {"visitor collects",
     visitor_collects,
     WALK,
     {"ter_collect: called by the visitor of kind \"words\""},
     MISTAKE_ANY},
    {"size too large",
     size_too_large,
     WALK,
     {"by its kind's size object", "kind \"counted\"", "struct ter_object_size"},
     MISTAKE_ANY},
    {"size too small",
     size_too_small,
     WALK,
     {"by its kind's size object", "has 16 bytes, but it was given 48"},
     MISTAKE_ANY},
    {"layout beyond the size",
     layout_beyond_size,
     "",
     {"kind \"short\" of objects is refused: the header of its layout", "was never added"},
     MISTAKE_ANY},
    {"unfilled",
     unfilled,
     WALK,
     {"the slot at +0 of object", "kind \"filled\"", "TER_KIND_FILLED is filled, whole"},
     MISTAKE_ANY},
    {"missed barrier",
     missed_barrier,
     "check_barriers=1",
     {"the slot at +0 of object", "(kind \"pair\") was stored to without", "ter_write(mutator"},
     MISTAKE_ANY},
    {"store of another heap",
     store_of_another_heap,
     WALK,
     {"the slot at +0 of object", "kind \"pair\"", "which lies in another heap"},
     MISTAKE_ANY},
    {"freed twice",
     freed_twice,
     WALK,
     {"ter_free: 0x", "was an object (kind \"pair\", allocation 1", "free it once"},
     MISTAKE_ANY},
    {"freed twice, unchecked", freed_twice, "", {"is no object"}, MISTAKE_ANY},
    {"free of no object",
     free_of_no_object,
     WALK,
     {"ter_free: 0x", "which lies at +8 of object", "kind \"pair\""},
     MISTAKE_ANY},
    {"freed and referred to",
     freed_and_referred_to,
     WALK,
     {"the slot at +0 of object", "and was freed by ter_free", "clear the slot"},
     MISTAKE_ANY},
    {"freed key of a weak word",
     freed_key,
     WALK,
     {"the slot at +", "kind \"weak words\"", "and was freed by ter_free"},
     MISTAKE_ANY},
    {"freed and guarded",
     freed_and_guarded,
     WALK,
     {"a root reference (of a guardian) holds", "and was freed by ter_free"},
     MISTAKE_ANY},
};

static void each_is_found(void **state)
{
    (void)state;
    if (sizeof(void *) < 8)
        skip();
    test_mistakes(mistakes, TER_ARRAY_LENGTH(mistakes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_found)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
