/* SPDX-License-Identifier: MIT */
/*
 * The map of a heap's blocks: what each 32 KiB of its memory are used for, and how full they are;
 * as calls of a function, as text for a terminal, or as a picture (SVG).
 *
 * A parcel is a block where a space has blocks, and as much of the memory of any other space. All
 * functions here may be called by any thread that is not in a callback of the heap. They hold the
 * heap's lock and stop nobody: what a parcel is used for, and how many there are, is of one moment,
 * since nothing of it changes without that lock. `object_bytes` may miss, or have too much, what
 * other threads allocate or free meanwhile; with the heap's threads standing it is exact.
 */
#ifndef TERRIER_PARCELS_H
#define TERRIER_PARCELS_H

#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>
#include <terrier/sft.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;

/** Of a parcel, which is aligned to that. */
#define TER_PARCEL_BYTES 32768u

/*
 * X(identifier, name, letter in a text map, colour in a picture on light and on dark ground, help):
 * what a parcel is used for. A letter becomes a capital when half of the parcel or more is objects.
 */
#define TER_PARCEL_STATES(X)                                                                       \
    X(UNUSED, "unused", '-', "#efefed", "#24282d", "of a chunk, never taken")                      \
    X(FREE, "free", '.', "#cdd3d9", "#434b54", "empty, its memory is kept")                        \
    X(RETURNED, "returned", ',', "#d7ebf8", "#20384b", "empty, without memory of the system's")    \
    X(YOUNG, "young", 'y', "#2b9a4b", "#4cc472", "newer than the last collection")                 \
    X(OLD, "old", 'o', "#2f6fbf", "#5b9be6", "a collection left objects in it")                    \
    X(CELLS, "cells", 'c', "#7d57b8", "#a98be0", "cells of one size, which never move")            \
    X(IMMORTAL, "immortal", 'i', "#8a6d3b", "#c9a766", "cells that only their owner frees")        \
    X(FILLED, "filled", 'f', "#1d8f94", "#46bfc4", "one after another, never collected")           \
    X(LARGE, "large", 'l', "#d9822b", "#f0a04b", "a large object begins in it")                    \
    X(LARGE_REST, "large_rest", '=', "#edbf8a", "#99632a", "a large object goes on in it")         \
    X(FOREIGN, "foreign", 'm', "#b8478a", "#e07ab5", "memory of malloc's or the program's")        \
    X(OTHER, "other", 'u', "#5f6b76", "#9aa6b1", "objects, of a policy that says no more")

#define TER_PARCEL_STATE_ENUM(identifier, name, letter, light, dark, help) TER_PARCEL_##identifier,

/** What a parcel is used for. */
enum ter_parcel_state { TER_PARCEL_STATES(TER_PARCEL_STATE_ENUM) TER_PARCEL_STATE_COUNT };

#undef TER_PARCEL_STATE_ENUM

/** A name of the table, such as "young". Never NULL. */
TER_API const char *ter_parcel_state_name(enum ter_parcel_state state);

/** Newer libraries add at the end. */
struct ter_parcel {
    const struct ter_sft *space; /**< whose it is, with its name */
    uintptr_t start;             /**< its first byte; the next parcel may be another space's */
    enum ter_parcel_state state;
    uint32_t object_bytes;   /**< of it in objects, those included that nothing reaches any more */
    uint32_t returned_bytes; /**< of it without memory of the system's */
    uint32_t cell_bytes;     /**< of TER_PARCEL_CELLS and IMMORTAL: of each cell; else 0 */
    uint32_t pinned;         /**< objects in it that the program pinned (ter_pin), if it can move */
};

/** The parcel is the function's while it runs; it calls nothing of the heap. */
typedef void ter_parcel_function(void *context, const struct ter_parcel *parcel);

/**
 * Calls `function` for each parcel of the heap, space by space, in each from low to high addresses;
 * chunks of foreign memory in no promised order, and of these only what is the heap's.
 * TER_ERROR_INVALID: no function.
 */
TER_API ter_status ter_heap_parcels(struct ter_heap *heap, ter_parcel_function *function,
                                    void *context);

/** Forms of a written map. */
enum ter_map_form {
    TER_MAP_TEXT = 0, /**< a character for each parcel */
    TER_MAP_SVG = 1   /**< a picture, one file that needs nothing else, for light and dark ground */
};

/** On a line of a map: the least, the most, and what 0 stands for. */
#define TER_MAP_WIDTH_LEAST 16u
#define TER_MAP_WIDTH_MOST 128u
#define TER_MAP_WIDTH_USUAL 64u

/**
 * Writes the map to an open file descriptor. A line has `width` parcels; 0 is TER_MAP_WIDTH_USUAL.
 * In a heap of more than 8192 parcels (256 MiB), 2, 4, 8 or more neighbours are drawn as one, so
 * that there are at most so many, but for what ends of spaces add; the counts stay exact.
 * TER_ERROR_INVALID: no such form or width. TER_ERROR_SYSTEM: not all could be written.
 */
TER_API ter_status ter_heap_map(struct ter_heap *heap, int file, enum ter_map_form form,
                                unsigned width);

#ifdef __cplusplus
}
#endif
#endif
