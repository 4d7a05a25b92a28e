/* SPDX-License-Identifier: MIT */
/*
 * A collection that moves objects, of whose calls into the system any is refused, once or from then
 * on: objects stay where there is no memory for a copy, or the collection does not take place, or
 * has fewer workers; what is reached is whole, and afterwards all goes on as ever.
 */
#include "heap/heap.h"

#include <terrier/terrier.h>

#include <errno.h>

#include "small_heap.h"

#define LISTS 4u
#define LENGTH 1500u
#define WIDE 30000u /* more than a mark stack has room for at first */
#define MUCH 5000u

enum { NEXT, NUMBER };

static struct ter_heap *heap;
static struct ter_mutator *mutator;
static unsigned node, wide;
static void *roots[LISTS + 1]; /* exact; the last one is the wide object */
static size_t lengths[LISTS];
static size_t finalized;
static size_t mappings_left; /* of lives in which the system took nothing back */

/* ---- Refusals ---- */

static struct refusals {
    uint64_t first, count; /* of the calls in collections */
    _Atomic uint64_t calls, refused;
    _Atomic unsigned sorts; /* that were refused: a bit each */
    int error;
} refusals;

static unsigned refused_sorts; /* in all lives */

/* In any worker. What is not taken back stays, and is looked for in vain when the heap has gone. */
static int refuse_in_collections(enum ter_os_call call)
{
    uint64_t number;

    if (!heap->collector.collecting)
        return 0;
    number = atomic_fetch_add(&refusals.calls, 1);
    if (number < refusals.first || number - refusals.first >= refusals.count)
        return 0;
    atomic_fetch_add(&refusals.refused, 1);
    atomic_fetch_or(&refusals.sorts, 1u << (unsigned)call);
    return refusals.error;
}

/* ---- The heap ---- */

static void open_heap(const char *more)
{
    static const struct ter_object_layout node_layout = {.header_bytes = sizeof(uintptr_t),
                                                         .header = {.bitmap = 1}};
    static const struct ter_object_layout wide_layout = {.element_bytes = sizeof(uintptr_t),
                                                         .element = {.bitmap = 1}};
    struct ter_options options;
    char text[200];

    snprintf(text, sizeof text, "plan=semispace,log=0,scan_program=0,scan_libraries=0%s", more);
    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, text, NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    assert_int_equal(ter_kind_add_layout(heap, &node_layout, &node), TER_OK);
    assert_int_equal(ter_kind_add_layout(heap, &wide_layout, &wide), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    memset(roots, 0, sizeof roots);
    memset(lengths, 0, sizeof lengths);
    assert_int_equal(ter_roots_add_slots(heap, roots, LISTS + 1, TER_ROOT_EXACT), TER_OK);
}

static void close_heap(void)
{
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    if ((refusals.sorts & TEST_CALL(RELEASE)) == 0)
        assert_int_equal(test_count_mappings("terrier:"), mappings_left);
    else
        mappings_left = test_count_mappings("terrier:");
}

static void finalize(void *object, void *data)
{
    (void)object;
    (void)data;
    finalized++;
}

/* ---- A life ---- */

/* Where nothing was allocated since a collection, only the second request has another one. */
static uintptr_t *new_node(size_t bytes)
{
    void *object = ter_allocate(mutator, node, bytes);

    return object != NULL ? object : ter_allocate(mutator, node, bytes);
}

/* As long as there is memory for it. */
static void make_list(unsigned list)
{
    roots[list] = NULL;
    for (lengths[list] = 0; lengths[list] < LENGTH; lengths[list]++) {
        uintptr_t *object = new_node(32 + lengths[list] * 16 % 400);

        if (object == NULL)
            return;
        object[NEXT] = (uintptr_t)roots[list];
        object[NUMBER] = lengths[list];
        roots[list] = object;
        if (lengths[list] % 100 == 0)
            (void)ter_finalizer_set(heap, object, finalize, NULL);
    }
}

static void make_wide(void)
{
    roots[LISTS] = ter_allocate(mutator, wide, WIDE * sizeof(uintptr_t));
    for (size_t i = 0; roots[LISTS] != NULL && i < WIDE; i++) {
        uintptr_t *object = new_node(32);

        if (object == NULL)
            return;
        object[NUMBER] = i;
        ((uintptr_t **)roots[LISTS])[i] = object;
    }
}

static void check_list(unsigned list)
{
    const uintptr_t *object = roots[list];

    for (size_t i = lengths[list]; i-- > 0; object = (const uintptr_t *)object[NEXT]) {
        assert_int_equal(ter_heap_find(heap, (uintptr_t)object).bits, (uintptr_t)object);
        assert_int_equal(object[NUMBER], i);
    }
    assert_null(object);
}

static void check_wide(void)
{
    for (size_t i = 0; roots[LISTS] != NULL && i < WIDE; i++) {
        const uintptr_t *object = ((uintptr_t **)roots[LISTS])[i];

        if (object == NULL)
            return;
        assert_int_equal(ter_heap_find(heap, (uintptr_t)object).bits, (uintptr_t)object);
        assert_int_equal(object[NUMBER], i);
    }
}

static void check_whole(void)
{
    for (unsigned list = 0; list < LISTS; list++)
        check_list(list);
    check_wide();
    test_check_spaces(heap);
}

/* They keep what they are for, and that leads to all of an old list. */
static void run_finalizers(void)
{
    size_t run;

    finalized = 0;
    run = ter_finalizers_run(heap);
    assert_int_equal(run, finalized);
}

/* Then let go of: more than is needed later, so that it goes back. */
static void make_much(void)
{
    for (size_t i = 0; i < MUCH; i++) {
        uintptr_t *object = ter_allocate(mutator, node, 1024);

        if (object == NULL)
            break;
        object[NEXT] = (uintptr_t)roots[0];
        roots[0] = object;
    }
    ter_collect(mutator);
    roots[0] = NULL;
}

static void live(void)
{
    make_much();
    make_wide();
    for (unsigned round = 0; round < 2 * LISTS; round++) {
        make_list(round % LISTS);
        if (roots[0] != NULL && round == 2)
            (void)ter_pin(heap, roots[0]);
        if (round == LISTS)
            roots[LISTS] = NULL;
        ter_collect(mutator);
        check_whole();
        run_finalizers();
    }
    ter_heap_release_memory(heap);
}

/* False when there are no more than `first` calls. */
static bool live_with_refusals(const char *options, uint64_t first, uint64_t count, int error)
{
    open_heap(options);
    refusals.first = first;
    refusals.count = count;
    refusals.error = error;
    atomic_store(&refusals.calls, 0);
    atomic_store(&refusals.refused, 0);
    atomic_store(&refusals.sorts, 0);
    ter_os_set_fault(refuse_in_collections);
    live();
    ter_os_set_fault(NULL);
    check_whole();
    for (unsigned list = 0; list < LISTS; list++) {
        make_list(list);
        assert_int_equal(lengths[list], LENGTH);
        run_finalizers();
    }
    ter_collect(mutator);
    check_whole();
    run_finalizers();
    close_heap();
    refused_sorts |= refusals.sorts;
    return refusals.refused != 0;
}

static void refuse_everywhere(uint64_t count, unsigned expected)
{
    static const char *const sorts[] = {",stacks=exact", ",stacks=exact,heap_max=12M",
                                        ",stacks=exact,give_back=0,sft_map=dense",
                                        /* Each collection has a parallel phase. */
                                        ",stacks=exact,markers=3,stress=1000000000",
                                        ",stacks=exact,markers=2,heap_max=12M,stress=1000000000"};
    static const int errors[] = {ENOMEM, EAGAIN};
    /* Where all is slow, not each. */
    const uint64_t step = test_is_emulated() || TER_HAS_SANITIZER ? 9 : 1;
    uint64_t places = 0;

    for (size_t sort = 0; sort < TER_ARRAY_LENGTH(sorts); sort++)
        for (size_t error = 0; error < (sort % 3 == 0 ? TER_ARRAY_LENGTH(errors) : 1); error++) {
            uint64_t k = 0;

            while (live_with_refusals(sorts[sort], k, count, errors[error]))
                k += step;
            places += k / step;
        }
    print_message("%llu places, sorts %#x\n", (unsigned long long)places, refused_sorts);
    assert_true(places > 10);
    if (step == 1)
        assert_int_equal(refused_sorts & expected, expected);
}

static void each_call_refused_once(void **state)
{
    (void)state;
    refuse_everywhere(1, TEST_CALL(COMMIT) | TEST_CALL(DECOMMIT) | TEST_CALL(ALLOCATE) |
                             TEST_CALL(THREAD));
}

static void each_call_refused_from_then_on(void **state)
{
    (void)state;
    /* What was got before it turned out to be of no use is given back. */
    refuse_everywhere(UINT64_MAX, TEST_CALL(RELEASE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_refused_once),
        cmocka_unit_test(each_call_refused_from_then_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
