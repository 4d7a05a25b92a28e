/* SPDX-License-Identifier: MIT */
/* Pauses under much old data: SIZE MiB of objects of 64 bytes in trees below a table. Steps then
 * replace a tree, one in four, or make garbage; the clock is read between two steps, so the longest
 * one is what the program sees of a pause. In the end it asks for a collection, which traces all
 * that lives (trace_ns, live_objects). */
#include "bench.h"

enum {
    SIZE_DEFAULT = 64,
    TREE_DEPTH = 7, /* 255 objects, 16 KiB less one */
    TREES_OF_MIB = 64,
    STEPS_OF_TREE = 8,
    GARBAGE_OF_STEP = 255
};

enum kind { KIND_OBJECT, KIND_TABLE };

struct object {
    struct object *left;
    struct object *right;
    uint64_t number;
    uint64_t words[5];
};

struct table {
    struct object *trees[1];
};

static const struct bench_kind kinds[] = {
    [KIND_OBJECT] = {.header_bytes = sizeof(struct object), .header_slots = 3},
    [KIND_TABLE] = {.element_bytes = sizeof(void *), .element_slots = 1}};

static struct object *new_tree(bench_mutator *m, unsigned depth, uint64_t number)
{
    struct object *object;

    BENCH_ROOTS(m, r, struct object * left; struct object * right;);
    if (depth > 0) {
        r.left = new_tree(m, depth - 1, number);
        r.right = new_tree(m, depth - 1, number);
    }
    object = (struct object *)bench_new(m, KIND_OBJECT, sizeof *object);
    bench_fill(object, object->left, r.left);
    bench_fill(object, object->right, r.right);
    object->number = number;
    BENCH_ROOTS_END(m, r);
    return object;
}

static void free_tree(bench_mutator *m, struct object *tree)
{
    if (!BENCH_FREES || tree == NULL)
        return;
    free_tree(m, tree->left);
    free_tree(m, tree->right);
    bench_free(m, tree);
}

static void make_garbage(bench_mutator *m)
{
    for (unsigned i = 0; i < GARBAGE_OF_STEP; i++) {
        struct object *object = (struct object *)bench_new(m, KIND_OBJECT, sizeof *object);
        object->number = i;
        __asm__ volatile("" : : "r"(object) : "memory");
        bench_free(m, object);
    }
}

/* Replaces trees, and returns the longest time of a step in ns. */
static uint64_t run_steps(bench_mutator *m, struct table *table, size_t trees)
{
    uint64_t random = 7, longest_ns = 0, before_ns = bench_now_ns();

    BENCH_ROOTS(m, r, struct table * table; struct object * tree;);
    r.table = table;
    for (size_t i = 0; i < trees * STEPS_OF_TREE; i++) {
        size_t place = bench_random(&random) % trees;
        uint64_t now_ns;
        if (i % 4 == 0) {
            r.tree = new_tree(m, TREE_DEPTH, place);
            free_tree(m, r.table->trees[place]);
            bench_store(m, r.table, r.table->trees[place], r.tree);
        } else {
            make_garbage(m);
        }
        now_ns = bench_now_ns();
        if (now_ns - before_ns > longest_ns)
            longest_ns = now_ns - before_ns;
        before_ns = now_ns;
    }
    BENCH_ROOTS_END(m, r);
    return longest_ns;
}

static uint64_t count_and_free(bench_mutator *m, struct table *table, size_t trees)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < trees; i++) {
        struct object *tree = table->trees[i];
        if (tree->number != i || tree->left->right->left->number != i)
            bench_wrong("the number of a tree", tree->number, i);
        sum = bench_sum(sum, tree->right->right->number);
        free_tree(m, tree);
    }
    bench_free(m, table);
    return sum;
}

static void trace(bench_mutator *m, size_t trees)
{
    uint64_t start_ns = bench_now_ns();

    adapter_collect(m);
    bench_say("trace_ns", bench_now_ns() - start_ns);
    bench_say("live_objects", trees * ((2u << TREE_DEPTH) - 1));
}

static uint64_t run(bench_mutator *m, size_t size)
{
    size_t trees = size * TREES_OF_MIB;
    uint64_t sum;

    BENCH_ROOTS(m, r, struct table * table; struct object * tree;);
    r.table = (struct table *)bench_new(m, KIND_TABLE, trees * sizeof(void *));
    for (size_t i = 0; i < trees; i++) {
        r.tree = new_tree(m, TREE_DEPTH, i);
        bench_store(m, r.table, r.table->trees[i], r.tree);
    }
    r.tree = NULL;
    bench_say("longest_step_ns", run_steps(m, r.table, trees));
    trace(m, trees);
    sum = count_and_free(m, r.table, trees);
    BENCH_ROOTS_END(m, r);
    return sum;
}

static uint64_t live_bytes(size_t size)
{
    uint64_t trees = (uint64_t)size * TREES_OF_MIB;

    return trees * (sizeof(void *) + ((2u << TREE_DEPTH) - 1) * sizeof(struct object));
}

const struct bench_program bench_program = {.default_size = SIZE_DEFAULT,
                                            .kinds = kinds,
                                            .kind_count = sizeof kinds / sizeof *kinds,
                                            .one_mutator = true,
                                            .live_bytes = live_bytes,
                                            .run = run};
