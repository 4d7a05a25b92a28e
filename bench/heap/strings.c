/* SPDX-License-Identifier: MIT */
/* String building: words are written into a buffer that doubles, each line is a string of its own,
 * and a page is all its lines in one; a shelf holds the last pages. SIZE is the number of pages
 * that are made, in hundreds. */
#include "bench.h"

#include <string.h>

enum { SIZE_DEFAULT = 30, SHELF = 64, LINES = 400, WORDS = 12, BUFFER_FIRST = 16 };

enum kind { KIND_SHELF, KIND_BUFFER };

struct string {
    size_t length;
    char bytes[];
};

struct buffer {
    struct string *string; /* its length is the room there is */
    size_t length;
};

struct shelf {
    struct string *pages[SHELF];
};

static const struct bench_kind kinds[] = {
    [KIND_SHELF] = {.element_bytes = sizeof(void *), .element_slots = 1},
    [KIND_BUFFER] = {.header_bytes = sizeof(struct buffer), .header_slots = 1}};

struct work {
    bench_mutator *m;
    uint64_t random;
    uint64_t sum;
};

/* ---- Buffers ---- */

static struct string *new_string(bench_mutator *m, size_t length)
{
    struct string *string = (struct string *)bench_new_plain(m, sizeof *string + length);

    string->length = length;
    return string;
}

static struct buffer *new_buffer(bench_mutator *m)
{
    struct buffer *buffer;

    BENCH_ROOTS(m, r, struct string * string;);
    r.string = new_string(m, BUFFER_FIRST);
    buffer = (struct buffer *)bench_new(m, KIND_BUFFER, sizeof *buffer);
    bench_fill(buffer, buffer->string, r.string);
    BENCH_ROOTS_END(m, r);
    return buffer;
}

static void free_buffer(bench_mutator *m, struct buffer *buffer)
{
    bench_free(m, buffer->string);
    bench_free(m, buffer);
}

/* Makes room for so many bytes more; returns the buffer, which may have moved. */
static struct buffer *make_room(bench_mutator *m, struct buffer *buffer, size_t bytes)
{
    size_t room = buffer->string->length;
    struct string *string;

    if (buffer->length + bytes <= room)
        return buffer;
    while (room < buffer->length + bytes)
        room *= 2;
    BENCH_ROOTS(m, r, struct buffer * buffer;);
    r.buffer = buffer;
    string = new_string(m, room);
    buffer = r.buffer;
    memcpy(string->bytes, buffer->string->bytes, buffer->length);
    bench_free(m, buffer->string);
    bench_store(m, buffer, buffer->string, string);
    BENCH_ROOTS_END(m, r);
    return buffer;
}

static void append(struct buffer *buffer, const char *bytes, size_t length)
{
    memcpy(buffer->string->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

/* What is in the buffer, as a string of that length. */
static struct string *finish(bench_mutator *m, struct buffer *buffer)
{
    struct string *string;

    BENCH_ROOTS(m, r, struct buffer * buffer;);
    r.buffer = buffer;
    string = new_string(m, buffer->length);
    memcpy(string->bytes, r.buffer->string->bytes, string->length);
    free_buffer(m, r.buffer);
    BENCH_ROOTS_END(m, r);
    return string;
}

/* ---- Pages ---- */

static size_t make_word(struct work *work, char *word)
{
    size_t length = 1 + bench_random(&work->random) % 12;
    char letter = (char)('a' + bench_random(&work->random) % 26);

    memset(word, letter, length);
    word[length] = ' ';
    return length + 1;
}

static struct string *make_line(struct work *work)
{
    struct string *line;
    char word[16];

    BENCH_ROOTS(work->m, r, struct buffer * buffer;);
    r.buffer = new_buffer(work->m);
    for (unsigned i = 0; i < WORDS; i++) {
        size_t length = make_word(work, word);
        r.buffer = make_room(work->m, r.buffer, length);
        append(r.buffer, word, length);
    }
    line = finish(work->m, r.buffer);
    BENCH_ROOTS_END(work->m, r);
    return line;
}

static struct string *make_page(struct work *work)
{
    struct string *page;

    BENCH_ROOTS(work->m, r, struct buffer * buffer; struct string * line;);
    r.buffer = new_buffer(work->m);
    for (unsigned i = 0; i < LINES; i++) {
        r.line = make_line(work);
        r.buffer = make_room(work->m, r.buffer, r.line->length);
        append(r.buffer, r.line->bytes, r.line->length);
        bench_free(work->m, r.line);
    }
    page = finish(work->m, r.buffer);
    BENCH_ROOTS_END(work->m, r);
    return page;
}

static uint64_t sum_of(const struct string *page, uint64_t sum)
{
    for (uint64_t i = 0; i < page->length; i += 61)
        sum = bench_sum(sum, (uint64_t)page->bytes[i]);
    return bench_sum(sum, page->length);
}

/* ---- The work ---- */

static void put(struct work *work, struct shelf *shelf, uint64_t place, struct string *page)
{
    if (shelf->pages[place] != NULL) {
        work->sum = sum_of(shelf->pages[place], work->sum);
        bench_free(work->m, shelf->pages[place]);
    }
    bench_store(work->m, shelf, shelf->pages[place], page);
}

static uint64_t run(bench_mutator *m, size_t size)
{
    struct work work = {m, 42, 0};

    BENCH_ROOTS(m, r, struct shelf * shelf; struct string * page;);
    r.shelf = (struct shelf *)bench_new(m, KIND_SHELF, sizeof *r.shelf);
    for (uint64_t i = 0; i < (uint64_t)size * 100; i++) {
        r.page = make_page(&work);
        put(&work, r.shelf, i % SHELF, r.page);
    }
    for (uint64_t i = 0; i < SHELF; i++)
        put(&work, r.shelf, i, NULL);
    bench_free(m, r.shelf);
    BENCH_ROOTS_END(m, r);
    return work.sum;
}

/* A page has 7.5 letters and blanks a word; while it is made its buffer is there twice. */
static uint64_t live_bytes(size_t size)
{
    uint64_t page = (uint64_t)LINES * WORDS * 15 / 2;

    (void)size;
    return SHELF * page + 3 * UINT64_C(65536);
}

const struct bench_program bench_program = {.default_size = SIZE_DEFAULT,
                                            .kinds = kinds,
                                            .kind_count = sizeof kinds / sizeof *kinds,
                                            .live_bytes = live_bytes,
                                            .run = run};
