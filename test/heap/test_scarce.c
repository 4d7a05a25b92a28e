/* SPDX-License-Identifier: MIT */
/*
 * A heap of 1.3 times what lives, under every plan: the trees of GCBench run to their end, after a
 * number of collections that follows from how much is allocated. No clock has a say.
 */
#include <terrier/fast.h>

#include "heap/heap.h"
#include "small_heap.h"

/* Depths of the tree that lives all the time, and of the deepest that come and go. */
#define KEPT_DEPTH 15u
#define MOST_DEPTH 11u
/* The same where each node has a page. */
#define KEPT_PAGES_DEPTH 10u
#define MOST_PAGES_DEPTH 5u

struct tree {
    struct tree *left, *right;
    uintptr_t depth, unused;
};

static struct small_heap small;
static unsigned node_kind;
static struct tree *kept; /* an exact slot */
static unsigned kept_depth, most_depth;

static void open_heap(const char *options)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(struct tree),
                                                    .header = {.bitmap = 3}};

    small_heap_init(&small, options);
    kept = NULL;
    assert_int_equal(ter_roots_add_slots(small.heap, &kept, 1, TER_ROOT_EXACT), TER_OK);
    assert_int_equal(ter_kind_add_layout(small.heap, &layout, &node_kind), TER_OK);
    kept_depth = small_heap_has_own_pages(&small) ? KEPT_PAGES_DEPTH : KEPT_DEPTH;
    most_depth = small_heap_has_own_pages(&small) ? MOST_PAGES_DEPTH : MOST_DEPTH;
}

static void close_heap(void)
{
    ter_roots_remove_slots(small.heap, &kept, 1);
    small_heap_fini(&small);
}

/* ---- Trees ---- */

static struct tree *new_node(uintptr_t depth)
{
    struct tree *made = ter_allocate(small.mutator, node_kind, sizeof *made);

    assert_non_null(made);
    made->depth = depth;
    return made;
}

static void store(struct tree *tree, struct tree **slot, struct tree *value)
{
    ter_write(small.mutator, tree, slot, value);
    *slot = value;
}

/* From the root down, so that stores into what may be old lead to new ones. */
static void grow(struct tree *tree)
{
    TER_ROOTS(small.mutator, r, struct tree * tree; struct tree * child;);
    r.tree = tree;
    if (tree->depth != 0) {
        r.child = new_node(r.tree->depth - 1);
        store(r.tree, &r.tree->left, r.child);
        r.child = new_node(r.tree->depth - 1);
        store(r.tree, &r.tree->right, r.child);
        grow(r.tree->left);
        grow(r.tree->right);
    }
    TER_FRAME_END(small.mutator, r);
}

static void grow_kept(void)
{
    kept = new_node(kept_depth);
    grow(kept);
}

/* From the leaves up: what is made last refers to what was made before. */
static struct tree *tree_up(uintptr_t depth)
{
    struct tree *made;

    TER_ROOTS(small.mutator, r, struct tree * left; struct tree * right;);
    if (depth != 0) {
        r.left = tree_up(depth - 1);
        r.right = tree_up(depth - 1);
    }
    made = new_node(depth);
    made->left = r.left;
    made->right = r.right;
    TER_FRAME_END(small.mutator, r);
    return made;
}

static size_t count(const struct tree *tree)
{
    return tree == NULL ? 0 : 1 + count(tree->left) + count(tree->right);
}

static size_t nodes(unsigned depth)
{
    return ((size_t)2 << depth) - 1;
}

static void come_and_go(unsigned depth)
{
    size_t times = nodes(kept_depth) / nodes(depth);

    for (size_t i = 0; i < times; i++) {
        TER_ROOTS(small.mutator, r, struct tree * tree;);
        r.tree = new_node(depth);
        grow(r.tree);
        assert_int_equal(count(r.tree), nodes(depth));
        r.tree = tree_up(depth);
        assert_int_equal(count(r.tree), nodes(depth));
        TER_FRAME_END(small.mutator, r);
    }
}

/* ---- The test ---- */

/* What the tree takes that lives: of page-protect, a page for each node. */
static size_t live_bytes(const char *plan)
{
    struct ter_statistics figures;
    char options[100];
    bool own_pages;

    snprintf(options, sizeof options, "plan=%s,stacks=exact", plan);
    open_heap(options);
    grow_kept();
    small_heap_collect_now(&small);
    figures = small_heap_statistics(&small);
    own_pages = small_heap_has_own_pages(&small);
    close_heap();
    return (size_t)(own_pages ? figures.used_bytes : figures.live_bytes);
}

static uint64_t collections_of(const char *plan, size_t heap, const char *more, uint64_t *allocated)
{
    struct ter_statistics figures;
    char options[200];

    snprintf(options, sizeof options, "plan=%s,stacks=exact,sizing=fixed,heap_max=%zu%s", plan,
             heap, more);
    open_heap(options);
    grow_kept();
    for (unsigned depth = 3; depth <= most_depth; depth += 2)
        come_and_go(depth);
    assert_int_equal(count(kept), nodes(kept_depth));
    figures = small_heap_statistics(&small);
    assert_true(figures.peak_used_bytes <= heap);
    *allocated = small_heap_has_own_pages(&small)
                     ? figures.allocated_bytes / sizeof(struct tree) * TER_BYTES_IN_PAGE
                     : figures.allocated_bytes;
    close_heap();
    return figures.collections;
}

/* `young`: the option young_bytes; 0: all are collected when the heap is full, as a rule. */
static void runs_in_so_many(const char *plan, size_t young, const char *more)
{
    size_t live = live_bytes(plan), heap = live + live * 3 / 10;
    uint64_t allocated, collections = collections_of(plan, heap, more, &allocated);
    size_t between = young == 0 ? heap - live : ter_min(young, heap - live);

    print_message("%s%s: %llu collections, at most %llu\n", plan, more,
                  (unsigned long long)collections, (unsigned long long)(2 * allocated / between));
    assert_in_range(collections, 1, 2 * allocated / between);
}

static void trees_in_a_little_more_than_lives(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_PLAN_COUNT; i++)
        if (test_plan_collects(ter_plans[i].plan)) {
            runs_in_so_many(ter_plans[i].name, 0, ",young_bytes=0,young_pause=0");
            runs_in_so_many(ter_plans[i].name, TER_KIB(64), ",young_bytes=64K,markers=2");
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_in_a_little_more_than_lives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
