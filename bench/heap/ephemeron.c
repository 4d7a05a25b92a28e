/* SPDX-License-Identifier: MIT */
/* A table that keeps a note for each of many objects as long as the object lives: each note leads
 * back to its object, so a table with weak keys alone would never shrink. SIZE is the number of
 * thousands of objects that live at once. */
#include "bench.h"

enum { SIZE_DEFAULT = 100, ROUNDS = 40, NOTE_WORDS = 6 };

enum kind { KIND_OBJECT, KIND_NOTE, KIND_RING, KIND_TABLE };

struct object {
    uint64_t number, reads;
};

struct note {
    struct object *object; /* that it is for */
    uint64_t number, words[NOTE_WORDS];
};

struct ring {
    struct object *objects[1]; /* and more */
};

struct pair {
    struct object *key;
    struct note *value;
};

struct table {
    struct pair pairs[1]; /* and more */
};

static const struct bench_kind kinds[] = {
    [KIND_OBJECT] = {.header_bytes = sizeof(struct object)},
    [KIND_NOTE] = {.header_bytes = sizeof(struct note), .header_slots = 1},
    [KIND_RING] = {.element_bytes = sizeof(void *), .element_slots = 1},
    [KIND_TABLE] = {.element_bytes = sizeof(struct pair), .element_slots = 3, .ephemerons = true}};

/* Twice as many places as objects live: half of the notes are of objects that are gone. */
static uint64_t place_of(uint64_t number, uint64_t objects)
{
    return number % (2 * objects);
}

static void add(bench_mutator *m, struct ring *ring, struct table *table, uint64_t number,
                uint64_t objects)
{
    struct note *note;
    struct pair *pair;

    BENCH_ROOTS(m, r, struct ring * ring; struct table * table; struct object * object;);
    r.ring = ring;
    r.table = table;
    r.object = (struct object *)bench_new(m, KIND_OBJECT, sizeof *r.object);
    r.object->number = number;
    note = (struct note *)bench_new(m, KIND_NOTE, sizeof *note);
    note->number = number;
    bench_fill(note, note->object, r.object);
    pair = &r.table->pairs[place_of(number, objects)];
    bench_store(m, r.table, pair->key, r.object);
    bench_store(m, r.table, pair->value, note);
    bench_store(m, r.ring, r.ring->objects[number % objects], r.object);
    BENCH_ROOTS_END(m, r);
}

/* The note of an object that lives. */
static uint64_t read_note(const struct ring *ring, const struct table *table, uint64_t number,
                          uint64_t objects)
{
    const struct pair *pair = &table->pairs[place_of(number, objects)];

    if (pair->key != ring->objects[number % objects] || pair->value == NULL)
        bench_wrong("the note of an object", pair->value == NULL ? 0 : pair->value->number, number);
    if (pair->value->number != number || pair->value->object != pair->key)
        bench_wrong("a note", pair->value->number, number);
    return pair->value->number;
}

static uint64_t run(bench_mutator *m, size_t size)
{
    uint64_t objects = (uint64_t)size * 1000, random = 815, sum = 0;

    if (!BENCH_EPHEMERONS)
        bench_cannot("ephemerons");
    BENCH_ROOTS(m, r, struct ring * ring; struct table * table;);
    r.ring = (struct ring *)bench_new(m, KIND_RING, (size_t)objects * sizeof(void *));
    r.table = (struct table *)bench_new(m, KIND_TABLE, 2 * (size_t)objects * sizeof(struct pair));
    for (uint64_t number = 0; number < objects * ROUNDS; number++) {
        add(m, r.ring, r.table, number, objects);
        if (number >= objects) {
            uint64_t back = (uint64_t)bench_random(&random) % objects;

            sum = bench_sum(sum, read_note(r.ring, r.table, number - back, objects));
        }
    }
    BENCH_ROOTS_END(m, r);
    return sum;
}

static uint64_t live_bytes(size_t size)
{
    uint64_t objects = (uint64_t)size * 1000;

    return objects *
           (sizeof(struct object) + sizeof(struct note) + sizeof(void *) + 2 * sizeof(struct pair));
}

const struct bench_program bench_program = {.default_size = SIZE_DEFAULT,
                                            .kinds = kinds,
                                            .kind_count = sizeof kinds / sizeof *kinds,
                                            .one_mutator = true,
                                            .live_bytes = live_bytes,
                                            .run = run};
