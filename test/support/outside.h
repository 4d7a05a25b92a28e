/* SPDX-License-Identifier: MIT */
/* A ground for memory outside of the layout's range, and addresses to claim there. */
#pragma once

#include "ground.h"

void test_outside_ground_init(struct ter_ground *ground);

/* Reserves chunks side by side that belong to nobody; they cannot be read. */
uintptr_t test_reserve_chunks(size_t chunks);
void test_release_chunks(uintptr_t start, size_t chunks);

/* The owner of the chunk by the map is EMPTY? */
bool test_is_unowned(const struct ter_ground *ground, uintptr_t word);

/* Bytes of the process that are resident now. */
size_t test_resident_bytes(void);
