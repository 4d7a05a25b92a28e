/* SPDX-License-Identifier: MIT */
/* The option check_barriers: what is right passes, each store without a barrier is found. */
#include "heap/heap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "small_heap.h"

#define WORDS 6u

static struct small_heap small;
static unsigned kind, tagged_kind, visited_kind, backward_kind, remembered_kind;

static const struct ter_object_layout even = {.header_bytes = WORDS * sizeof(void *),
                                              .header = {.bitmap = 0x15}},
                                      all = {.element_bytes = sizeof(void *),
                                             .element = {.bitmap = 1}};

static void visit_first(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context, (void)bytes;
    ter_trace_slot(trace, ter_slot_at(object));
}

/* In no order of addresses. */
static void visit_backwards(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context, (void)bytes;
    for (unsigned i = WORDS; i-- > 0;)
        ter_trace_slot(trace, ter_slot_at(object + i * sizeof(void *)));
}

static unsigned define(const struct ter_kind_description *description)
{
    unsigned number;

    assert_int_equal(ter_kind_define(small.heap, description, &number), TER_OK);
    return number;
}

static void begin(const char *plan, const char *options)
{
    char text[160];

    snprintf(text, sizeof text, "plan=%s,check_barriers=1%s", plan, options);
    small_heap_init(&small, text);
    kind = define(&(struct ter_kind_description){.name = "even", .layout = &even});
    tagged_kind = define(&(struct ter_kind_description){
        .name = "tagged",
        .layout = &all,
        .slots = {.form = TER_SLOTS_TAGGED, .mask = 3, .references = 1}});
    visited_kind =
        define(&(struct ter_kind_description){.name = "visited", .visitor = visit_first});
    backward_kind =
        define(&(struct ter_kind_description){.name = "backward", .visitor = visit_backwards});
    remembered_kind = define(&(struct ter_kind_description){
        .name = "remembered", .layout = &all, .flags = TER_KIND_REMEMBERED});
}

/* An object that has lived through a collection. */
static void **old_object(unsigned of)
{
    void **object = ter_allocate(small.mutator, of, WORDS * sizeof(void *));

    small.roots[0] = object;
    ter_collect(small.mutator);
    return small.roots[0];
}

static void *young(void)
{
    return ter_allocate(small.mutator, kind, WORDS * sizeof(void *));
}

/* ---- What is right ---- */

static void store_rightly(void)
{
    void **object = old_object(kind);

    for (unsigned i = 0; i < 200; i++) {
        size_t slot = i % 3 * 2;

        TER_STORE(small.mutator, object, object[slot], young());
        object[1] = (void *)(uintptr_t)i; /* no slot */
        if (i % 7 == 0) {
            ter_write_range(small.mutator, object, object, WORDS * sizeof(void *));
            memset(object, 0, WORDS * sizeof(void *));
        }
        if (i % 11 == 0) {
            object[2] = object[4];
            ter_write_object(small.mutator, object);
        }
        if (i % 13 == 0)
            ter_collect(small.mutator);
    }
    /* The value may be stored that is there, and a new object needs nothing. */
    object[0] = object[0];
    ((void **)young())[0] = object;
    ter_collect(small.mutator);
    /* A barrier whose store did not happen is none to complain of, if the value was there. */
    ter_write(small.mutator, object, &object[0], object[0]);
    ter_collect(small.mutator);
}

/* Words that may be anything, of an object in which all are looked at. */
static void store_any_word(void)
{
    void **object = old_object(TER_KIND_NORMAL);
    char *inside = (char *)young() + sizeof(void *) + 1;

    TER_STORE(small.mutator, object, object[1], inside);
    TER_STORE(small.mutator, object, object[2], (void *)5);
    TER_STORE(small.mutator, object, object[3], object);
    ter_collect(small.mutator);
    assert_ptr_equal(object[1], inside);
}

static unsigned times_reused;

/* A new object where one was freed that had lived through a collection. */
static void store_where_one_was_freed(void)
{
    uintptr_t before = (uintptr_t)old_object(kind);

    small.roots[0] = NULL;
    ter_free(small.mutator, (void *)before);
    for (unsigned i = 1; i < 100; i++) {
        void **made = small.roots[i] = young();

        TER_STORE(small.mutator, made, made[2], young());
        times_reused += (uintptr_t)made == before;
    }
    ter_collect(small.mutator);
    memset(small.roots, 0, SMALL_ROOTS * sizeof *small.roots);
}

static void tag_rightly(void)
{
    uintptr_t *object = (uintptr_t *)old_object(tagged_kind);

    for (uintptr_t i = 0; i < 100; i++) {
        object[1] = i << 2 | 1; /* from one number to another */
        if (i % 9 == 0)
            ter_collect(small.mutator);
    }
    TER_STORE(small.mutator, object, ((void **)object)[1], young());
    ter_collect(small.mutator);
    TER_STORE(small.mutator, object, ((void **)object)[1], (void *)5);
    ter_collect(small.mutator);
}

/* Slots that a visitor reports from the last to the first. */
static void store_backwards_rightly(void)
{
    void **object = old_object(backward_kind);

    for (unsigned i = 0; i < WORDS; i++)
        TER_STORE(small.mutator, object, object[i], young());
    ter_collect(small.mutator);
    ter_write_range(small.mutator, object, object + 2, 2 * sizeof(void *));
    object[2] = object[3] = young();
    ter_collect(small.mutator);
    object[0] = object[5] = young();
    ter_write_object(small.mutator, object);
    ter_collect(small.mutator);
}

/* Each slot of many, the last too. */
static void fill_rightly(void)
{
    enum { MANY = 20000 };
    void **object = ter_allocate(small.mutator, tagged_kind, MANY * sizeof(void *));

    small.roots[0] = object;
    ter_collect(small.mutator);
    for (size_t i = 0; i < MANY; i++)
        if (i % 2 == 0) {
            TER_STORE(small.mutator, object, object[i], (void *)object);
        } else {
            ter_write_range(small.mutator, object, &object[i], sizeof(void *));
            object[i] = object;
        }
    ter_collect(small.mutator);
}

static void remember_rightly(void)
{
    void **object = old_object(remembered_kind);

    object[0] = young();
    ter_collect(small.mutator);
    small.roots[0] =
        ter_allocate_as(small.mutator, kind, WORDS * sizeof(void *), 1, TER_ALLOCATE_REMEMBERED);
    ter_collect(small.mutator);
    ((void **)small.roots[0])[2] = young();
    ter_collect(small.mutator);
}

/* What is freed and used again is a new object. */
static void free_rightly(void)
{
    for (unsigned i = 0; i < 100; i++) {
        void **object = old_object(kind);

        TER_STORE(small.mutator, object, object[0], object);
        small.roots[0] = NULL;
        ter_free(small.mutator, object);
        for (unsigned n = 0; n < 3; n++)
            *(void **)young() = small.roots;
        small.roots[1] = young();
        small.roots[2] = young();
        ((void **)small.roots[2])[2] = small.roots[1];
    }
}

static void what_is_right_passes(void **state)
{
    static const char *const options[] = {"", ",stress=5", ",objects=malloc"};

    (void)state;
    for (size_t i = 0; i < TER_PLAN_COUNT * TER_ARRAY_LENGTH(options); i++) {
        begin(ter_plans[i % TER_PLAN_COUNT].name, options[i / TER_PLAN_COUNT]);
        store_rightly();
        store_any_word();
        store_where_one_was_freed();
        tag_rightly();
        remember_rightly();
        store_backwards_rightly();
        fill_rightly();
        free_rightly();
        small_heap_fini(&small);
    }
    assert_int_not_equal(times_reused, 0);
}

/* ---- Planted faults ---- */

static void plain_store(void *context)
{
    void **object = old_object(kind);

    (void)context;
    object[2] = young();
    ter_collect(small.mutator);
}

static void clearing_store(void *context)
{
    void **object = old_object(kind);

    (void)context;
    TER_STORE(small.mutator, object, object[4], young());
    ter_collect(small.mutator);
    object[4] = NULL;
    ter_collect(small.mutator);
}

static void copied_over(void *context)
{
    void **object = old_object(kind);
    void *values[WORDS] = {NULL, NULL, object};

    (void)context;
    memcpy(object, values, sizeof values);
    ter_collect(small.mutator);
}

/* Between two barriers of the same slot. */
static void overtaken_store(void *context)
{
    void **object = old_object(kind);

    (void)context;
    object[2] = young();
    TER_STORE(small.mutator, object, object[2], NULL);
}

static void before_a_range(void *context)
{
    void **object = old_object(kind);

    (void)context;
    object[2] = young();
    ter_write_range(small.mutator, object, object, 3 * sizeof(void *));
}

static void other_value(void *context)
{
    void **object = old_object(kind);

    (void)context;
    ter_write(small.mutator, object, &object[2], young());
    object[2] = object;
    ter_collect(small.mutator);
}

static void range_too_short(void *context)
{
    void **object = old_object(kind);

    (void)context;
    ter_write_range(small.mutator, object, object, 2 * sizeof(void *));
    object[0] = object[2] = object;
    ter_collect(small.mutator);
}

static void tag_away(void *context)
{
    uintptr_t *object = (uintptr_t *)old_object(tagged_kind);

    (void)context;
    object[2] = (uintptr_t)young();
    ter_collect(small.mutator);
}

static void by_visitor(void *context)
{
    void **object = old_object(visited_kind);

    (void)context;
    object[0] = young();
    ter_collect(small.mutator);
}

static void by_backward_visitor(void *context)
{
    void **object = old_object(backward_kind);

    (void)context;
    TER_STORE(small.mutator, object, object[2], (void *)object);
    ter_write_range(small.mutator, object, &object[3], 2 * sizeof(void *));
    object[3] = object[4] = object;
    object[5] = young();
    ter_collect(small.mutator);
}

static void beside_a_range(void *context)
{
    void **object = ter_allocate(small.mutator, tagged_kind, 100000);

    (void)context;
    small.roots[0] = object;
    ter_collect(small.mutator);
    ter_write_range(small.mutator, object, &object[6000], 10 * sizeof(void *));
    memset(&object[6000], 0xff, 10 * sizeof(void *));
    object[6010] = young();
    ter_collect(small.mutator);
}

static void in_large_object(void *context)
{
    void **object = ter_allocate(small.mutator, tagged_kind, 100000);

    (void)context;
    small.roots[0] = object;
    ter_collect(small.mutator);
    object[12000] = young();
    ter_collect(small.mutator);
}

static void no_slot(void *context)
{
    void **object = old_object(kind);

    (void)context;
    TER_STORE(small.mutator, object, object[1], young());
}

static void outside(void *context)
{
    void **object = old_object(kind);

    (void)context;
    ter_write(small.mutator, object, object + 100, object);
}

static void no_object(void *context)
{
    void **object = old_object(kind);

    (void)context;
    ter_write(small.mutator, object + 1, object + 2, object);
}

static void other_heap(void *context)
{
    void **object = old_object(kind);
    struct ter_mutator *mutator;
    struct ter_heap *other;

    (void)context;
    assert_int_equal(ter_heap_new(NULL, &other), TER_OK);
    assert_int_equal(ter_mutator_bind(other, &mutator), TER_OK);
    TER_STORE(small.mutator, object, object[2], ter_allocate(mutator, TER_KIND_NORMAL, 16));
}

static void too_large(void *context)
{
    unsigned wrong = define(&(struct ter_kind_description){
        .name = "wrong", .layout = &all, .size = {.form = TER_SIZE_FIXED, .bytes = 1000}});

    (void)context;
    small.roots[0] = ter_allocate(small.mutator, wrong, 500);
    ter_collect(small.mutator);
}

static const struct {
    void (*fault)(void *context);
    const char *message;
} faults[] = {
    {plain_store, "(kind \"even\") was stored to without a barrier: ter_write("},
    {clearing_store, "the slot at +32 of object"},
    {copied_over, "the slot at +16 of object"},
    {overtaken_store, "the slot at +16 of object"},
    {before_a_range, "the slot at +16 of object"},
    {other_value, "the slot at +16 of object"},
    {range_too_short, "the slot at +16 of object"},
    {tag_away, "(kind \"tagged\") was stored to"},
    {by_visitor, "(kind \"visited\") was stored to"},
    {by_backward_visitor, "the slot at +40 of object"},
    {beside_a_range, "the slot at +48080 of object"},
    {in_large_object, "the slot at +96000 of object"},
    {no_slot, "ter_write: +8 is no slot of object"},
    {outside, "ter_write: +800 lies outside of object"},
    {no_object, "is no object of this heap"},
    {other_heap, "is no object of this heap (owner: EMPTY)"},
    {too_large, "kind \"wrong\" says that object"},
};

static void each_fault_is_found(void **state)
{
    static const char *const options[] = {"", ",objects=malloc"};

    (void)state;
    if (sizeof(void *) < 8)
        skip();
    for (size_t i = 0; i < TER_PLAN_COUNT * TER_ARRAY_LENGTH(options); i++)
        for (size_t j = 0; j < TER_ARRAY_LENGTH(faults); j++) {
            begin(ter_plans[i % TER_PLAN_COUNT].name, options[i / TER_PLAN_COUNT]);
            test_dies(faults[j].fault, NULL, faults[j].message);
            small_heap_fini(&small);
        }
}

/* ---- Threads that are stopped anywhere ---- */

static void *bind_too(void *heap)
{
    struct ter_mutator *mutator;

    return ter_mutator_bind(heap, &mutator) == TER_ERROR_INVALID ? heap : NULL;
}

static void signals_allow_one_mutator(void **state)
{
    pthread_t thread;
    void *result;

    (void)state;
    begin("mark-sweep", "");
    assert_int_equal(pthread_create(&thread, NULL, bind_too, small.heap), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, small.heap);
    small_heap_fini(&small);
}

/* ---- Threads that stop at safepoints ---- */

#define STORES 20000u

static _Atomic bool is_stored;

/* Stores by turns, with an order between them; and to the same slot at any time. */
static void *store_too(void *heap)
{
    struct ter_mutator *mutator;
    void **object;

    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    for (unsigned i = 0; i < STORES; i++) {
        object = small.roots[0];
        ter_write(mutator, object, &object[2], object);
        __atomic_store_n(&object[2], object, __ATOMIC_RELAXED);
        ter_poll(mutator);
    }
    atomic_store(&is_stored, true);
    ter_mutator_unbind(mutator);
    return NULL;
}

static void safepoints_allow_many(void **state)
{
    pthread_t thread;
    void **object;

    (void)state;
    atomic_store(&is_stored, false);
    begin("mark-sweep", ",stop=safepoints");
    object = old_object(kind);
    assert_int_equal(pthread_create(&thread, NULL, store_too, small.heap), 0);
    for (unsigned i = 0; !atomic_load(&is_stored); i++) {
        ter_write(small.mutator, object, &object[2], NULL);
        __atomic_store_n(&object[2], NULL, __ATOMIC_RELAXED);
        TER_STORE(small.mutator, object, object[0], i % 2 == 0 ? object : NULL);
        if (i % 1000 == 0)
            ter_collect(small.mutator);
        ter_poll(small.mutator);
    }
    ter_mutator_leave(small.mutator);
    assert_int_equal(pthread_join(thread, NULL), 0);
    ter_mutator_enter(small.mutator);
    ter_collect(small.mutator);
    small_heap_fini(&small);
}

static void many_are_checked(void **state)
{
    (void)state;
    begin("mark-sweep", ",stop=safepoints");
    test_dies(plain_store, NULL, "was stored to without a barrier");
    small_heap_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_passes),      cmocka_unit_test(each_fault_is_found),
        cmocka_unit_test(signals_allow_one_mutator), cmocka_unit_test(safepoints_allow_many),
        cmocka_unit_test(many_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
