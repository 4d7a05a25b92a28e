/* SPDX-License-Identifier: MIT */
/*
 * A heap with what the oracle needs of it beyond the public interface, and the worlds on it. All
 * that is not public is used in stage.c.
 *
 * Invariant: with exact roots, the slots that the worlds report are all the roots there are. What a
 * plan can do is found out by asking the heap, never by the plan's name.
 */
#pragma once

#include <terrier/terrier.h>

#include "kinds.h"

enum { MOST_WORLDS = 8, MOST_KINDS = 32 };

struct world;

struct stage {
    struct run *run;
    struct ter_heap *heap;
    unsigned kind_numbers[MOST_KINDS];
    _Atomic unsigned collections; /* so many there were */
    bool collects;                /* a collection that is asked for happens */
    bool moves;                   /* some objects can be moved */
    bool is_checked;              /* by the option check_heap */
    struct world *worlds[MOST_WORLDS];
    _Atomic unsigned world_count;
    uintptr_t kept_by_fault;
};

/* Makes the heap and looks what its plan does. The calling thread gets a mutator. */
void stage_open(struct stage *stage, struct run *run, struct ter_mutator **mutator);
/* After the last mutator is gone. */
void stage_close(struct stage *stage);

/* What each space knows of itself agrees with what lies in it, or the process stops with a line. */
void stage_check_spaces(struct stage *stage);

/* From now on the slots of the world are roots. */
void stage_add_world(struct stage *stage, struct world *world);

/* The word at `link` is set to 0 when the object is found unreachable. */
void stage_link(struct stage *stage, uintptr_t *link, uintptr_t object, bool is_long);
/* Is false when there was no such link. */
bool stage_unlink(struct stage *stage, uintptr_t *link, bool is_long);
