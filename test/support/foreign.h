/* SPDX-License-Identifier: MIT */
/* An arena for foreign memory, and addresses to claim there. */
#pragma once

#include "arena.h"

void test_foreign_arena_init(struct ter_arena *arena);

/* Reserves chunks side by side that belong to nobody; they cannot be read. */
uintptr_t test_reserve_chunks(size_t chunks);
void test_release_chunks(uintptr_t start, size_t chunks);

/* The owner of the chunk by the map is EMPTY? */
bool test_is_unowned(const struct ter_arena *arena, uintptr_t word);

/* Memory of the process, as the system counts it. Sanitizers keep more of it than was asked for. */
struct test_memory {
    size_t addresses;
    size_t resident;
};
struct test_memory test_memory_now(void);
/* Is there hardly more now? */
bool test_memory_is_as(const struct test_memory *before);
