/* SPDX-License-Identifier: MIT */
/* Small costs of Terrier, as rows of heap.json, with exact roots:
 *
 *     costs_terrier PLAN
 *     costs_terrier --start-up PLAN      in a process of its own: "ns bytes" of the first object
 *
 * allocate: 32 bytes, inline, while the window lasts, or with filling it where it holds little.
 * poll and root-frame (one slot, pushed and popped): over the empty loop. barrier: over the bare
 * store. start-up: a process's first heap and object. heap: a further one made, used for 1,000
 * objects and ended, of 10,000 in turn; its memory is that of one of 200 alive at once. weak: a
 * collection of young objects, or of all where there are none, beside 100,000 old objects that each
 * have a weak word, a finalizer and an element of a table of ephemerons, when 100 of them are new.
 */
#include <terrier/terrier.h>

#include <string.h>
#include <unistd.h>

#include "costs.h"

enum { WEAK_OBJECTS = 100000, WEAK_NEW = 100 };
enum { OBJECT_BYTES = 32, OBJECTS_OF_HEAP = 1000, HEAPS_ALIVE = 200, HEAPS_IN_TURN = 10000 };

struct heap {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    unsigned kind;
};

struct pair {
    struct pair *first;
    struct pair *second;
    uint64_t words[2];
};

static const struct ter_object_layout layout = {.header_bytes = sizeof(struct pair),
                                                .header = {.bitmap = 3}};

static void check(ter_status status)
{
    if (status == TER_OK)
        return;
    fprintf(stderr, "costs_terrier: %s\n", ter_status_message(status));
    exit(1);
}

static struct heap new_heap(const char *plan)
{
    struct ter_kind_description kind = {.name = "pair", .layout = &layout};
    struct ter_options options;
    struct heap heap;

    ter_options_init(&options);
    check(ter_options_set(&options, "plan", plan, NULL, 0));
    check(ter_options_set(&options, "stacks", "exact", NULL, 0));
    check(ter_heap_new(&options, &heap.heap));
    check(ter_mutator_bind(heap.heap, &heap.mutator));
    check(ter_kind_define(heap.heap, &kind, &heap.kind));
    return heap;
}

static void end_heap(struct heap *heap)
{
    ter_mutator_unbind(heap->mutator);
    ter_heap_free(heap->heap);
}

static void use_heap(struct heap *heap, unsigned objects)
{
    for (unsigned i = 0; i < objects; i++)
        if (ter_allocate_inline(heap->mutator, heap->kind, OBJECT_BYTES) == NULL)
            check(TER_ERROR_NO_MEMORY);
}

static double resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long size, resident = 0;

    if (file == NULL || fscanf(file, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    if (file != NULL)
        fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

/* ---- Inline code ---- */

/* Under a plan whose windows hold next to nothing. */
static double fill_and_allocate_ns(const struct heap *heap, struct ter_window *window)
{
    double ns;

    COSTS_OF_STEP(ns,
                  if (ter_allocate_fast(heap->mutator, window) == NULL) check(TER_ERROR_NO_MEMORY));
    return ns;
}

/* Of each window that is filled, all but the first object, which filled it. */
static double allocate_ns(const struct heap *heap)
{
    static double batches[COSTS_BATCHES_MOST];
    struct ter_window *window = ter_window(heap->mutator, heap->kind, OBJECT_BYTES);
    double clock_ns = costs_clock_ns();
    size_t count = 0;

    for (unsigned i = 0; i < COSTS_BATCHES_MOST; i++) {
        size_t cells;
        double start;
        if (ter_allocate_fast(heap->mutator, window) == NULL)
            check(TER_ERROR_NO_MEMORY);
        cells = (window->limit - window->cursor) / window->bytes;
        start = costs_now_ns();
        for (size_t k = 0; k < cells; k++) {
            void *object = ter_allocate_fast(heap->mutator, window);
            __asm__ volatile("" : : "r"(object) : "memory");
        }
        if (cells >= 30)
            batches[count++] = (costs_now_ns() - start - clock_ns) / (double)cells;
    }
    return count != 0 ? costs_median(batches, count) : fill_and_allocate_ns(heap, window);
}

static double barrier_ns(const struct heap *heap)
{
    struct pair *pair = TER_NEW(heap->mutator, heap->kind, struct pair);
    struct pair *other = TER_NEW(heap->mutator, heap->kind, struct pair);
    double with, without;

    if (pair == NULL || other == NULL)
        check(TER_ERROR_NO_MEMORY);
    COSTS_OF_STEP(without, pair->first = other);
    COSTS_OF_STEP(with, TER_STORE(heap->mutator, pair, pair->first, other));
    return with - without;
}

static void frame(struct ter_mutator *mutator)
{
    TER_ROOTS(mutator, roots, struct pair * pair;);
    __asm__ volatile("" : : "r"(&roots) : "memory");
    TER_FRAME_END(mutator, roots);
}

static void say_inline_costs(const char *collector, const struct heap *heap)
{
    double empty, poll, root_frame;

    COSTS_OF_STEP(empty, (void)0);
    COSTS_OF_STEP(poll, ter_poll(heap->mutator));
    COSTS_OF_STEP(root_frame, frame(heap->mutator));
    costs_say("allocate", collector, "\"exact\"", allocate_ns(heap));
    costs_say("poll", collector, "\"exact\"", poll - empty);
    costs_say("barrier", collector, "\"exact\"", barrier_ns(heap));
    costs_say("root-frame", collector, "\"exact\"", root_frame - empty);
}

/* ---- Heaps ---- */

/* Nothing of this process has been used before. */
static void first_object(const char *plan)
{
    double before = resident_bytes(), start = costs_now_ns(), ns;
    struct heap heap = new_heap(plan);

    use_heap(&heap, 1);
    ns = costs_now_ns() - start;
    printf("%.0f %.0f\n", ns, resident_bytes() - before);
    end_heap(&heap);
}

static void say_start_up(const char *program, const char *plan, const char *collector)
{
    double times[COSTS_REPEATS], bytes[COSTS_REPEATS];
    char command[4200];

    snprintf(command, sizeof command, "'%s' --start-up %s", program, plan);
    for (unsigned i = 0; i < COSTS_REPEATS; i++) {
        FILE *child = popen(command, "r");
        if (child == NULL || fscanf(child, "%lf %lf", &times[i], &bytes[i]) != 2)
            check(TER_ERROR_SYSTEM);
        pclose(child);
    }
    costs_say_with_memory("start-up", collector, costs_median(times, COSTS_REPEATS),
                          costs_median(bytes, COSTS_REPEATS));
}

static double memory_of_heap(const char *plan)
{
    static struct heap heaps[HEAPS_ALIVE];
    double before = resident_bytes(), bytes;

    for (unsigned i = 0; i < HEAPS_ALIVE; i++) {
        heaps[i] = new_heap(plan);
        use_heap(&heaps[i], OBJECTS_OF_HEAP);
    }
    bytes = (resident_bytes() - before) / (double)HEAPS_ALIVE;
    for (unsigned i = 0; i < HEAPS_ALIVE; i++)
        end_heap(&heaps[i]);
    return bytes;
}

static void say_heap(const char *plan, const char *collector)
{
    double bytes = memory_of_heap(plan), start;
    struct heap first = new_heap(plan);

    start = costs_now_ns();
    for (unsigned i = 0; i < HEAPS_IN_TURN; i++) {
        struct heap heap = new_heap(plan);
        use_heap(&heap, OBJECTS_OF_HEAP);
        end_heap(&heap);
    }
    costs_say_with_memory("heap", collector, (costs_now_ns() - start) / (double)HEAPS_IN_TURN,
                          bytes);
    end_heap(&first);
}

/* ---- Weak things ---- */

struct element {
    struct pair *key;
    struct pair *value;
};

static struct element *table; /* two exact slots */
static struct pair **objects;

static void finalize(void *object, void *data)
{
    (void)object;
    (void)data;
}

static void make_weak(const struct heap *heap, size_t place, void **word)
{
    struct pair *object = ter_allocate(heap->mutator, heap->kind, OBJECT_BYTES);

    if (object == NULL)
        check(TER_ERROR_NO_MEMORY);
    ter_write(heap->mutator, objects, &objects[place], object);
    objects[place] = object;
    *word = object;
    check(ter_weak_add(heap->heap, word, object));
    check(ter_finalizer_set(heap->heap, object, finalize, NULL));
    ter_write_range(heap->mutator, table, &table[place], sizeof table[place]);
    table[place] = (struct element){object, object};
}

static void make_tables(const struct heap *heap)
{
    static const struct ter_object_layout elements = {.element_bytes = sizeof(struct element),
                                                      .element = {.bitmap = 3}},
                                          slots = {.element_bytes = sizeof(void *),
                                                   .element = {.bitmap = 1}};
    const struct ter_kind_description tables = {.name = "table",
                                                .layout = &elements,
                                                .flags = TER_KIND_EPHEMERONS},
                                      arrays = {.name = "array", .layout = &slots};
    unsigned kind;

    check(ter_roots_add_slots(heap->heap, &table, 1, TER_ROOT_EXACT));
    check(ter_roots_add_slots(heap->heap, &objects, 1, TER_ROOT_EXACT));
    check(ter_kind_define(heap->heap, &tables, &kind));
    table = ter_allocate(heap->mutator, kind, WEAK_OBJECTS * sizeof *table);
    check(ter_kind_define(heap->heap, &arrays, &kind));
    objects = ter_allocate(heap->mutator, kind, WEAK_OBJECTS * sizeof(void *));
    if (table == NULL || objects == NULL)
        check(TER_ERROR_NO_MEMORY);
}

static double weak_ns(const struct heap *heap, size_t first, void **words)
{
    double start;

    for (size_t i = first; i < first + WEAK_NEW; i++)
        make_weak(heap, i, &words[i]);
    start = costs_now_ns();
    ter_collect_young(heap->mutator);
    return costs_now_ns() - start;
}

static void say_weak(const char *plan, const char *collector)
{
    static void *words[WEAK_OBJECTS];
    double times[COSTS_REPEATS];
    struct heap heap = new_heap(plan);

    make_tables(&heap);
    for (size_t i = 0; i < WEAK_OBJECTS; i++)
        make_weak(&heap, i, &words[i]);
    ter_collect(heap.mutator);
    for (size_t i = 0; i < COSTS_REPEATS; i++)
        times[i] = weak_ns(&heap, i * WEAK_NEW, words);
    costs_say("weak", collector, "\"exact\"", costs_median(times, COSTS_REPEATS));
    table = NULL;
    objects = NULL;
    end_heap(&heap);
}

int main(int count, char **arguments)
{
    char collector[64];
    struct heap heap;

    if (count == 3 && strcmp(arguments[1], "--start-up") == 0) {
        first_object(arguments[2]);
        return 0;
    }
    if (count != 2) {
        fputs("usage: costs_terrier PLAN\n", stderr);
        return 2;
    }
    snprintf(collector, sizeof collector, "terrier/%s", arguments[1]);
    heap = new_heap(arguments[1]);
    say_inline_costs(collector, &heap);
    end_heap(&heap);
    say_start_up(arguments[0], arguments[1], collector);
    say_heap(arguments[1], collector);
    say_weak(arguments[1], collector);
    return 0;
}
