/* SPDX-License-Identifier: MIT */
/*
 * A visit of exact roots: who reports them calls it with words, and it traces what they lead to.
 *
 * Invariant: what pins is traced before anything that may move is, so under a plan that moves there
 * are two passes over the same roots, and each takes its part of them. Where nothing moves there is
 * one. A word is written only in the pass that takes what is exact. In the thread that collects,
 * with the world stopped.
 */
#pragma once

#include <terrier/inspect.h>
#include <terrier/roots.h>

#include "trace/trace.h"

enum ter_root_pass {
    TER_PASS_ALL,     /* nothing moves */
    TER_PASS_PINNING, /* words that pin */
    TER_PASS_EXACT    /* the others */
};

/* How tagged words are read: terrier/roots.h. */
struct ter_root_tags {
    uintptr_t mask;
    uint32_t references;
};

/* Where a visit is, for who wants to know more than what is reported. */
struct ter_root_place {
    enum ter_reference_place form;
    const void *word; /* that is being looked at, where the tracer is not told; NULL: in none */
};

struct ter_root_visit {
    struct ter_tracer *tracer;
    enum ter_root_pass pass;
    struct ter_root_tags tags;
    struct ter_root_place *place; /* NULL: nobody wants to know */
};

TER_INLINE void ter_root_place_set(struct ter_root_place *place, enum ter_reference_place form)
{
    if (place != NULL)
        *place = (struct ter_root_place){form, NULL};
}

/* The slots of a frame and of all that lie outside of it. */
void ter_root_visit_frames(struct ter_root_visit *visit, struct ter_frame *frame);
