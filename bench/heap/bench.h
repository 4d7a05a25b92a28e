/* SPDX-License-Identifier: MIT */
/*
 * What a program and a collector's adapter know of each other. A program is written once, with
 * exact roots in mind, and compiled with each adapter (adapters/NAME.h), which defines, for the
 * hot paths inline:
 *
 *   bench_mutator                  what a thread allocates with
 *   bench_new(m, kind, bytes)      an object of a kind of the program's, zero
 *   bench_new_plain(m, bytes)      an object without references, not cleared
 *   bench_free(m, object)          the program knows that it is dead; only malloc's does anything
 *   BENCH_FREES                    0 or 1: whether that does anything
 *   bench_store(m, object, field, value)   stores a reference into an object, barrier included
 *   bench_fill(object, field, value)       the same while nothing was allocated since the object
 *   bench_poll(m)                  a safepoint
 *   BENCH_EPHEMERONS               0 or 1: whether kinds can have ephemerons
 *   BENCH_ROOTS(m, name, struct t *a; ...)  local variables name.a, ... that are roots; NULL
 *   BENCH_ROOTS_END(m, name)
 *
 * Every call that allocates is a safepoint: after it, references are read from roots again.
 * Running out of memory ends the process with status BENCH_OUT_OF_MEMORY and one line.
 */
#ifndef BENCH_HEAP_BENCH_H
#define BENCH_HEAP_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_OUT_OF_MEMORY = 3, BENCH_CANNOT = 77 };

/** Where objects of a kind have references: in a header, then in equal elements to the end. */
struct bench_kind {
    size_t header_bytes;
    uint64_t header_slots; /**< bit 0 for the first word */
    size_t element_bytes;  /**< 0: no elements */
    uint64_t element_slots;
    bool ephemerons; /**< an element is one: the key, then the value */
};

enum { BENCH_KINDS_MOST = 8 };

/** How a run is to be. */
struct bench_settings {
    size_t heap_bytes;   /**< the heap's fixed size; 0: as the collector likes it */
    const char *options; /**< of the collector's own; "" for none */
    unsigned markers;    /**< threads that collect */
    unsigned mutators;
    size_t size; /**< of the program's own kind; 0: the default */
};

/** A figure that is not known. */
#define BENCH_UNKNOWN UINT64_MAX

/** What a collector says of itself in the end. */
struct bench_figures {
    uint64_t collections;
    uint64_t stopped_ns;
    uint64_t pause_max_ns;
    uint64_t pause_median_ns;
    uint64_t minor_max_ns; /**< of collections of young objects alone */
    uint64_t minor_median_ns;
    uint64_t minors;
    uint64_t minor_objects; /**< that were young and lived, in all of those */
    uint64_t major_objects; /**< that lived, in all the others */
};

#include BENCH_ADAPTER

/** What a program is: each defines one bench_program. */
struct bench_program {
    size_t default_size;
    const struct bench_kind *kinds;
    unsigned kind_count;
    bool one_mutator; /**< it cannot do with more */
    /** Bytes of objects that live at once at most, with one mutator. */
    uint64_t (*live_bytes)(size_t size);
    /** Does the work of one mutator and returns a sum that is the same on all collectors. */
    uint64_t (*run)(bench_mutator *m, size_t size);
};

extern const struct bench_program bench_program;

/* ---- For programs ---- */

/** Says a figure of the program's own, one "name value" line in what the process prints. */
void bench_say(const char *name, uint64_t value);
/** Ends the process with a line: what came out is wrong. */
_Noreturn void bench_wrong(const char *what, uint64_t is, uint64_t should_be);
/** Ends the process with a line: this collector cannot do it. */
_Noreturn void bench_cannot(const char *what);
/** Ends the process: there is no memory. */
_Noreturn void bench_out_of_memory(void);

uint64_t bench_now_ns(void);

/** Numbers that are the same in every run and every language: 23 bits. */
static inline uint32_t bench_random(uint64_t *state)
{
    *state = (*state * 1103515245 + 12345) & 0x7fffffff;
    return (uint32_t)(*state >> 8);
}

/** Goes on with a sum; 31 bits, so that all languages can. */
static inline uint64_t bench_sum(uint64_t sum, uint64_t value)
{
    return (sum * 31 + (value & 0xffffff)) & 0x7fffffff;
}

#endif
