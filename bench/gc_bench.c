/* SPDX-License-Identifier: MIT */
/* A load for a libgc heap: trees built from the root down and from the leaves up, lists of strings
 * of many sizes, beside a tree and an array that live to the end.
 *
 *     gc_bench [SIZE]      SIZE is the depth of the largest tree, 4 to 24 (18)
 *
 * Every run of one size does the same work and prints the same sums. Each kind of work allocates
 * about the same number of objects for small trees as for large ones, by building more of them. */
#include <gc.h>

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE_MIN = 4, SIZE_MAX_DEPTH = 24, SIZE_DEFAULT = 18 };

struct tree {
    struct tree *left;
    struct tree *right;
    uint64_t value;
    uint64_t padding;
};

struct list {
    struct list *next;
    unsigned char *bytes; /* memory without pointers */
    size_t size_bytes;
};

/* Numbers that are the same in every run. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void *checked(void *memory)
{
    if (memory == NULL) {
        fputs("gc_bench: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static struct tree *new_tree(struct tree *left, struct tree *right, uint64_t value)
{
    struct tree *tree = checked(GC_MALLOC(sizeof *tree));
    tree->left = left;
    tree->right = right;
    tree->value = value;
    return tree;
}

static struct tree *build_up(unsigned depth, uint64_t value)
{
    if (depth == 0)
        return new_tree(NULL, NULL, value);
    struct tree *left = build_up(depth - 1, 2 * value);
    struct tree *right = build_up(depth - 1, 2 * value + 1);
    return new_tree(left, right, value);
}

static void build_down(struct tree *tree, unsigned depth)
{
    if (depth == 0)
        return;
    tree->left = new_tree(NULL, NULL, 2 * tree->value);
    tree->right = new_tree(NULL, NULL, 2 * tree->value + 1);
    build_down(tree->left, depth - 1);
    build_down(tree->right, depth - 1);
}

static uint64_t sum_of_tree(const struct tree *tree)
{
    if (tree == NULL)
        return 0;
    return tree->value + 3 * sum_of_tree(tree->left) + 5 * sum_of_tree(tree->right);
}

/* As many trees of this depth, both ways, as have together the nodes of four of the largest. */
static uint64_t run_trees(unsigned depth, unsigned depth_max)
{
    uint64_t sum = 0;
    uint64_t count = UINT64_C(1) << (depth_max - depth + 1);
    for (uint64_t i = 0; i < count; i++) {
        struct tree *down = new_tree(NULL, NULL, i);
        build_down(down, depth);
        sum += sum_of_tree(down);
        sum += sum_of_tree(build_up(depth, i + 1));
    }
    return sum;
}

static struct list *prepend(struct list *next, uint64_t *random)
{
    struct list *list = checked(GC_MALLOC(sizeof *list));
    uint64_t drawn = next_random(random);
    list->size_bytes = 1 + (drawn & 15) * ((drawn >> 4) & 15);
    list->bytes = checked(GC_MALLOC_ATOMIC(list->size_bytes));
    for (size_t i = 0; i < list->size_bytes; i++)
        list->bytes[i] = (unsigned char)(drawn >> (i & 7));
    list->next = next;
    return list;
}

static uint64_t sum_of_list(const struct list *list)
{
    uint64_t sum = 0;
    for (; list != NULL; list = list->next)
        sum = 31 * sum + list->bytes[0] + list->bytes[list->size_bytes - 1];
    return sum;
}

/* Lists of a thousand strings; of every ten one is kept, the last ten of those. */
static uint64_t run_lists(unsigned depth_max)
{
    enum { KEPT = 10, LENGTH = 1000 };
    struct list *kept[KEPT] = {NULL};
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t sum = 0;
    uint64_t count = (UINT64_C(4) << depth_max) / LENGTH + 1;
    for (uint64_t i = 0; i < count; i++) {
        struct list *list = NULL;
        for (int k = 0; k < LENGTH; k++)
            list = prepend(list, &random);
        sum += sum_of_list(list);
        if (i % KEPT == 0)
            kept[i / KEPT % KEPT] = list;
    }
    for (int i = 0; i < KEPT; i++)
        sum = 7 * sum + sum_of_list(kept[i]);
    return sum;
}

static double *new_numbers(size_t count)
{
    double *numbers = checked(GC_MALLOC_ATOMIC(count * sizeof *numbers));
    for (size_t i = 0; i < count; i++)
        numbers[i] = 1.0 / (double)(i + 1);
    return numbers;
}

static uint64_t sum_of_numbers(const double *numbers, size_t count)
{
    double sum = 0;
    for (size_t i = count; i > 0; i--)
        sum += numbers[i - 1];
    return (uint64_t)(sum * 1e6);
}

static unsigned read_size(const char *text)
{
    unsigned long size = strtoul(text, NULL, 10);
    if (size < SIZE_MIN || size > SIZE_MAX_DEPTH) {
        fprintf(stderr, "gc_bench: SIZE must be %d to %d\n", SIZE_MIN, SIZE_MAX_DEPTH);
        exit(2);
    }
    return (unsigned)size;
}

int main(int argument_count, char **arguments)
{
    unsigned depth_max = argument_count > 1 ? read_size(arguments[1]) : SIZE_DEFAULT;
    size_t number_count = (size_t)4 << depth_max;
    GC_INIT();
    struct tree *long_lived = build_up(depth_max, 1);
    double *numbers = new_numbers(number_count);
    for (unsigned depth = SIZE_MIN; depth <= depth_max; depth += 2)
        printf("trees of depth %u: %" PRIu64 "\n", depth, run_trees(depth, depth_max));
    printf("lists: %" PRIu64 "\n", run_lists(depth_max));
    printf("long-lived tree: %" PRIu64 "\n", sum_of_tree(long_lived));
    printf("long-lived numbers: %" PRIu64 "\n", sum_of_numbers(numbers, number_count));
    return 0;
}
