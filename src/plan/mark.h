/* SPDX-License-Identifier: MIT */
/*
 * The marking loop, compiled for the spaces of the mark-sweep plan: it switches on the kind of
 * space inline and goes through the table of functions only for kinds that it does not know.
 *
 * For each word: one compare with the hull of the heap; then the SFT map, the block's head, the
 * cell by a multiplication, one mark bit, one push. Between marking and scanning, objects wait in a
 * short queue while their memory is prefetched, after Cher, Hosking, Vitek: "Software prefetching
 * for mark-sweep garbage collection", ASPLOS 2004, with the queue before the stack and not behind.
 */
#pragma once

#include "alloc/alloc.h"
#include "trace/trace.h"

/* Displacements from an object's first byte that count as references, when not all do. */
#define TER_MAX_DISPLACEMENT 4096u

/*
 * Who else marks at the same time. Two need no atomic operation to set a mark: each has a table of
 * its own, and reads the other's. Both may mark an object that they reach at once, and then both
 * scan it. With more, reading all tables would take longer, and there is one that all set marks in.
 */
enum ter_mark_company { TER_MARK_ALONE, TER_MARK_WITH_ONE, TER_MARK_WITH_MANY };

/*
 * One member's part of marking, alone or in a round with others (see mark_team.h). Tracers of kinds
 * find the marker by the trace that they get.
 */
struct ter_marker {
    struct ter_trace trace; /* first: kinds' tracers get it */
    const struct ter_ground *ground;
    const struct ter_kind *kinds;
    const struct ter_range *ranges[3]; /* whose hull the first compare tests */
    uintptr_t low;
    uintptr_t span;
    size_t cells_span; /* of the first range, from its start; 0 when it shares chunks with others */
    struct ter_mark_stack stack;
    struct ter_share *share; /* of the round that this marker takes part in; NULL: it is alone */
    enum ter_mark_company company;
    uintptr_t marks;        /* bias of the table that this marker sets marks in */
    uintptr_t others_marks; /* with one other: of the table that it only reads */
    unsigned rest;          /* entries to scan before others may get some; 0: nothing to wait for */
    unsigned rest_length;   /* what that was after the last gift */
    bool interior_everywhere; /* any byte of an object refers to it, in the heap too */
    uint8_t displacements[TER_MAX_DISPLACEMENT]; /* otherwise: those that do; [0] always */
};

ter_status ter_marker_init(struct ter_marker *marker, const struct ter_allocator *allocator);
void ter_marker_fini(struct ter_marker *marker);

/* The marker whose trace a tracer was given. */
TER_INLINE struct ter_marker *ter_marker_of(struct ter_trace *trace)
{
    return (struct ter_marker *)(void *)trace;
}

/* Before a collection marks anything. */
void ter_marker_begin(struct ter_marker *marker);

/* Words of a stack: any byte of an object counts. */
void ter_mark_stack_range(struct ter_marker *marker, uintptr_t start, uintptr_t end);
/* Words of static data or of an object: interior words count as the settings say. */
void ter_mark_data_range(struct ter_marker *marker, uintptr_t start, uintptr_t end);
/* One word that may be a reference to any byte of an object. */
void ter_mark_word(struct ter_marker *marker, uintptr_t word);
/* Scans an object that is marked, or must not be marked, by its kind. */
void ter_mark_contents(struct ter_marker *marker, uintptr_t object, size_t bytes, unsigned kind);
/* Scans until nothing is left; in a round: in this marker's own stack. */
void ter_mark_drain(struct ter_marker *marker);
