/* SPDX-License-Identifier: MIT */
/*
 * Kinds of objects: what the collector does with their contents. All objects of a block, as a rule,
 * and each large object, have one kind.
 *
 * Invariant: a kind in a heap's table has passed ter_kind_check, so the loop that scans objects
 * trusts it: no slot is misaligned or lies outside of its part.
 */
#pragma once

#include <terrier/kinds.h>
#include <terrier/object.h>

#include "base/base.h"

enum ter_scan {
    TER_SCAN_NONE = 0,      /* holds no references */
    TER_SCAN_AMBIGUOUS = 1, /* every aligned word may be one */
    TER_SCAN_LAYOUT = 2,    /* its slots lie where the layout says */
    TER_SCAN_VISITOR = 3    /* the kind's function knows */
};

struct ter_trace;

/*
 * Reports what the object refers to, each slot or each word that may be a reference; called during
 * a collection, may be called for any object.
 */
typedef void ter_kind_visitor(void *context, struct ter_trace *trace, uintptr_t object,
                              size_t bytes);

/* How the slots of a layout are read: see struct ter_slot_type. */
struct ter_slot_reading {
    uint8_t form; /* an enum ter_slot_form */
    uint8_t shift;
    uint16_t references;
    uint32_t mask;
    uintptr_t base;
};

struct ter_kind_details;

/* What is looked at often. A power of two in bytes: the loop finds it by its number. */
struct ter_kind {
    enum ter_scan scan;
    bool zeroed;        /* memory is zero when it is handed out */
    bool uncollectable; /* lives until freed, and is a root */
    bool never_moves;   /* keeps its address under every plan */
    bool remembered;    /* stores into its objects need no barrier */
    bool only_slots;    /* its visitor reports slots and no words, so that its objects may move */
    bool ephemerons;    /* elements of its layout are: the collector has the visitor */
    const struct ter_object_layout *layout;
    ter_kind_visitor *visitor;
    void *context; /* the visitor's */
    struct ter_slot_reading slots;
    const struct ter_kind_details *details; /* NULL: there is no more to say of it */
};

/* The rest. */
struct ter_kind_details {
    char name[24];
    struct ter_object_size size;
    ter_dispose_function *dispose; /* NULL: nothing is to be done */
    void *context;                 /* of the functions */
    unsigned flags;                /* enum ter_kind_flag, added up */
    struct ter_cleared cleared;    /* of ephemerons */
    ter_kind_finalizer *finalizer; /* NULL: none */
    unsigned base;                 /* of a row that differs from another one in its flags: that */
};

/* A power of two. A block's head has 8 bits for a kind, an entry of the mark stack as many as are
 * free beside a size. */
#define TER_MAX_KINDS TER_KINDS_MOST

/*
 * What is wrong with the layout, in words; NULL for nothing. Offsets are aligned, ascending and
 * inside their part; elements with slots have a size. `unit`: bytes of a slot.
 */
const char *ter_object_layout_check(const struct ter_object_layout *layout, size_t unit);

/* Bytes of a slot of the kind. */
TER_INLINE size_t ter_kind_slot_bytes(const struct ter_kind *kind)
{
    return kind->slots.form == TER_SLOTS_OFFSET32 ? sizeof(uint32_t) : sizeof(uintptr_t);
}

/* The same for a kind: one with slots has a layout or visitor, and memory that reads zero. */
const char *ter_kind_check(const struct ter_kind *kind);

/* May an object hold ambiguous words? What those lead to stays where it is, and it does too. */
TER_INLINE bool ter_kind_pins(const struct ter_kind *kind)
{
    return kind->scan == TER_SCAN_AMBIGUOUS ||
           (kind->scan == TER_SCAN_VISITOR && !kind->only_slots);
}

/*
 * Is memory that was never filled in harmful to look at? Then it is cleared before it becomes an
 * object.
 */
TER_INLINE bool ter_kind_trusts_contents(const struct ter_kind *kind)
{
    return kind->scan == TER_SCAN_LAYOUT || kind->scan == TER_SCAN_VISITOR;
}
