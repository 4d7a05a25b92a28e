/* SPDX-License-Identifier: MIT */
/*
 * Two heaps of one process, in one thread by turns: one in which little lives and that allocates
 * much, and one in which much lives and that allocates little. What rules of sizing differ in is
 * how they divide memory between the two.
 *
 *   two_heaps OPTIONS...        each in its turn, in a process of its own; for example
 *   two_heaps sizing=ratio sizing=adaptive sizing=adaptive,soft_limit=64M
 *
 * For each a line: milliseconds of processor time (the median of some runs), the most that both
 * heaps had at the end of a turn, and the collections of each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <terrier/terrier.h>

#define RUNS 5
#define TURNS 400
#define MOST_TEXTS 16

struct node {
    struct node *left, *right;
    long payload[2];
};

struct side {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    struct node **kept; /* a table of trees, which is a root */
    unsigned kind;
    size_t trees, at;
    unsigned depth;
};

struct result {
    double cpu_ms;
    uint64_t peak_bytes;
    uint64_t collections[2];
};

static void check(ter_status status)
{
    if (status == TER_OK)
        return;
    fprintf(stderr, "two_heaps: %s\n", ter_status_message(status));
    exit(1);
}

static void open_side(struct side *side, const char *options, size_t trees, unsigned depth)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(struct node),
                                                    .header = {.bitmap = 3}};
    const struct ter_kind_description node = {.name = "node", .layout = &layout};
    char text[512];

    snprintf(text, sizeof text, "stacks=exact,%s", options);
    check(ter_heap_new_with(text, &side->heap));
    check(ter_mutator_bind(side->heap, &side->mutator));
    check(ter_kind_define(side->heap, &node, &side->kind));
    side->kept = calloc(trees, sizeof *side->kept);
    side->trees = trees;
    side->depth = depth;
    if (side->kept == NULL)
        exit(1);
    check(ter_roots_add_slots(side->heap, side->kept, trees, TER_ROOT_EXACT));
}

static struct node *make_tree(struct side *side, unsigned depth)
{
    TER_ROOTS(side->mutator, local, struct node * left; struct node * right;);
    struct node *tree;

    if (depth > 0) {
        local.left = make_tree(side, depth - 1);
        local.right = make_tree(side, depth - 1);
    }
    tree = TER_NEW(side->mutator, side->kind, struct node);
    if (tree == NULL) {
        fprintf(stderr, "two_heaps: out of memory\n");
        exit(1);
    }
    TER_STORE(side->mutator, tree, tree->left, local.left);
    TER_STORE(side->mutator, tree, tree->right, local.right);
    TER_FRAME_END(side->mutator, local);
    return tree;
}

static void replace(struct side *side, size_t count)
{
    for (; count > 0; count--, side->at++)
        side->kept[side->at % side->trees] = make_tree(side, side->depth);
}

static uint64_t collections_of(const struct side *side)
{
    struct ter_statistics figures;

    ter_heap_statistics(side->heap, &figures, sizeof figures);
    return figures.collections;
}

static void run(const char *options, struct result *result)
{
    struct side busy = {0}, large = {0};
    struct rusage usage;

    open_side(&busy, options, 64, 10);   /* 4 MiB */
    open_side(&large, options, 512, 10); /* 32 MiB */
    replace(&large, large.trees);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        uint64_t now;

        replace(&busy, 100);
        replace(&large, 4);
        now = ter_heaps_bytes();
        if (now > result->peak_bytes)
            result->peak_bytes = now;
    }
    result->collections[0] = collections_of(&busy);
    result->collections[1] = collections_of(&large);
    getrusage(RUSAGE_SELF, &usage);
    result->cpu_ms = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void run_apart(const char *options, struct result *result)
{
    int ends[2], status;
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0)
        exit(1);
    if (child == 0) {
        struct result own = {0};

        run(options, &own);
        _exit(write(ends[1], &own, sizeof own) != (ssize_t)sizeof own);
    }
    close(ends[1]);
    if (read(ends[0], result, sizeof *result) != (ssize_t)sizeof *result)
        exit(1);
    close(ends[0]);
    waitpid(child, &status, 0);
}

static int compare(const void *left, const void *right)
{
    const struct result *a = left, *b = right;

    return (a->cpu_ms > b->cpu_ms) - (a->cpu_ms < b->cpu_ms);
}

int main(int argc, char **argv)
{
    static struct result results[MOST_TEXTS][RUNS];
    int texts = argc - 1 < MOST_TEXTS ? argc - 1 : MOST_TEXTS;

    for (unsigned i = 0; i < RUNS; i++)
        for (int text = 0; text < texts; text++)
            run_apart(argv[text + 1], &results[text][i]);
    printf("%-48s %8s %10s %8s %8s\n", "options", "cpu, ms", "peak, MiB", "busy", "large");
    for (int text = 0; text < texts; text++) {
        const struct result *median = &results[text][RUNS / 2];

        qsort(results[text], RUNS, sizeof results[text][0], compare);
        printf("%-48s %8.0f %10.1f %8llu %8llu\n", argv[text + 1], median->cpu_ms,
               (double)median->peak_bytes / 1048576, (unsigned long long)median->collections[0],
               (unsigned long long)median->collections[1]);
    }
    return 0;
}
