/* SPDX-License-Identifier: MIT */
/* GCBench: trees of many depths, from the root down and from the leaves up, beside a long-lived
 * tree and array, with garbage between the nodes as a program makes it: of each 256 places 220 have
 * an array, whose length falls off geometrically. With the default size, 16, it makes 24.3 million
 * objects with 1,171 MB, most of the time fewer than 200,000 alive. */
#include "bench.h"

enum {
    DEPTH_MIN = 4,
    DEPTH_DEFAULT = 16,
    STRETCH = 2, /* a round of trees has the nodes of two trees that are so much deeper */
    ARRAY_COUNT = 500000,
    PLACES = 256,
    NODE_BYTES = 32 /* where addresses have 64 bits */
};

enum kind { KIND_NODE };

struct node {
    struct node *left;
    struct node *right;
    uint32_t i;
    uint32_t depth;
    uint64_t of_the_runtime; /* what a header would be */
};

struct garbage {
    uint64_t of_the_runtime;
    uint64_t length;
    uint64_t words[];
};

static const struct bench_kind kinds[] = {
    [KIND_NODE] = {.header_bytes = sizeof(struct node), .header_slots = 3}};

struct work {
    bench_mutator *m;
    uint64_t place;
    uint64_t nodes, arrays, bytes;
    uint8_t lengths[PLACES];
};

/* ---- Garbage ---- */

/* How many of the places a geometric distribution gives each length, and those in no order. */
static void choose_lengths(uint8_t *lengths)
{
    const double more = 0.8594;
    unsigned place = 0;

    for (unsigned k = 0; k < PLACES; k++) {
        double rest = 1 - (k + 0.5) / (double)PLACES;
        double share = more;
        uint8_t length = 0;
        for (; share >= rest; share *= more)
            length++;
        lengths[place] = length;
        place = (place * 133 + 59) % PLACES;
    }
}

static void make_garbage(struct work *work)
{
    size_t length = work->lengths[work->place++ % PLACES];
    size_t bytes = sizeof(struct garbage) + length * sizeof(uint64_t);
    struct garbage *garbage;

    if (length == 0)
        return;
    garbage = (struct garbage *)bench_new_plain(work->m, bytes);
    garbage->length = length;
    __asm__ volatile("" : : "r"(garbage) : "memory");
    work->arrays++;
    work->bytes += bytes;
    bench_free(work->m, garbage);
}

/* ---- Trees ---- */

static uint64_t tree_nodes(unsigned depth)
{
    return (UINT64_C(2) << depth) - 1;
}

static struct node *new_node(struct work *work)
{
    work->nodes++;
    return (struct node *)bench_new(work->m, KIND_NODE, sizeof(struct node));
}

static void grow_down(struct work *work, unsigned depth, struct node *node)
{
    if (depth == 0)
        return;
    BENCH_ROOTS(work->m, r, struct node * node; struct node * left; struct node * right;);
    r.node = node;
    make_garbage(work);
    r.left = new_node(work);
    make_garbage(work);
    r.right = new_node(work);
    bench_store(work->m, r.node, r.node->left, r.left);
    bench_store(work->m, r.node, r.node->right, r.right);
    r.node->depth = depth;
    grow_down(work, depth - 1, r.left);
    grow_down(work, depth - 1, r.right);
    BENCH_ROOTS_END(work->m, r);
}

static struct node *tree_down(struct work *work, unsigned depth)
{
    struct node *node;

    BENCH_ROOTS(work->m, r, struct node * node;);
    r.node = new_node(work);
    grow_down(work, depth, r.node);
    node = r.node;
    BENCH_ROOTS_END(work->m, r);
    return node;
}

static struct node *tree_up(struct work *work, unsigned depth)
{
    struct node *node;

    if (depth == 0)
        return new_node(work);
    BENCH_ROOTS(work->m, r, struct node * left; struct node * right;);
    r.left = tree_up(work, depth - 1);
    r.right = tree_up(work, depth - 1);
    make_garbage(work);
    node = new_node(work);
    bench_fill(node, node->left, r.left);
    bench_fill(node, node->right, r.right);
    node->depth = depth;
    BENCH_ROOTS_END(work->m, r);
    return node;
}

static uint64_t count_nodes(const struct node *node, unsigned depth)
{
    if (node->depth != depth)
        bench_wrong("the depth of a node", node->depth, depth);
    if (depth == 0)
        return 1 + (node->left != NULL || node->right != NULL);
    return 1 + count_nodes(node->left, depth - 1) + count_nodes(node->right, depth - 1);
}

static void check_tree(const struct node *tree, unsigned depth)
{
    uint64_t nodes = count_nodes(tree, depth);

    if (nodes != tree_nodes(depth))
        bench_wrong("nodes of a tree", nodes, tree_nodes(depth));
}

static void free_tree(bench_mutator *m, struct node *tree)
{
    if (tree == NULL)
        return;
    free_tree(m, tree->left);
    free_tree(m, tree->right);
    bench_free(m, tree);
}

static void done_with(struct work *work, struct node *tree, unsigned depth)
{
    check_tree(tree, depth);
    if (BENCH_FREES)
        free_tree(work->m, tree);
}

/* ---- The work ---- */

static uint64_t trees_of_round(unsigned depth, unsigned size)
{
    return 2 * tree_nodes(size + STRETCH) / tree_nodes(depth);
}

static void run_round(struct work *work, unsigned depth, unsigned size)
{
    uint64_t count = trees_of_round(depth, size);

    for (uint64_t i = 0; i < count; i++)
        done_with(work, tree_down(work, depth), depth);
    for (uint64_t i = 0; i < count; i++)
        done_with(work, tree_up(work, depth), depth);
}

static size_t array_count(size_t size)
{
    return size < DEPTH_DEFAULT ? (size_t)ARRAY_COUNT >> (DEPTH_DEFAULT - size) : ARRAY_COUNT;
}

static void fill_half(double *array, size_t count)
{
    for (size_t i = 0; i < count / 2; i++)
        array[i] = 1.0 / (double)(i + 1);
}

static void check_half(const double *array, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        volatile double number = 1.0 / (double)(i + 1); /* not more exact than memory */
        if (array[i] != number)
            bench_wrong("the array's number", i, i);
    }
}

static uint64_t nodes_in_all(unsigned size)
{
    uint64_t nodes = tree_nodes(size);

    for (unsigned depth = DEPTH_MIN; depth <= size; depth += 2)
        nodes += 2 * trees_of_round(depth, size) * tree_nodes(depth);
    return nodes;
}

static void check_counts(const struct work *work, unsigned size)
{
    if (work->nodes != nodes_in_all(size))
        bench_wrong("nodes in all", work->nodes, nodes_in_all(size));
    if (size == DEPTH_DEFAULT && work->nodes + work->arrays != 24325201)
        bench_wrong("objects in all", work->nodes + work->arrays, 24325201);
}

static uint64_t run(bench_mutator *m, size_t size)
{
    struct work work = {.m = m};
    unsigned depth_max = (unsigned)size;
    size_t count = array_count(size);

    choose_lengths(work.lengths);
    BENCH_ROOTS(m, r, struct node * tree; double *array;);
    r.tree = tree_down(&work, depth_max);
    r.array = (double *)bench_new_plain(m, count * sizeof(double));
    fill_half(r.array, count);
    for (unsigned depth = DEPTH_MIN; depth <= depth_max; depth += 2)
        run_round(&work, depth, depth_max);
    check_half(r.array, count);
    done_with(&work, r.tree, depth_max);
    bench_free(m, r.array);
    BENCH_ROOTS_END(m, r);
    check_counts(&work, depth_max);
    work.bytes += work.nodes * NODE_BYTES + count * sizeof(double);
    return bench_sum(bench_sum(work.nodes, work.arrays), work.bytes);
}

static uint64_t live_bytes(size_t size)
{
    return 2 * tree_nodes((unsigned)size) * sizeof(struct node) +
           array_count(size) * sizeof(double);
}

const struct bench_program bench_program = {.default_size = DEPTH_DEFAULT,
                                            .kinds = kinds,
                                            .kind_count = sizeof kinds / sizeof *kinds,
                                            .live_bytes = live_bytes,
                                            .run = run};
