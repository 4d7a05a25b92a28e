/* SPDX-License-Identifier: MIT */
/* Tracing alone: trees of 255 objects below a table, allocated in the order in which they are
 * traced. Nothing else lives, and nothing is done between collections. */
#include "traced.h"

enum { SIZE_DEFAULT = 12, TREE_DEPTH = 7, TREE_OBJECTS = (2 << TREE_DEPTH) - 1 };
enum { OBJECTS_MANY = 1 << 22, TIMES = 7, TIMES_WHERE_MANY = 2 };

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

static size_t trees_of(size_t size)
{
    return objects_of(size) / TREE_OBJECTS;
}

/* Of each tree the top and two of its leaves. */
static uint64_t sum_and_free(bench_mutator *m, struct table *table, size_t trees)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < trees; i++) {
        struct object *tree = table->places[i], *left = tree, *right = tree;
        for (unsigned k = 0; k < TREE_DEPTH; k++) {
            left = left->left;
            right = right->right;
        }
        if (tree->number != i || left->number != i || left->left != NULL)
            bench_wrong("the number of a tree", left->number, i);
        sum = bench_sum(sum, right->number);
        free_tree(m, tree);
    }
    bench_free(m, table);
    return sum;
}

static uint64_t run(bench_mutator *m, size_t size)
{
    size_t trees = trees_of(size), objects = trees * TREE_OBJECTS;
    uint64_t sum;

    BENCH_ROOTS(m, r, struct table * table; struct object * tree;);
    r.table = (struct table *)bench_new(m, KIND_TABLE, trees * sizeof(void *));
    for (size_t i = 0; i < trees; i++) {
        r.tree = new_tree(m, TREE_DEPTH, i);
        bench_store(m, r.table, r.table->places[i], r.tree);
    }
    r.tree = NULL;
    adapter_collect(m); /* what is young becomes old, and tables are there */
    say_trace(m, objects < OBJECTS_MANY ? TIMES : TIMES_WHERE_MANY, objects);
    sum = sum_and_free(m, r.table, trees);
    BENCH_ROOTS_END(m, r);
    return sum;
}

static uint64_t live_bytes(size_t size)
{
    return (uint64_t)trees_of(size) * (sizeof(void *) + TREE_OBJECTS * sizeof(struct object));
}

const struct bench_program bench_program = {.default_size = SIZE_DEFAULT,
                                            .kinds = traced_kinds,
                                            .kind_count = TRACED_KINDS,
                                            .one_mutator = true,
                                            .live_bytes = live_bytes,
                                            .run = run};
