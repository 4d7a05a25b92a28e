/* SPDX-License-Identifier: MIT */
/*
 * Kinds of objects: what the collector does with their contents. All objects of a block, and each
 * large object, have one kind.
 *
 * Invariant: a kind in a heap's table has passed ter_kind_check, so the loop that scans objects
 * trusts it: no slot is misaligned or lies outside of its part.
 */
#pragma once

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

/* A power of two in bytes: the loop finds it by its number. */
struct ter_kind {
    enum ter_scan scan;
    bool zeroed;        /* memory is zero when it is handed out */
    bool uncollectable; /* lives until freed, and is a root */
    const struct ter_object_layout *layout;
    ter_kind_visitor *visitor;
    void *context;
};

#define TER_MAX_KINDS 16u

/*
 * What is wrong with the layout, in words; NULL for nothing. Offsets are aligned, ascending and
 * inside their part; elements with slots have a size.
 */
const char *ter_object_layout_check(const struct ter_object_layout *layout);

/* The same for a kind: one with slots has a layout or visitor, and memory that reads zero. */
const char *ter_kind_check(const struct ter_kind *kind);

/*
 * Is memory that was never filled in harmful to look at? Then it is cleared before it becomes an
 * object.
 */
TER_INLINE bool ter_kind_trusts_contents(const struct ter_kind *kind)
{
    return kind->scan == TER_SCAN_LAYOUT || kind->scan == TER_SCAN_VISITOR;
}
