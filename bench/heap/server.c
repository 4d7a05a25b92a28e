/* SPDX-License-Identifier: MIT */
/* A server of texts in a hash table: nine of ten requests read one and copy it into an answer that
 * dies at once, one of ten replaces one. SIZE is the number of thousands of texts. */
#include "bench.h"

#include <string.h>

enum { SIZE_DEFAULT = 32, REQUESTS_OF_TEXT = 80, BUCKET_TEXTS = 2, TEXT_MOST = 512 };

enum kind { KIND_ENTRY, KIND_TABLE };

struct text {
    uint32_t length;
    uint32_t number; /* how many writes there were before */
    unsigned char bytes[];
};

struct entry {
    struct entry *next;
    struct text *text;
    uint64_t key;
    uint64_t reads;
};

struct table {
    uint64_t count;
    struct entry *buckets[];
};

static const struct bench_kind kinds[] = {
    [KIND_ENTRY] = {.header_bytes = sizeof(struct entry), .header_slots = 3},
    [KIND_TABLE] = {
        .header_bytes = sizeof(struct table), .element_bytes = sizeof(void *), .element_slots = 1}};

struct work {
    bench_mutator *m;
    uint64_t random;
    uint64_t sum;
    size_t texts;
};

/* ---- Texts ---- */

static size_t text_length(uint64_t key, uint32_t number)
{
    uint64_t mixed = key * 40503 + number * 9973;

    return 16 + (size_t)(mixed % 16 * (mixed / 16 % 16)) * (TEXT_MOST - 16) / 225;
}

static struct text *new_text(bench_mutator *m, uint64_t key, uint32_t number)
{
    size_t length = text_length(key, number);
    struct text *text = (struct text *)bench_new_plain(m, sizeof *text + length);

    text->length = (uint32_t)length;
    text->number = number;
    memset(text->bytes, (int)(key % 251), length);
    return text;
}

/* ---- The table ---- */

static struct entry **bucket_of(struct table *table, uint64_t key)
{
    return &table->buckets[key * 2654435761u % table->count];
}

static struct entry *find(struct table *table, uint64_t key)
{
    struct entry *entry = *bucket_of(table, key);

    while (entry != NULL && entry->key != key)
        entry = entry->next;
    return entry;
}

/* The key is not there yet. */
static void insert(bench_mutator *m, struct table *table, uint64_t key)
{
    struct entry *entry, **bucket;

    BENCH_ROOTS(m, r, struct table * table; struct text * text;);
    r.table = table;
    r.text = new_text(m, key, 0);
    entry = (struct entry *)bench_new(m, KIND_ENTRY, sizeof *entry);
    bucket = bucket_of(r.table, key);
    bench_fill(entry, entry->next, *bucket);
    bench_fill(entry, entry->text, r.text);
    entry->key = key;
    bench_store(m, r.table, *bucket, entry);
    BENCH_ROOTS_END(m, r);
}

static struct table *new_table(bench_mutator *m, size_t texts)
{
    size_t count = texts / BUCKET_TEXTS;
    struct table *table;

    BENCH_ROOTS(m, r, struct table * table;);
    r.table =
        (struct table *)bench_new(m, KIND_TABLE, sizeof *r.table + count * sizeof(struct entry *));
    r.table->count = count;
    for (uint64_t key = 0; key < texts; key++)
        insert(m, r.table, key);
    table = r.table;
    BENCH_ROOTS_END(m, r);
    return table;
}

/* ---- Requests ---- */

static void answer(struct work *work, struct table *table, uint64_t key)
{
    struct text *text;

    BENCH_ROOTS(work->m, r, struct entry * entry;);
    r.entry = find(table, key);
    r.entry->reads++;
    text = (struct text *)bench_new_plain(work->m, sizeof *text + r.entry->text->length);
    memcpy(text, r.entry->text, sizeof *text + r.entry->text->length);
    work->sum = bench_sum(work->sum, text->length + text->number + text->bytes[text->length - 1]);
    bench_free(work->m, text);
    BENCH_ROOTS_END(work->m, r);
}

static void replace(struct work *work, struct table *table, uint64_t key)
{
    struct text *text;

    BENCH_ROOTS(work->m, r, struct entry * entry;);
    r.entry = find(table, key);
    text = new_text(work->m, key, r.entry->text->number + 1);
    bench_free(work->m, r.entry->text);
    bench_store(work->m, r.entry, r.entry->text, text);
    BENCH_ROOTS_END(work->m, r);
}

static void request(struct work *work, struct table *table)
{
    uint64_t key = bench_random(&work->random) % work->texts;

    if (bench_random(&work->random) % 10 == 0)
        replace(work, table, key);
    else
        answer(work, table, key);
}

/* ---- The work ---- */

static uint64_t sum_and_free(bench_mutator *m, struct table *table, uint64_t sum, size_t texts)
{
    for (uint64_t key = 0; key < texts; key++) {
        struct entry *entry = find(table, key);
        if (entry->text->length != text_length(key, entry->text->number))
            bench_wrong("the length of a text", entry->text->length, key);
        sum = bench_sum(sum, entry->reads + entry->text->number);
    }
    for (uint64_t i = 0; BENCH_FREES && i < table->count; i++)
        for (struct entry *entry = table->buckets[i], *next; entry != NULL; entry = next) {
            next = entry->next;
            bench_free(m, entry->text);
            bench_free(m, entry);
        }
    bench_free(m, table);
    return sum;
}

static uint64_t run(bench_mutator *m, size_t size)
{
    struct work work = {m, 815, 0, size * 1000};

    BENCH_ROOTS(m, r, struct table * table;);
    r.table = new_table(m, work.texts);
    for (uint64_t i = 0; i < (uint64_t)work.texts * REQUESTS_OF_TEXT; i++)
        request(&work, r.table);
    work.sum = sum_and_free(m, r.table, work.sum, work.texts);
    BENCH_ROOTS_END(m, r);
    return work.sum;
}

static uint64_t live_bytes(size_t size)
{
    uint64_t bytes = 0, texts = (uint64_t)size * 1000;

    for (uint64_t key = 0; key < texts; key++)
        bytes += sizeof(struct entry) + sizeof(struct text) + text_length(key, 0);
    return bytes + texts / BUCKET_TEXTS * sizeof(struct entry *);
}

const struct bench_program bench_program = {.default_size = SIZE_DEFAULT,
                                            .kinds = kinds,
                                            .kind_count = sizeof kinds / sizeof *kinds,
                                            .live_bytes = live_bytes,
                                            .run = run};
