/* SPDX-License-Identifier: MIT */
/* Weak things of a program's own, and visitors that report several objects in one call. */
#include "small_heap.h"

#define CHAIN 1000u
#define BATCH 7u /* children of a node */
#define NAMED 64u

static struct small_heap small;
static unsigned kind;
static void *roots[1]; /* slots */

struct node {
    void *children[BATCH];
    uintptr_t number;
};

/* A visitor that reads its references and writes back where they are. */
static void visit_node(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    struct node *node = (struct node *)object;

    (void)context, (void)bytes;
    ter_trace_objects(trace, node->children, BATCH);
}

static void define_nodes(unsigned flags)
{
    const struct ter_kind_description nodes = {
        .name = "node", .visitor = visit_node, .flags = flags};

    assert_int_equal(ter_kind_define(small.heap, &nodes, &kind), TER_OK);
    roots[0] = NULL;
    assert_int_equal(ter_roots_add_slots(small.heap, roots, 1, TER_ROOT_EXACT), TER_OK);
}

/* Its children are `child`, in one place or in all. */
static struct node *node_of(uintptr_t number, void *child, bool everywhere)
{
    struct node *node;

    TER_ROOTS(small.mutator, local, void *child;);
    local.child = child;
    node = TER_NEW(small.mutator, kind, struct node);
    assert_non_null(node);
    node->number = number;
    for (size_t i = 0; i < BATCH; i++)
        node->children[i] = everywhere || i == number % BATCH ? local.child : NULL;
    TER_FRAME_END(small.mutator, local);
    return node;
}

static struct node *child_of(const struct node *node)
{
    return node->children[node->number % BATCH];
}

/* ---- Several objects in one call ---- */

static void keep_a_chain(void)
{
    const struct node *node;

    define_nodes(TER_KIND_ONLY_SLOTS);
    for (uintptr_t i = 0; i < CHAIN; i++)
        roots[0] = node_of(i, roots[0], i % 3 == 0);
    for (unsigned i = 0; i < 3; i++)
        ter_collect(small.mutator);
    node = roots[0];
    for (uintptr_t i = CHAIN; i-- > 0; node = child_of(node))
        assert_int_equal(node->number, i);
    assert_null(node);
}

static void a_visitor_reports_several(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",stacks=exact,check_heap=1", keep_a_chain, NULL);
}

/* ---- The step ---- */

/* Objects that are known and not kept; hidden from everything else. */
static struct {
    struct node *named[NAMED];
    size_t reached, calls, followed;
    bool young;
} names;

/* Asked for together they say the same. */
static void ask_together(const struct ter_weak_step *step)
{
    const void *objects[TER_WEAK_MOST];
    uint64_t reached;
    size_t count = 0;

    for (size_t i = 0; i < NAMED; i++)
        if (names.named[i] != NULL)
            objects[count++] = names.named[i];
    assert_int_equal(ter_weak_are_reached(step, objects, 0), 0);
    reached = ter_weak_are_reached(step, objects, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(reached >> i & 1, ter_weak_is_reached(step, objects[i]));
    assert_true(count == TER_WEAK_MOST || reached >> count == 0);
}

/* What is not reached is forgotten, but every second one, which is brought back with its child. */
static void see_to_names(void *context, struct ter_weak_step *step)
{
    assert_ptr_equal(context, &names);
    names.calls++;
    ask_together(step);
    for (size_t i = 0; i < NAMED; i++) {
        struct node *node = names.named[i];

        if (node == NULL)
            continue;
        if (ter_weak_is_reached(step, node)) {
            names.reached++;
        } else if (i % 2 == 0) {
            names.named[i] = NULL;
        } else {
            assert_false(ter_weak_is_reached(step, child_of(node)));
            assert_ptr_equal(ter_weak_reach(step, node), node);
            ter_weak_settle(step);
            assert_true(ter_weak_is_reached(step, node));
            names.followed += ter_weak_is_reached(step, child_of(node));
        }
    }
}

/* The first quarter is kept, in one node after another. */
static void make_names(void)
{
    for (size_t i = 0; i < NAMED; i++) {
        names.named[i] = node_of(i, node_of(i, NULL, false), false);
        if (i < NAMED / 4) {
            struct node *keeper = names.named[i];

            ter_write_object(small.mutator, keeper);
            keeper->children[(i + 1) % BATCH] = roots[0];
            roots[0] = keeper;
        }
    }
}

static void check_names(void)
{
    for (size_t i = 0; i < NAMED; i++) {
        bool stays = i < NAMED / 4 || i % 2 != 0;

        assert_int_equal(names.named[i] != NULL, stays);
        if (stays)
            assert_int_equal(names.named[i]->number, i);
        if (stays)
            assert_int_equal(child_of(names.named[i])->number, i);
    }
}

static void begin_names(void)
{
    define_nodes(TER_KIND_NEVER_MOVES);
    memset(&names, 0, sizeof names);
    ter_weak_set_function(small.heap, see_to_names, &names);
    make_names();
}

static void forget_what_goes(void)
{
    begin_names();
    if (small_heap_never_collects(&small))
        return;
    ter_collect(small.mutator);
    assert_int_equal(names.calls, 1);
    assert_int_equal(names.reached, NAMED / 4);
    assert_int_equal(names.followed, NAMED * 3 / 8);
    check_names();
    ter_weak_set_function(small.heap, NULL, NULL);
    ter_collect(small.mutator);
    assert_int_equal(names.calls, 1);
}

static void the_program_sees_to_its_weak_things(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",stacks=exact,check_heap=1", forget_what_goes, NULL);
}

/* Where young objects are collected by themselves, old ones are reached. */
static void forget_young_ones(void)
{
    begin_names();
    if (small_heap_never_collects(&small))
        return;
    ter_collect_young(small.mutator);
    check_names();
    names.reached = names.followed = 0;
    ter_collect_young(small.mutator);
    assert_int_equal(names.reached + names.followed, NAMED / 4 + NAMED * 3 / 8);
}

static void old_objects_are_reached(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",stacks=exact,check_heap=1", forget_young_ones, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visitor_reports_several),
        cmocka_unit_test(the_program_sees_to_its_weak_things),
        cmocka_unit_test(old_objects_are_reached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
