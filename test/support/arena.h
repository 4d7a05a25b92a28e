/* SPDX-License-Identifier: MIT */
/* A small arena to test the floors pages and space on. */
#pragma once

#include "pages/pages.h"

#include "support.h"

/* Four slots of 16 MiB: four chunks each. */
#define TEST_LOG_EXTENT 24u
#define TEST_EXTENT ((size_t)1 << TEST_LOG_EXTENT)
#define TEST_SLOTS 4u
/* Within reach of a space map; AddressSanitizer has its shadow there, and then another map serves.
 */
#define TEST_START ((uintptr_t)1 << (sizeof(uintptr_t) == 8 ? 36 : 30))
#define TEST_SLOT_PAGES (TEST_EXTENT >> TER_LOG_BYTES_IN_PAGE)
#define TEST_SLOT_BLOCKS (TEST_EXTENT >> TER_LOG_BYTES_IN_BLOCK)

/* TEST_START, or free addresses elsewhere: with 32 bits of them a program may begin there. */
uintptr_t test_start(void);

void test_arena_init(struct ter_arena *arena);

/* A space that only has a name. */
extern const struct ter_sft test_functions;

/* Adds a space that has nothing else to the map of `arena`. */
const struct ter_sft *test_add_owner(struct ter_arena *arena);

size_t test_used_bytes(const struct ter_arena *arena);
size_t test_mapped_bytes(const struct ter_range *range);

/* Does every word of the range read zero? */
bool test_reads_zero(uintptr_t start, size_t bytes);
