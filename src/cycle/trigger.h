/* SPDX-License-Identifier: MIT */
/*
 * When to collect and how far to grow, by the rule of Boehm's collector, so that programs use the
 * memory that they use with it.
 *
 * The heap may use `limit` bytes (accounting.limit_bytes). When that is full, a collection happens
 * if enough was allocated since the last one, in proportion to what a collection has to look at;
 * otherwise the limit grows by what is missing to that and a little more. Under the heap lock.
 *
 * Of a heap that is sized by another rule, that is what is allocated between two collections, and
 * where the limit stands after one: see sizer.h.
 */
#pragma once

#include "alloc/alloc.h"
#include "cycle/sizing.h"

struct ter_trigger {
    _Atomic size_t max_bytes;  /* the limit never grows past this; 0: no maximum */
    size_t free_space_divisor; /* larger: more collections, less memory; 3 by default */
    size_t disabled;           /* nested requests that nothing be collected */
    bool never_grow_before_collecting;
    struct ter_live live; /* after the last collection */
    size_t root_bytes;    /* static roots and stacks, as last seen */
    size_t used_bytes;    /* blocks and pages in use after the last collection */
    enum ter_sizing sizing;
    size_t room_bytes; /* sized by the square root rule: its room; 0: not known yet */
};

/* Fewest bytes of allocation between two collections. */
size_t ter_trigger_interval(const struct ter_trigger *trigger);
/* Is a collection due, now that the limit is reached? `wanted`: for another reason than what was
 * allocated. */
bool ter_trigger_is_due(const struct ter_trigger *trigger, const struct ter_allocator *allocator,
                        bool wanted);
/* The same where the soft limit of the process is reached: after little, but not after nothing. */
bool ter_trigger_is_due_early(const struct ter_trigger *trigger,
                              const struct ter_allocator *allocator);
/* Least that is to be allocated before that. */
size_t ter_trigger_least(const struct ter_trigger *trigger);
/* What is to be allocated until a collection is due by the rule. */
size_t ter_trigger_until_due(const struct ter_trigger *trigger,
                             const struct ter_allocator *allocator);
/*
 * What is to be allocated before a collection is worth it in a heap that may not grow; 0: nothing,
 * now is the time. Half of the interval, since what such a heap has meanwhile fits its needs less
 * and less.
 */
size_t ter_trigger_missing(const struct ter_trigger *trigger,
                           const struct ter_allocator *allocator);
/* Where the maximum came down, the limit does too, as far as what is in use allows. */
void ter_trigger_keep_to_maximum(const struct ter_trigger *trigger,
                                 struct ter_accounting *accounting);
/* Raises the limit so that `bytes` more fit; false when the maximum forbids it. */
bool ter_trigger_grow(const struct ter_trigger *trigger, const struct ter_allocator *allocator,
                      struct ter_accounting *accounting, size_t bytes);
