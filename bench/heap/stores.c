/* SPDX-License-Identifier: MIT */
/* Stores into old objects: SIZE thousand slots in one table, and as many in records of 16, all full
 * of small objects. Again and again small objects are allocated, and each is stored into a slot:
 * three of four into one of a few that are stored to all the time, as a counter or the head of a
 * list is, the others into any; a table and a record in turn. What a barrier that logs slots, and
 * one that logs objects, cost and save (decision 0045). */
#include "bench.h"

enum { SIZE_DEFAULT = 250, STEPS_OF_SLOT = 32, RECORD_SLOTS = 16, BUSY_SLOTS = 64 };

enum kind { KIND_OBJECT, KIND_RECORD, KIND_TABLE };

struct object {
    struct object *other;
    uint64_t number;
};

struct record {
    struct object *slots[RECORD_SLOTS];
};

struct table {
    struct object *slots[1];
};

struct records {
    struct record *places[1];
};

static const struct bench_kind kinds[] = {
    [KIND_OBJECT] = {.header_bytes = sizeof(struct object), .header_slots = 1},
    [KIND_RECORD] = {.header_bytes = sizeof(struct record), .header_slots = 0xffff},
    [KIND_TABLE] = {.element_bytes = sizeof(void *), .element_slots = 1}};

static struct object *new_object(bench_mutator *m, uint64_t number)
{
    struct object *object = (struct object *)bench_new(m, KIND_OBJECT, sizeof *object);

    object->number = number;
    return object;
}

static void put(bench_mutator *m, struct table *table, struct records *records, size_t place,
                struct object *object, bool in_table)
{
    struct record *record;

    if (in_table) {
        bench_free(m, table->slots[place]);
        bench_store(m, table, table->slots[place], object);
        return;
    }
    record = records->places[place / RECORD_SLOTS];
    bench_free(m, record->slots[place % RECORD_SLOTS]);
    bench_store(m, record, record->slots[place % RECORD_SLOTS], object);
}

static uint64_t sum_and_free(bench_mutator *m, struct table *table, struct records *records,
                             size_t slots)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < slots; i++) {
        struct object *first = table->slots[i];
        struct object *second = records->places[i / RECORD_SLOTS]->slots[i % RECORD_SLOTS];
        sum = bench_sum(bench_sum(sum, first->number), second->number);
        bench_free(m, first);
        bench_free(m, second);
    }
    for (size_t i = 0; BENCH_FREES && i < slots / RECORD_SLOTS; i++)
        bench_free(m, records->places[i]);
    bench_free(m, records);
    bench_free(m, table);
    return sum;
}

static uint64_t run(bench_mutator *m, size_t size)
{
    size_t slots = size * 1024;
    uint64_t random = 11, sum;

    BENCH_ROOTS(m, r, struct table * table; struct records * records; struct record * record;);
    r.table = (struct table *)bench_new(m, KIND_TABLE, slots * sizeof(void *));
    r.records = (struct records *)bench_new(m, KIND_TABLE, slots / RECORD_SLOTS * sizeof(void *));
    for (size_t i = 0; i < slots / RECORD_SLOTS; i++) {
        r.record = (struct record *)bench_new(m, KIND_RECORD, sizeof *r.record);
        bench_store(m, r.records, r.records->places[i], r.record);
    }
    for (size_t i = 0; i < 2 * slots; i++) {
        struct object *object = new_object(m, i);
        put(m, r.table, r.records, i / 2, object, i % 2 == 0);
    }
    for (size_t i = 0; i < STEPS_OF_SLOT * slots; i++) {
        struct object *object = new_object(m, i);
        size_t place = bench_random(&random) % (i % 4 == 0 ? slots : BUSY_SLOTS);
        put(m, r.table, r.records, place, object, i / 4 % 2 == 0);
    }
    sum = sum_and_free(m, r.table, r.records, slots);
    BENCH_ROOTS_END(m, r);
    return sum;
}

static uint64_t live_bytes(size_t size)
{
    uint64_t slots = (uint64_t)size * 1024;

    return slots * (2 * sizeof(void *) + 2 * sizeof(struct object)) +
           slots / RECORD_SLOTS * sizeof(void *);
}

const struct bench_program bench_program = {.default_size = SIZE_DEFAULT,
                                            .kinds = kinds,
                                            .kind_count = sizeof kinds / sizeof *kinds,
                                            .live_bytes = live_bytes,
                                            .run = run};
