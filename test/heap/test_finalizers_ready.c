/* SPDX-License-Identifier: MIT */
/* Finalizers in the order that the program wants, and all of them at the end; under every plan. */
#include "small_heap.h"

#include "heap/heap.h"

#define NODES 300u

struct node {
    struct node *next;
    uintptr_t number;
};

static struct small_heap small;
static unsigned plain, finalized;
static unsigned ran[NODES];
static uintptr_t order[NODES];
static unsigned count;

static void run_once(void *object, void *data)
{
    struct node *node = object;

    assert_ptr_equal(data, ran);
    assert_in_range(node->number, 0, NODES - 1);
    assert_in_range(count, 0, NODES - 1);
    ran[node->number]++;
    order[count++] = node->number;
}

static void define_kinds(void)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(struct node),
                                                    .header = {.bitmap = 1}};
    struct ter_kind_description node = {.name = "node", .layout = &layout};

    assert_int_equal(ter_kind_define(small.heap, &node, &plain), TER_OK);
    node.flags = TER_KIND_FINALIZED;
    node.finalizer = run_once;
    node.context = ran;
    assert_int_equal(ter_kind_define(small.heap, &node, &finalized), TER_OK);
    memset(ran, 0, sizeof ran);
    count = 0;
    assert_int_equal(ter_roots_add_slots(small.heap, small.roots, SMALL_ROOTS, TER_ROOT_EXACT),
                     TER_OK);
}

static void end_test(void)
{
    assert_int_equal(ter_roots_remove_slots(small.heap, small.roots, SMALL_ROOTS), TER_OK);
}

static struct node *make_node(unsigned kind, uintptr_t number)
{
    struct node *node = ter_allocate(small.mutator, kind, sizeof *node);

    assert_non_null(node);
    node->number = number;
    return node;
}

static void expect_each_ran(unsigned nodes, unsigned times)
{
    for (unsigned i = 0; i < nodes; i++)
        assert_int_equal(ran[i], times);
}

/* ---- All of them ---- */

/* A list in root 0, every third object of a kind with a finalizer, the others with one set. */
static void make_list(unsigned nodes)
{
    for (unsigned i = 0; i < nodes; i++) {
        struct node *node = make_node(i % 3 == 0 ? finalized : plain, i);

        node->next = small.roots[0];
        small.roots[0] = node;
        if (i % 3 != 0)
            assert_int_equal(ter_finalizer_set(small.heap, node, run_once, ran), TER_OK);
    }
}

static void what_is_reached_is_finalized(void)
{
    unsigned length = 0;

    define_kinds();
    make_list(NODES);
    ter_collect(small.mutator);
    assert_int_equal(ter_finalizers_run(small.heap), 0);
    assert_int_equal(ter_finalizers_make_ready(small.heap), TER_OK);
    assert_int_equal(count, 0);
    /* The queue follows objects that move. */
    ter_collect(small.mutator);
    assert_int_equal(ter_finalizers_run(small.heap), NODES);
    expect_each_ran(NODES, 1);
    for (struct node *node = small.roots[0]; node != NULL; node = node->next)
        length++;
    assert_int_equal(length, NODES);
    /* Once. */
    assert_int_equal(ter_finalizers_make_ready(small.heap), TER_OK);
    small.roots[0] = NULL;
    small_heap_collect(&small);
    small_heap_collect(&small);
    assert_int_equal(ter_finalizers_run(small.heap), 0);
    end_test();
}

/* What a finalizer registers is there for the next call. */
static void again(void *object, void *data)
{
    run_once(object, data);
    assert_int_equal(ter_finalizer_set(small.heap, object, run_once, data), TER_OK);
}

static void what_is_set_meanwhile_comes_next(void)
{
    define_kinds();
    small.roots[0] = make_node(plain, 0);
    assert_int_equal(ter_finalizer_set(small.heap, small.roots[0], again, ran), TER_OK);
    assert_int_equal(ter_finalizers_make_ready(small.heap), TER_OK);
    assert_int_equal(ter_finalizers_run(small.heap), 1);
    assert_int_equal(ter_finalizers_make_ready(small.heap), TER_OK);
    assert_int_equal(ter_finalizers_run(small.heap), 1);
    assert_int_equal(ter_finalizers_make_ready(small.heap), TER_OK);
    assert_int_equal(ter_finalizers_run(small.heap), 0);
    assert_int_equal(ran[0], 2);
    end_test();
}

/* ---- Orders ---- */

/* A ring of two; what is finalized of it. */
static TER_NOINLINE void make_ring(enum ter_finalizer_order first, enum ter_finalizer_order second)
{
    small.roots[0] = make_node(plain, 0);
    small.roots[1] = make_node(plain, 1);
    ((struct node *)small.roots[0])->next = small.roots[1];
    ((struct node *)small.roots[1])->next = small.roots[0];
    assert_int_equal(ter_finalizer_set_order(small.heap, small.roots[0], run_once, ran, first),
                     TER_OK);
    assert_int_equal(ter_finalizer_set_order(small.heap, small.roots[1], run_once, ran, second),
                     TER_OK);
    small.roots[0] = small.roots[1] = NULL;
}

static unsigned finalized_of_ring(enum ter_finalizer_order first, enum ter_finalizer_order second)
{
    define_kinds();
    make_ring(first, second);
    small_heap_collect(&small);
    end_test();
    return (unsigned)ter_finalizers_run(small.heap);
}

static void rings_without_an_order_go(void)
{
    unsigned expected = small_heap_never_collects(&small) ? 0 : 2;

    assert_int_equal(finalized_of_ring(TER_FINALIZER_NO_ORDER, TER_FINALIZER_NO_ORDER), expected);
}

static void rings_in_order_stay(void)
{
    assert_int_equal(finalized_of_ring(TER_FINALIZER_NORMAL, TER_FINALIZER_NORMAL), 0);
}

static void orders_that_are_none(void)
{
    define_kinds();
    small.roots[0] = make_node(plain, 0);
    assert_int_equal(ter_finalizer_set_order(small.heap, small.roots[0], run_once, ran,
                                             (enum ter_finalizer_order)4),
                     TER_ERROR_INVALID);
    assert_int_equal(
        ter_finalizer_set_order(small.heap, &small, run_once, ran, TER_FINALIZER_NORMAL),
        TER_ERROR_INVALID);
    end_test();
}

#define FOR_EACH_PLAN(name, test)                                                                  \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        small_heap_with_plans(&small, ",stacks=exact", test, NULL);                                \
    }

FOR_EACH_PLAN(all_are_ready, what_is_reached_is_finalized)
FOR_EACH_PLAN(set_meanwhile, what_is_set_meanwhile_comes_next)
FOR_EACH_PLAN(without_an_order, rings_without_an_order_go)
FOR_EACH_PLAN(in_order, rings_in_order_stay)
FOR_EACH_PLAN(no_order, orders_that_are_none)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_ready),    cmocka_unit_test(set_meanwhile),
        cmocka_unit_test(without_an_order), cmocka_unit_test(in_order),
        cmocka_unit_test(no_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
