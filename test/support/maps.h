/* SPDX-License-Identifier: MIT */
/* Maps to test: every form over every layout, and over ranges that nobody would choose. */
#pragma once

#include "sft/sft.h"

#include "owners.h"

#define MAPS_MOST 64u

#define MAP_CHUNK TER_SFT_BYTES_IN_CHUNK
#define MAP_ADDRESS_BITS ((unsigned)sizeof(uintptr_t) * 8)

struct map_case {
    const char *name;
    struct ter_sft_map_options options;
};

/* Those that this machine's addresses can express; returns how many. */
size_t map_cases(struct map_case cases[MAPS_MOST]);

/* A map of the case in which everything is EMPTY, and the same for the list of owners. */
void map_case_open(const struct map_case *one, struct ter_sft_map *map, struct owners *owners);

/* "space", "sparse"...: and the name of the case, for messages. */
void map_case_print(const struct map_case *one);

/* Numbered names: space i of a map has name i, from 1. */
const char *map_space_name(unsigned number);

/* Adds the next space, number `number`. */
const struct ter_sft *map_add_space(const struct ter_sft_map *map, unsigned number);

/* The number of a record of this map by its place; 0: EMPTY. */
unsigned map_space_number(const struct ter_sft_map *map, const struct ter_sft *space);

/* What every function that looks up answers; fails when they differ. */
unsigned map_ask(const struct ter_sft_map *map, uintptr_t word);

/* ---- A small map of each form, with two spaces that own nothing ---- */

/* Regions of 16 MiB, or of a chunk, from MAP_BASE on; the dense map begins at 0 and covers more. */
#define MAP_BASE ((uintptr_t)1 << 30)
#define MAP_REGIONS 16u
#define MAP_FORMS 3u

extern const struct ter_sft_map_options map_forms[MAP_FORMS];

struct map_test {
    struct ter_sft_map map;
    uintptr_t region;
    const struct ter_sft *empty, *first, *second;
};

typedef void map_test_body(struct map_test *test);

void map_test_open(struct map_test *test, const struct ter_sft_map_options *options);
/* Calls `body` with a new map of every form. */
void map_test_each_form(map_test_body *body);
/* Owners of the regions from MAP_BASE on, a digit each. */
void map_test_owners(const struct map_test *test, const char *wanted);

TER_INLINE ter_status map_test_claim(const struct map_test *test, const struct ter_sft *space,
                                     uintptr_t start, uintptr_t bytes)
{
    return ter_sft_map_claim(&test->map, space, start, bytes, NULL);
}

TER_INLINE ter_status map_test_release(const struct map_test *test, const struct ter_sft *space,
                                       uintptr_t start, uintptr_t bytes)
{
    return ter_sft_map_release(&test->map, space, start, bytes, NULL);
}
