/* SPDX-License-Identifier: MIT */
/*
 * Kinds of objects: what the collector does with their contents. All objects of a block, and each
 * large object, have one kind.
 */
#pragma once

#include "base/base.h"

enum ter_scan {
    TER_SCAN_NONE = 0,         /* holds no references */
    TER_SCAN_CONSERVATIVE = 1, /* every aligned word may be one */
    TER_SCAN_TRACER = 2        /* the kind's function knows */
};

struct ter_trace;

/* Visits what the object refers to; called during a collection, may be called for any object. */
typedef void ter_kind_tracer(void *context, struct ter_trace *trace, uintptr_t object,
                             size_t bytes);

struct ter_kind {
    enum ter_scan scan;
    bool zeroed;        /* memory is zero when it is handed out */
    bool uncollectable; /* lives until freed, and is a root */
    ter_kind_tracer *tracer;
    void *context;
};

#define TER_MAX_KINDS 16u
