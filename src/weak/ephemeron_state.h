/* SPDX-License-Identifier: MIT */
/*
 * What a heap knows of ephemerons in a collection, for the two ways to settle them: in rounds, in
 * ephemerons.c, by the plan's loop; by key, in settling.c, where each object and each element is
 * looked at once, however they hang together.
 */
#pragma once

#include "trace/trace.h"
#include "weak/elements.h"
#include "weak/list.h"
#include "weak/reach.h"

struct ter_ephemerons;

/* What the visitor of a kind gets. */
struct ter_ephemeron_kind {
    struct ter_ephemerons *ephemerons;
    const struct ter_kind *kind;
};

struct ter_ephemerons {
    struct ter_ephemeron_kind kinds[TER_MAX_KINDS];
    struct ter_mutex lock;       /* of the list of tables, while workers trace */
    struct ter_weak_list tables; /* that this collection reached, or parts of them */
    size_t settled;              /* of the tables */
    size_t open;  /* entries that may come to keep their values: their key was not reached */
    size_t looks; /* at elements, to settle them: for tests */
    bool stale;   /* something was reached since they were settled */
};

/* An object with ephemerons that was reached: those of its elements that are looked at. */
struct ter_ephemeron_table {
    const struct ter_kind *kind;
    struct ter_element_range elements;
};

struct ter_settling {
    struct ter_ephemerons *ephemerons;
    struct ter_tracer *tracer;
    const struct ter_reach *reach;
};

TER_INLINE bool ter_settling_reached(const struct ter_settling *settling, uintptr_t object)
{
    return settling->reach->is_reached(settling->reach->context, object);
}

TER_INLINE const struct ter_ephemeron_table *ter_ephemeron_table_at(
    const struct ter_ephemerons *ephemerons, size_t index)
{
    return ter_weak_list_at(&ephemerons->tables, index);
}
