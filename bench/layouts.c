/* SPDX-License-Identifier: MIT */
/*
 * What a heap costs before it is used, for each layout: time to make it, addresses, memory. Each
 * figure is the median of many processes, which make one heap each and allocate one object.
 *
 *   layouts [LAYOUT...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <terrier/terrier.h>

#define RUNS 201

struct cost {
    double heap_ms;      /* ter_heap_new */
    double object_ms;    /* the same, a mutator and one object */
    double virtual_mib;  /* addresses, with the object */
    double resident_kib; /* with the object */
    double own_kib;      /* of that, what is no page of a file */
};

static double now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* The sum of the lines of /proc/self/smaps that begin with `field`, in KiB: exact, unlike statm. */
static double sum_mappings(const char *field)
{
    FILE *file = fopen("/proc/self/smaps", "re");
    char line[512];
    double sum = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            sum += strtod(line + strlen(field), NULL);
    if (file != NULL)
        fclose(file);
    return sum;
}

static void measure(const struct ter_options *options, struct cost *cost)
{
    double start, resident, own, addresses;
    struct ter_mutator *mutator;
    struct ter_heap *heap;

    /* Twice: the first reading takes memory of its own. */
    sum_mappings("Rss:");
    resident = sum_mappings("Rss:");
    own = sum_mappings("Anonymous:");
    addresses = sum_mappings("Size:");
    start = now_ms();
    if (ter_heap_new(options, &heap) != TER_OK)
        _exit(1);
    cost->heap_ms = now_ms() - start;
    start = now_ms();
    if (ter_mutator_bind(heap, &mutator) != TER_OK ||
        ter_allocate(mutator, TER_KIND_NORMAL, 16) == NULL)
        _exit(1);
    cost->object_ms = cost->heap_ms + now_ms() - start;
    cost->virtual_mib = (sum_mappings("Size:") - addresses) / 1024;
    cost->resident_kib = sum_mappings("Rss:") - resident;
    cost->own_kib = sum_mappings("Anonymous:") - own;
}

/* In a process of its own. False when there is no such heap. */
static int measure_apart(const struct ter_options *options, struct cost *cost)
{
    int ends[2], status, whole;
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0)
        return 0;
    if (child == 0) {
        measure(options, cost);
        _exit(write(ends[1], cost, sizeof *cost) != sizeof *cost);
    }
    close(ends[1]);
    whole = read(ends[0], cost, sizeof *cost) == sizeof *cost;
    close(ends[0]);
    return waitpid(child, &status, 0) == child && status == 0 && whole;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Of the figure at `offset` of all costs. */
static double median(const struct cost *costs, size_t offset)
{
    double figures[RUNS];

    for (size_t i = 0; i < RUNS; i++)
        memcpy(&figures[i], (const char *)&costs[i] + offset, sizeof figures[i]);
    qsort(figures, RUNS, sizeof figures[0], compare);
    return figures[RUNS / 2];
}

static void print_layout(const char *name)
{
    static struct cost costs[RUNS];
    struct ter_options options;
    char message[600];

    ter_options_init(&options);
    if (ter_options_set(&options, "layout", name, message, sizeof message) != TER_OK) {
        fprintf(stderr, "layouts: %s\n", message);
        return;
    }
    for (size_t i = 0; i < RUNS; i++)
        if (!measure_apart(&options, &costs[i])) {
            fprintf(stderr, "layouts: no heap in layout %s\n", name);
            return;
        }
    printf("%-12s %10.3f %10.3f %14.0f %13.0f %10.0f\n", name,
           median(costs, offsetof(struct cost, heap_ms)),
           median(costs, offsetof(struct cost, object_ms)),
           median(costs, offsetof(struct cost, virtual_mib)),
           median(costs, offsetof(struct cost, resident_kib)),
           median(costs, offsetof(struct cost, own_kib)));
}

int main(int argc, char **argv)
{
    static const char *const presets[] = {"default", "compressed", "small", "sanitizer", "32bit"};

    printf("%-12s %10s %10s %14s %13s %10s\n", "layout", "heap ms", "object ms", "addresses MiB",
           "resident KiB", "own KiB");
    fflush(stdout);
    for (int i = 1; i < argc; i++)
        print_layout(argv[i]);
    for (size_t i = 0; argc == 1 && i < sizeof presets / sizeof presets[0]; i++)
        print_layout(presets[i]);
    return 0;
}
