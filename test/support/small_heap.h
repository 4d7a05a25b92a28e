/* SPDX-License-Identifier: MIT */
/*
 * A heap whose only roots are the stack and one array.
 *
 * Addresses are kept hidden; whoever has one in a local variable is not inlined.
 */
#pragma once

#include <terrier/terrier.h>

#include "support.h"

#define SMALL_ROOTS 256u
/* Objects that words left on the stack may keep. */
#define SMALL_SLACK 4u

struct small_heap {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    void **roots; /* SMALL_ROOTS words */
};

/* Parses what is right on every machine: where addresses have 32 bits, layout small is 32bit. */
void test_parse_options(struct ter_options *options, const char *text);

/* An emulator looks at every page of a reservation: is that of a preset more than `gib` GiB? */
bool test_is_too_large(const char *preset, size_t gib);

/* Asserts that the heap's spaces agree with their own records. */
void test_check_spaces(struct ter_heap *heap);

/* With options in the form "name=value,...". */
void small_heap_init(struct small_heap *small, const char *options);
void small_heap_fini(struct small_heap *small);

/*
 * Calls `test` with a heap of every plan in turn, each with these options in the form
 * ",name=value,...", and `after`, unless it is NULL, when that heap has ended.
 */
void small_heap_with_plans(struct small_heap *small, const char *options, void (*test)(void),
                           void (*after)(void));

struct ter_plan;

/*
 * For each plan that is wanted in turn: opens a heap with these options and the plan's name, runs
 * `test`, and closes it. There is one at least.
 */
void small_heap_try_plans(bool (*wanted)(const struct ter_plan *plan), const char *options,
                          void (*open)(const char *options), void (*test)(void),
                          void (*close)(void));
/* Wanted: those with young objects; those that collect. */
bool test_plan_has_young(const struct ter_plan *plan);
bool test_plan_collects(const struct ter_plan *plan);

/* Is its plan one that never collects? */
bool small_heap_never_collects(const struct small_heap *small);
/* Has each object of it pages of its own, which are used once? */
bool small_heap_has_own_pages(const struct small_heap *small);

/* A heap `name` for each test of a file, by make_heap and free_heap. */
#define SMALL_HEAP_FIXTURE(name, options)                                                          \
    static struct small_heap name;                                                                 \
                                                                                                   \
    static int make_heap(void **state)                                                             \
    {                                                                                              \
        (void)state;                                                                               \
        small_heap_init(&name, options);                                                           \
        return 0;                                                                                  \
    }                                                                                              \
                                                                                                   \
    static int free_heap(void **state)                                                             \
    {                                                                                              \
        (void)state;                                                                               \
        small_heap_fini(&name);                                                                    \
        return 0;                                                                                  \
    }

/* Collects, with a clean stack. */
void small_heap_collect_now(struct small_heap *small);

/* Cleared here as well: entering a function may save whatever the last one left in a register. */
TER_INLINE void small_heap_collect(struct small_heap *small)
{
    test_clear_stack();
    small_heap_collect_now(small);
}

struct ter_statistics small_heap_statistics(const struct small_heap *small);

/* A list of `length` objects of `bytes` bytes, numbered from the head; returns the head. */
TER_NOINLINE void *small_heap_list(struct small_heap *small, unsigned kind, size_t length,
                                   size_t bytes);
/* Builds a list of ordinary objects in that root: nothing else need name them meanwhile. */
void small_heap_list_at(struct small_heap *small, unsigned root, size_t length, size_t bytes);
/* Compares such a list. */
TER_NOINLINE void small_heap_check_list(const struct small_heap *small, void *head, size_t length);
