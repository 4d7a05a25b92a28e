/* SPDX-License-Identifier: MIT */
/*
 * A tracer: one worker's part of a trace, and the functions that a plan's loop offers.
 *
 * Between reaching and scanning, objects wait in a short queue while their memory is prefetched
 * (see scan.h), then on the tracer's mark stack.
 */
#pragma once

#include "object/object.h"
#include "pages/pages.h"
#include "trace/mark_stack.h"
#include "trace/packets.h"

/* Displacements from an object's first byte that count as references, when not all do. */
#define TER_MAX_DISPLACEMENT 4096u

/* Ranges of addresses of spaces that a plan may have. */
#define TER_TRACER_MAX_RANGES 16u

/*
 * How marks are set, by who else traces at the same time. Two workers need no atomic operation:
 * each has a table of its own, and reads the other's. Both may mark an object that they reach at
 * once, and then both scan it. With more, reading all tables would take longer, and there is one
 * that all set marks in. So it is also where objects move, which only one may do.
 */
enum ter_marking { TER_MARKING_ALONE, TER_MARKING_OF_TWO, TER_MARKING_OF_MANY };

/* What a word says of an object that it refers to. */
enum ter_word_form {
    TER_WORD_EXACT,    /* its first byte's address; a new reference may be stored in its place */
    TER_WORD_ANY_BYTE, /* ambiguous: any byte's address, or no reference at all */
    TER_WORD_DISPLACED /* ambiguous: the first byte's, or one of those registered behind it */
};

/*
 * What functions of spaces and visitors of kinds get. Spaces cannot know the queue of every plan,
 * so a trace carries the function that reaches `object`; it returns where the object is now.
 */
struct ter_trace {
    ter_object (*trace_object)(struct ter_trace *trace, ter_object object);
};

struct ter_tracer;

/* The functions that trace/loop.h compiles for a plan. */
struct ter_loop {
    bool moves; /* objects may be elsewhere after a collection */
    /* Before a collection reaches anything. */
    void (*begin)(struct ter_tracer *tracer);
    /* An ambiguous word: any byte of an object counts. */
    void (*word)(struct ter_tracer *tracer, uintptr_t word);
    /*
     * The ambiguous words of [start, end), copied out of the sight of sanitizers. Any byte counts,
     * or the tracer's displacements do.
     */
    void (*words)(struct ter_tracer *tracer, uintptr_t start, uintptr_t end, bool any_byte);
    /* An exact reference, which is updated when its object moves. */
    void (*slot)(struct ter_tracer *tracer, ter_slot slot);
    /* An exact reference that lies in no slot; returns the new one. */
    ter_object (*object)(struct ter_tracer *tracer, ter_object object);
    /* The same for each of several, in their places. NULL: one by one. */
    void (*objects)(struct ter_tracer *tracer, ter_object *objects, size_t count);
    /*
     * Scans an object that is marked, or must not be marked, by its kind. All slots of a layout are
     * read before it returns; of a large object with ambiguous words some may be left to `drain`.
     */
    void (*contents)(struct ter_tracer *tracer, uintptr_t object, size_t bytes, unsigned kind);
    /* Scans until nothing is left; in a parallel phase: in this tracer's own stack. */
    void (*drain)(struct ter_tracer *tracer);
};

/* When a helper traced last, in a parallel phase that is timed. */
struct ter_work_time {
    unsigned thread; /* the kernel's number of it */
    uint64_t start_ns, end_ns;
};

struct ter_tracer {
    struct ter_trace trace; /* first: visitors of kinds get it */
    const struct ter_loop *loop;
    struct ter_work_time time;
    const struct ter_arena *arena;
    const struct ter_kind *kinds;
    const struct ter_range *ranges[TER_TRACER_MAX_RANGES]; /* whose hull is tested first */
    size_t range_count;
    uintptr_t low;
    uintptr_t span;
    uintptr_t first;   /* of the first range; what lies there surely belongs to its space */
    size_t first_span; /* 0 when it shares chunks with others */
    struct ter_mark_stack stack;
    unsigned worker;             /* its number; 0: the collecting thread's */
    struct ter_packets *packets; /* of the parallel phase it takes part in; NULL: it is alone */
    enum ter_marking marking;
    uintptr_t marks;        /* bias of the table that this tracer sets marks in */
    uintptr_t others_marks; /* of two: bias of the table that it only reads */
    unsigned until_packet;  /* entries to scan before others may get some; 0: nothing to wait for */
    unsigned packet_interval; /* what that was after the last packet */
    bool any_byte;            /* of an object refers to it, in the heap and in static data too */
    const uint8_t
        *displacements; /* otherwise those that are not 0 here; whoever has them owns it */
    void *context;      /* of the plan's policies, the same for all workers: what copying needs */
};

/* For a plan that compiled `loop`; ranges are added one by one. The kinds stay where they are. */
ter_status ter_tracer_init(struct ter_tracer *tracer, const struct ter_arena *arena,
                           const struct ter_kind *kinds, const struct ter_loop *loop);
void ter_tracer_fini(struct ter_tracer *tracer);

/* The range of a space. The first one is where most references lead. */
void ter_tracer_add_range(struct ter_tracer *tracer, const struct ter_range *range);

/* What every loop does to begin: the hull of all mapped parts, an empty stack, marks set alone. */
void ter_tracer_begin(struct ter_tracer *tracer);

/*
 * For functions of spaces that the plan's loop does not know: an object was reached for the first
 * time, and is to be scanned.
 */
void ter_tracer_enqueue(struct ter_tracer *tracer, uintptr_t object, size_t bytes, unsigned kind);

/* The tracer whose trace a visitor or a function of a space was given. */
TER_INLINE struct ter_tracer *ter_tracer_of(struct ter_trace *trace)
{
    return (struct ter_tracer *)(void *)trace;
}

TER_INLINE void ter_tracer_word(struct ter_tracer *tracer, uintptr_t word)
{
    tracer->loop->word(tracer, word);
}

/* Words of static data or of an object: what counts is the tracer's setting. */
TER_INLINE void ter_tracer_data(struct ter_tracer *tracer, uintptr_t start, uintptr_t end)
{
    tracer->loop->words(tracer, start, end, tracer->any_byte);
}

/* Words of a stack: any byte of an object counts. */
TER_INLINE void ter_tracer_stack(struct ter_tracer *tracer, uintptr_t start, uintptr_t end)
{
    tracer->loop->words(tracer, start, end, true);
}

TER_INLINE void ter_tracer_contents(struct ter_tracer *tracer, uintptr_t object, size_t bytes,
                                    unsigned kind)
{
    tracer->loop->contents(tracer, object, bytes, kind);
}

TER_INLINE void ter_tracer_drain(struct ter_tracer *tracer)
{
    tracer->loop->drain(tracer);
}
