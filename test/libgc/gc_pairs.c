/* SPDX-License-Identifier: MIT */
/*
 * Tables of what programs are full of, two numbers to a word: pairs of offset and size, colours,
 * texts, times, samples. None of them may look like references to the heap, or lists that were
 * dropped stay.
 */
#include "check.h"

#include <float.h>

#define WORDS ((size_t)400000)
#define LISTS 20
#define CELLS 20000
#define MOST_KEPT ((size_t)8 << 20) /* beside the table */

static uint64_t random_state;

static uint64_t pair(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

/* Each value of `high` with offsets over 128 MiB, one for each few lists' cells. */
static uint64_t offset_and(size_t i, uint32_t high, size_t highs)
{
    return pair((uint32_t)(i / highs * 8192 % ((size_t)128 << 20)), high);
}

static uint64_t offset_and_power(size_t i)
{
    return offset_and(i, UINT32_C(1) << i % 16, 16);
}

static uint64_t offset_and_512(size_t i)
{
    return offset_and(i, 512, 1);
}

static uint64_t offset_and_multiple(size_t i)
{
    return offset_and(i, (uint32_t)(i % 128 * 256), 128);
}

static uint64_t offset_and_small(size_t i)
{
    return offset_and(i, (uint32_t)(i % 128), 128);
}

static uint64_t offset_and_width(size_t i)
{
    static const uint32_t widths[] = {100,  240,  320,  640,  800,  1000, 1024,  1280,
                                      1920, 2000, 4000, 5000, 8000, 8080, 10000, 22050};

    return offset_and(i, widths[i % 16], 16);
}

static uint64_t small_and_index(size_t i)
{
    return pair((uint32_t)(i % 4096), (uint32_t)i);
}

static uint64_t index_twice(size_t i)
{
    return pair((uint32_t)i, (uint32_t)i);
}

static uint64_t negative_and_small(size_t i)
{
    return pair(0u - (uint32_t)(i * 64), (uint32_t)(i % 64));
}

/* Two letters of a short text, with zeros behind. */
static uint64_t short_text(size_t i)
{
    char text[8] = "";
    uint64_t word;

    for (size_t n = 0; n <= i % 7; n++)
        text[n] = (char)(' ' + random_below(&random_state, 95));
    memcpy(&word, text, 8);
    return word;
}

static uint64_t wide_text(size_t i)
{
    (void)i;
    return pair((uint32_t)random_below(&random_state, 0x250) + 0x20,
                (uint32_t)random_below(&random_state, 0x250) + 0x20);
}

/* Two code points: hiragana, katakana and the frequent ideographs. */
static uint64_t east_asian_text(size_t i)
{
    static const uint32_t from[] = {0x3040, 0x30a0, 0x4e00, 0x5000};

    return pair(from[i % 4] + (uint32_t)random_below(&random_state, 96),
                from[i / 4 % 4] + (uint32_t)random_below(&random_state, 96));
}

static uint64_t two_bytes_text(size_t i)
{
    uint64_t word = 0;

    for (size_t n = 0; n < i % 4; n++)
        word |= (uint64_t)(0x20 + random_below(&random_state, 0x5f)) << (16 * n);
    return word;
}

static uint64_t colours(size_t i)
{
    uint32_t grey = (uint32_t)(i % 256);

    return pair(0xff000000u | (uint32_t)i, grey | grey << 8);
}

static uint64_t samples(size_t i)
{
    uint64_t word = 0;

    /* A quiet sound: 16 bits of either sign. */
    (void)i;
    for (unsigned n = 0; n < 4; n++)
        word |= (uint64_t)(uint16_t)(int16_t)((int)random_below(&random_state, 600) - 300)
                << (16 * n);
    return word;
}

static uint64_t doubles(size_t i)
{
    double number = (double)i / 7 - 10000;
    uint64_t word;

    memcpy(&word, &number, 8);
    return word;
}

static uint64_t floats(size_t i)
{
    float numbers[2] = {(float)i / 7, i % 3 == 0 ? 0 : (float)(i % 1000)};
    uint64_t word;

    memcpy(&word, numbers, 8);
    return word;
}

static uint64_t seconds_and_microseconds(size_t i)
{
    return pair((uint32_t)(1700000000 + i * 86), (uint32_t)(i * 1000 % 1000000));
}

static uint64_t milliseconds(size_t i)
{
    return UINT64_C(1500000000000) + i * 2000000;
}

static uint64_t microseconds(size_t i)
{
    return UINT64_C(1500000000000000) + i * UINT64_C(2000000000);
}

static uint64_t file_sizes(size_t i)
{
    return (uint64_t)i * i * 100;
}

static uint64_t anything_and_short(size_t i)
{
    (void)i;
    return pair((uint32_t)next_random(&random_state), (uint32_t)random_below(&random_state, 32768));
}

static const struct family {
    const char *name;
    uint64_t (*word)(size_t index);
} families[] = {
    {"offset and 512", offset_and_512},
    {"offset and power of two", offset_and_power},
    {"offset and multiple of 256", offset_and_multiple},
    {"offset and small number", offset_and_small},
    {"offset and width", offset_and_width},
    {"small number and index", small_and_index},
    {"index twice", index_twice},
    {"negative and small number", negative_and_small},
    {"short text", short_text},
    {"text of 32 bits", wide_text},
    {"East Asian text of 32 bits", east_asian_text},
    {"text of 16 bits", two_bytes_text},
    {"colours", colours},
    {"samples", samples},
    {"doubles", doubles},
    {"floats", floats},
    {"seconds and microseconds", seconds_and_microseconds},
    {"milliseconds", milliseconds},
    {"microseconds", microseconds},
    {"sizes of files", file_sizes},
    {"anything and 15 bits", anything_and_short},
};

static NOINLINE void drop_list(size_t bytes, size_t cells)
{
    void **list = NULL;

    for (size_t i = 0; i < cells; i++) {
        void **cell = GC_MALLOC(bytes);

        cell[0] = list;
        list = cell;
    }
}

static size_t used_bytes(void)
{
    GC_word heap, unused;

    GC_get_heap_usage_safe(&heap, &unused, NULL, NULL, NULL);
    return heap - unused;
}

static void check_family(uint64_t *table, const struct family *family, size_t before)
{
    size_t lists = check_scale(LISTS), kept;

    for (size_t i = 0; i < WORDS; i++)
        table[i] = family->word(i);
    for (size_t i = 0; i < lists; i++) {
        drop_list(48, CELLS);
        drop_list(20000, 50);
    }
    collect();
    kept = used_bytes();
    EXPECT(kept < before + MOST_KEPT, "%s: %zu MiB are in use, %zu before", family->name,
           kept >> 20, before >> 20);
}

int main(int count, char **arguments)
{
    uint64_t *table;
    size_t before;

    if (sizeof(void *) < 8) {
        printf("SKIP: numbers of 32 bits are as likely as any to look like addresses\n");
        return 77;
    }
    random_state = check_seed(count, arguments);
    GC_INIT();
    table = GC_MALLOC(WORDS * sizeof *table);
    collect();
    before = used_bytes();
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        check_family(table, &families[i], before);
    EXPECT(table[0] != 0 || table[1] != 0, "the table is empty");
    return check_end();
}
