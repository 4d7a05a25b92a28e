/* SPDX-License-Identifier: MIT */
/* A splay tree of entries with data, each a small tree of its own: again and again an entry is
 * added and the one below it taken away, so that what dies is old and young. SIZE is the number of
 * entries. */
#include "bench.h"

enum { SIZE_DEFAULT = 8000, STEPS_OF_ENTRY = 30, DATA_DEPTH = 4, LEAF_WORDS = 8 };

enum kind { KIND_ENTRY, KIND_DATA };

struct data {
    void *left; /* struct data, or at the ends uint64_t[LEAF_WORDS] */
    void *right;
};

struct entry {
    struct entry *left;
    struct entry *right;
    struct data *data;
    uint64_t key;
};

static const struct bench_kind kinds[] = {
    [KIND_ENTRY] = {.header_bytes = sizeof(struct entry), .header_slots = 7},
    [KIND_DATA] = {.header_bytes = sizeof(struct data), .header_slots = 3}};

struct work {
    bench_mutator *m;
    uint64_t random;
};

/* ---- Data ---- */

static void *new_leaf(bench_mutator *m, uint64_t key)
{
    uint64_t *words = (uint64_t *)bench_new_plain(m, LEAF_WORDS * sizeof *words);

    for (unsigned i = 0; i < LEAF_WORDS; i++)
        words[i] = key + i;
    return words;
}

static void *new_data(bench_mutator *m, unsigned depth, uint64_t key)
{
    struct data *data;

    if (depth == 0)
        return new_leaf(m, key);
    BENCH_ROOTS(m, r, void *left; void *right;);
    r.left = new_data(m, depth - 1, key);
    r.right = new_data(m, depth - 1, key + 1);
    data = (struct data *)bench_new(m, KIND_DATA, sizeof *data);
    bench_fill(data, data->left, r.left);
    bench_fill(data, data->right, r.right);
    BENCH_ROOTS_END(m, r);
    return data;
}

static uint64_t sum_of_data(const void *data, unsigned depth)
{
    const struct data *inner = (const struct data *)data;

    if (depth == 0)
        return ((const uint64_t *)data)[LEAF_WORDS - 1];
    return sum_of_data(inner->left, depth - 1) + 3 * sum_of_data(inner->right, depth - 1);
}

static void free_data(bench_mutator *m, void *data, unsigned depth)
{
    if (depth > 0) {
        free_data(m, ((struct data *)data)->left, depth - 1);
        free_data(m, ((struct data *)data)->right, depth - 1);
    }
    bench_free(m, data);
}

static void free_entry(bench_mutator *m, struct entry *entry)
{
    if (BENCH_FREES)
        free_data(m, entry->data, DATA_DEPTH);
    bench_free(m, entry);
}

/* ---- The tree ---- */

static struct entry *turn_right(bench_mutator *m, struct entry *top)
{
    struct entry *left = top->left;

    bench_store(m, top, top->left, left->right);
    bench_store(m, left, left->right, top);
    return left;
}

static struct entry *turn_left(bench_mutator *m, struct entry *top)
{
    struct entry *right = top->right;

    bench_store(m, top, top->right, right->left);
    bench_store(m, right, right->left, top);
    return right;
}

/* What was taken off on the way down: two trees and the place where each goes on. */
struct sides {
    struct entry *left, *right;
    struct entry *left_end, *right_end;
};

static void put_left(bench_mutator *m, struct sides *sides, struct entry *entry)
{
    if (sides->left_end == NULL)
        sides->left = entry;
    else
        bench_store(m, sides->left_end, sides->left_end->right, entry);
    sides->left_end = entry;
}

static void put_right(bench_mutator *m, struct sides *sides, struct entry *entry)
{
    if (sides->right_end == NULL)
        sides->right = entry;
    else
        bench_store(m, sides->right_end, sides->right_end->left, entry);
    sides->right_end = entry;
}

static struct entry *put_together(bench_mutator *m, struct sides *sides, struct entry *top)
{
    struct entry *left = top->left, *right = top->right;

    put_left(m, sides, left);
    put_right(m, sides, right);
    bench_store(m, top, top->left, sides->left);
    bench_store(m, top, top->right, sides->right);
    return top;
}

/* Brings the entry with the key, or a neighbour of its place, to the top. Allocates nothing. */
static struct entry *splay(bench_mutator *m, struct entry *top, uint64_t key)
{
    struct sides sides = {NULL, NULL, NULL, NULL};

    while (key != top->key) {
        if (key < top->key) {
            if (top->left != NULL && key < top->left->key)
                top = turn_right(m, top);
            if (top->left == NULL)
                break;
            put_right(m, &sides, top);
            top = top->left;
        } else {
            if (top->right != NULL && key > top->right->key)
                top = turn_left(m, top);
            if (top->right == NULL)
                break;
            put_left(m, &sides, top);
            top = top->right;
        }
    }
    return put_together(m, &sides, top);
}

/* `entry` is the new top; `top` was splayed for its key. */
static struct entry *insert(bench_mutator *m, struct entry *top, struct entry *entry)
{
    if (entry->key > top->key) {
        bench_fill(entry, entry->left, top);
        bench_fill(entry, entry->right, top->right);
        bench_store(m, top, top->right, NULL);
    } else {
        bench_fill(entry, entry->right, top);
        bench_fill(entry, entry->left, top->left);
        bench_store(m, top, top->left, NULL);
    }
    return entry;
}

/* The top is taken away. */
static struct entry *remove_top(bench_mutator *m, struct entry *top)
{
    struct entry *rest = top->right;

    if (top->left != NULL) {
        rest = splay(m, top->left, top->key);
        bench_store(m, rest, rest->right, top->right);
    }
    free_entry(m, top);
    return rest;
}

/* ---- The work ---- */

static struct entry *add_entry(struct work *work, struct entry *tree)
{
    struct entry *entry;
    uint64_t key = (uint64_t)bench_random(&work->random) << 23;

    key |= bench_random(&work->random);
    BENCH_ROOTS(work->m, r, struct entry * tree; struct data * data;);
    r.tree = tree;
    r.data = (struct data *)new_data(work->m, DATA_DEPTH, key);
    entry = (struct entry *)bench_new(work->m, KIND_ENTRY, sizeof *entry);
    entry->key = key;
    bench_fill(entry, entry->data, r.data);
    if (r.tree != NULL)
        entry = insert(work->m, splay(work->m, r.tree, key), entry);
    BENCH_ROOTS_END(work->m, r);
    return entry;
}

/* The greatest entry below the top, or the top itself. */
static struct entry *remove_below(bench_mutator *m, struct entry *top)
{
    struct entry *below = top->left;

    if (below == NULL)
        return remove_top(m, top);
    below = splay(m, below, top->key);
    bench_store(m, top, top->left, below->left);
    free_entry(m, below);
    return top;
}

static uint64_t sum_and_free(bench_mutator *m, struct entry *top, size_t size)
{
    uint64_t sum = 0, last = 0;
    size_t count = 0;

    for (; top != NULL; top = remove_top(m, top), count++) {
        top = splay(m, top, 0);
        if (top->key < last)
            bench_wrong("the order of keys", top->key, last);
        last = top->key;
        sum = bench_sum(sum, sum_of_data(top->data, DATA_DEPTH));
    }
    if (count != size)
        bench_wrong("entries", count, size);
    return sum;
}

static uint64_t run(bench_mutator *m, size_t size)
{
    struct work work = {m, 4711};
    uint64_t sum;

    BENCH_ROOTS(m, r, struct entry * tree;);
    for (size_t i = 0; i < size; i++)
        r.tree = add_entry(&work, r.tree);
    for (size_t i = 0; i < STEPS_OF_ENTRY * size; i++) {
        r.tree = add_entry(&work, r.tree);
        r.tree = remove_below(m, r.tree);
    }
    sum = sum_and_free(m, r.tree, size);
    BENCH_ROOTS_END(m, r);
    return sum;
}

static uint64_t live_bytes(size_t size)
{
    uint64_t leaves = 1u << DATA_DEPTH;

    return size * (sizeof(struct entry) + (leaves - 1) * sizeof(struct data) +
                   leaves * LEAF_WORDS * sizeof(uint64_t));
}

const struct bench_program bench_program = {.default_size = SIZE_DEFAULT,
                                            .kinds = kinds,
                                            .kind_count = sizeof kinds / sizeof *kinds,
                                            .live_bytes = live_bytes,
                                            .run = run};
