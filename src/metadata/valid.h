/* SPDX-License-Identifier: MIT */
/*
 * Which object is at or around a word, by a table that has a value other than zero for the first
 * granule of every object: valid-object bits.
 *
 * For policies to come whose objects lie in no cells of one size: lines, copies, bumped blocks.
 * Those that there are know cells and page runs, and find the object by them.
 *
 * Invariant: any word may be asked. What lies outside the table's data or is not mapped holds no
 * object, and no memory but mapped metadata is read. An object that is found was valid at some
 * moment of the call, and what was written before its bit was set is seen. Any thread; no lock.
 */
#pragma once

#include "metadata/table.h"

/* Does an object begin exactly at `word`? */
bool ter_valid_find_object(const struct ter_side_table *valid, uintptr_t word);

/* Bytes of the object that begins at `object`, which is valid. */
typedef size_t ter_valid_bytes(const void *context, uintptr_t object);

/*
 * The object that holds the byte at `word` and begins at most `distance` bytes below it, in
 * *object. The nearest object at or below decides; one that ends at `word` does not hold it.
 * Without `bytes_of` the nearest is the answer, whatever its size.
 */
bool ter_valid_find_object_from_interior(const struct ter_side_table *valid, uintptr_t word,
                                         size_t distance, ter_valid_bytes *bytes_of,
                                         const void *context, uintptr_t *object);
