/* SPDX-License-Identifier: MIT */
/*
 * Ties the transcriptions in words.smt2 to the C that they stand for: asks the compiled functions
 * and prints what they answer as assertions, which z3 must find true. Words lie at all powers of
 * two and at all edges, one to each side.
 */
#include <stdio.h>

#include "layout/heap_layout.c"

#include "layout/arithmetic.h"
#include "sft/ownership.c"

#include "sft/map.c"

#define WIDTH ((int)sizeof(uintptr_t) * 2)

/* The largest there is, so that 0 bytes mean the same for all forms. */
unsigned ter_os_address_bits(void)
{
    return ADDRESS_BITS;
}

static void print_word(uintptr_t word)
{
    printf(" #x%0*zx", WIDTH, (size_t)word);
}

static void print_call(const char *name, const uintptr_t *words, unsigned count)
{
    printf("(assert (= (%s", name);
    for (unsigned i = 0; i < count; i++)
        print_word(words[i]);
    printf(")");
}

static void say_word(const char *name, const uintptr_t *words, unsigned count, uintptr_t answer)
{
    print_call(name, words, count);
    print_word(answer);
    printf("))\n");
}

static void say_bool(const char *name, const uintptr_t *words, unsigned count, bool answer)
{
    print_call(name, words, count);
    printf(" %s))\n", answer ? "true" : "false");
}

static void ask_word(const struct ter_sft_map *map, uintptr_t word)
{
    const uintptr_t lengths[] = {
        0, 1, 2, map->last - map->start, map->last - map->start + 1, UINTPTR_MAX};
    const uintptr_t words[] = {map->last, map->beyond, map->log_region_bytes, word};

    say_word("index", words, 4, ter_sft_index(map, map->log_region_bytes, word));
    for (size_t i = 0; i < TER_ARRAY_LENGTH(lengths); i++) {
        const uintptr_t range[] = {map->start, map->last, word, lengths[i]};
        const uintptr_t ends[] = {map->log_region_bytes, word, lengths[i]};
        uintptr_t first, last;
        bool taken = regions_of_range(map, word, lengths[i], &first, &last);

        say_bool("in_range", range, 4, taken);
        if (taken) {
            say_word("first_region", ends, 2, first);
            say_word("last_region", ends, 3, last);
        }
    }
}

static void ask_map(enum ter_sft_map_kind kind, uintptr_t start, uintptr_t bytes, unsigned log)
{
    struct ter_sft_map map = {.kind = kind, .log_region_bytes = log};
    const struct ter_sft_map_options options = {.kind = kind, .start = start, .bytes = bytes};
    const uintptr_t asked[] = {kind, start, bytes, log}, made[] = {start, bytes, log};
    bool right = set_range(&map, &options);

    say_bool("covers_right", asked, 4, right);
    if (!right)
        return;
    say_word("map_last", made, 2, map.last);
    say_word("map_beyond", made, 3, map.beyond);
    for (unsigned bit = 0; bit < ADDRESS_BITS; bit += 3)
        ask_word(&map, (uintptr_t)1 << bit);
    for (unsigned edge = 0; edge < 5; edge++)
        for (uintptr_t nudge = 0; nudge < 3; nudge++) {
            const uintptr_t edges[] = {0, start, start + ((uintptr_t)1 << log), map.last,
                                       start + (map.last - start) / 2};

            ask_word(&map, edges[edge] + nudge - 1);
        }
}

static void ask_layout(uintptr_t start, unsigned log, unsigned slots, uintptr_t limit)
{
    const struct ter_layout layout = {
        .heap_start = start, .log_space_extent = log, .slot_count = slots, .limit = limit};
    const uintptr_t rules[] = {start, log, slots, limit}, words[] = {start, log, slots};

    say_bool("layout_right", rules, 4, ter_layout_validate(&layout) == NULL);
    if (log < ADDRESS_BITS)
        say_word("slot_start", words, 3, ter_layout_slot_start(&layout, slots));
}

static void ask_units(uintptr_t bytes)
{
    const uintptr_t chunks[] = {bytes, TER_LOG_BYTES_IN_CHUNK};
    const uintptr_t pages[] = {bytes, TER_LOG_BYTES_IN_PAGE};

    say_word("units_up", chunks, 2, ter_bytes_to_chunks_up(bytes));
    say_word("units_up", pages, 2, ter_bytes_to_pages_up(bytes));
}

int main(void)
{
    const uintptr_t chunk = (uintptr_t)1 << 22, half = (uintptr_t)1 << (ADDRESS_BITS - 1);
    const uintptr_t starts[] = {0, 1, chunk, half, half + chunk, 0 - chunk};
    const uintptr_t sizes[] = {0, 1, chunk, 256 * chunk, 257 * chunk, half, 0 - chunk};
    const unsigned logs[] = {0, 4, 22, ADDRESS_BITS - 8, ADDRESS_BITS - 1, ADDRESS_BITS};
    const unsigned counts[] = {0, 1, 2, 16, 64, 65};

    for (unsigned start = 0; start < TER_ARRAY_LENGTH(starts); start++) {
        for (unsigned size = 0; size < TER_ARRAY_LENGTH(sizes); size++) {
            for (unsigned log = 0; log < TER_ARRAY_LENGTH(logs); log++)
                ask_map(TER_SFT_SPACE_MAP, starts[start], sizes[size], logs[log]);
            ask_map(TER_SFT_DENSE_MAP, starts[start], sizes[size], 22);
            ask_map(TER_SFT_SPARSE_MAP, starts[start], sizes[size], 22);
        }
        for (unsigned log = 0; log < TER_ARRAY_LENGTH(logs); log++)
            for (unsigned count = 0; count < TER_ARRAY_LENGTH(counts); count++)
                for (unsigned limit = 0; limit < TER_ARRAY_LENGTH(starts); limit++)
                    ask_layout(starts[start], logs[log], counts[count], starts[limit]);
    }
    for (unsigned bit = 0; bit < ADDRESS_BITS; bit++)
        for (uintptr_t nudge = 0; nudge < 3; nudge++)
            ask_units(((uintptr_t)1 << bit) + nudge - 1);
    return 0;
}
