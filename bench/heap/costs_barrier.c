/* SPDX-License-Identifier: MIT */
/* What stores into old objects cost over the bare store, as rows of heap.json, with exact roots:
 *
 *     costs_barrier PLAN
 *
 * Between two collections of young objects each of many old objects is stored to, and then again.
 * barrier-logs: the first store to a slot, which a plan with young objects logs. barrier-logged:
 * the second, which finds it logged. barrier-range-…: the range form, of eight slots, which has no
 * bit of its own to look at. barrier-object-…: the form for a whole object. Under other plans
 * nothing is logged, and a first store costs what the cache does.
 */
#include <terrier/terrier.h>

#include <string.h>

#include "costs.h"

enum { OBJECTS = 1 << 16, SLOTS = 8 };

struct record {
    struct record *slots[SLOTS];
};

static struct {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    struct record **table; /* an exact slot */
} own;

struct cost {
    double first[COSTS_REPEATS], again[COSTS_REPEATS];
};

static void check(ter_status status)
{
    if (status == TER_OK)
        return;
    fprintf(stderr, "costs_barrier: %s\n", ter_status_message(status));
    exit(1);
}

static void *checked(void *object)
{
    if (object == NULL)
        check(TER_ERROR_NO_MEMORY);
    return object;
}

static void make_objects(void)
{
    static const struct ter_object_layout records = {.header_bytes = sizeof(struct record),
                                                     .header = {.bitmap = (1 << SLOTS) - 1}},
                                          slots = {.element_bytes = sizeof(void *),
                                                   .element = {.bitmap = 1}};
    const struct ter_kind_description record = {.name = "record", .layout = &records},
                                      table = {.name = "table", .layout = &slots};
    unsigned record_kind, table_kind;

    check(ter_kind_define(own.heap, &record, &record_kind));
    check(ter_kind_define(own.heap, &table, &table_kind));
    check(ter_roots_add_slots(own.heap, &own.table, 1, TER_ROOT_EXACT));
    own.table = checked(ter_allocate(own.mutator, table_kind, OBJECTS * sizeof(void *)));
    for (size_t i = 0; i < OBJECTS; i++) {
        struct record *made = checked(ter_allocate(own.mutator, record_kind, sizeof *made));
        TER_STORE(own.mutator, own.table, own.table[i], made);
    }
    ter_collect(own.mutator);
}

/* The time of one store, of a loop over all objects. */
#define OVER_OBJECTS(result, barrier)                                                              \
    do {                                                                                           \
        double start = costs_now_ns();                                                             \
        for (size_t i = 0; i < OBJECTS; i++) {                                                     \
            struct record *record = own.table[i];                                                  \
            barrier;                                                                               \
            record->slots[0] = record;                                                             \
            __asm__ volatile("" : : : "memory");                                                   \
        }                                                                                          \
        (result) = (costs_now_ns() - start) / (double)OBJECTS;                                     \
    } while (0)

/* The bare stores come last, so that what they touch is in the cache as for the second ones. */
#define MEASURE(cost, barrier)                                                                     \
    for (unsigned repeat = 0; repeat < COSTS_REPEATS; repeat++) {                                  \
        double bare;                                                                               \
        ter_collect_young(own.mutator);                                                            \
        OVER_OBJECTS((cost).first[repeat], barrier);                                               \
        OVER_OBJECTS((cost).again[repeat], barrier);                                               \
        OVER_OBJECTS(bare, (void)0);                                                               \
        (cost).first[repeat] -= bare;                                                              \
        (cost).again[repeat] -= bare;                                                              \
    }

static void say(const char *form, const char *collector, struct cost *cost)
{
    char name[64];

    snprintf(name, sizeof name, "barrier%s-logs", form);
    costs_say(name, collector, "\"exact\"", costs_median(cost->first, COSTS_REPEATS));
    snprintf(name, sizeof name, "barrier%s-logged", form);
    costs_say(name, collector, "\"exact\"", costs_median(cost->again, COSTS_REPEATS));
}

int main(int count, char **arguments)
{
    struct cost store, range, object;
    char options[100], collector[64];

    if (count != 2) {
        fputs("usage: costs_barrier PLAN\n", stderr);
        return 2;
    }
    snprintf(options, sizeof options, "stacks=exact,plan=%s", arguments[1]);
    snprintf(collector, sizeof collector, "terrier/%s", arguments[1]);
    check(ter_heap_new_with(options, &own.heap));
    check(ter_mutator_bind(own.heap, &own.mutator));
    make_objects();
    MEASURE(store, ter_write(own.mutator, record, &record->slots[0], record));
    MEASURE(range, ter_write_range(own.mutator, record, record, sizeof *record));
    MEASURE(object, ter_write_object(own.mutator, record));
    say("", collector, &store);
    say("-range", collector, &range);
    say("-object", collector, &object);
    own.table = NULL;
    ter_mutator_unbind(own.mutator);
    ter_heap_free(own.heap);
    return 0;
}
