/* SPDX-License-Identifier: MIT */
/*
 * Which of the objects that a mutator allocates are looked at: a sample by bytes, as if each byte
 * that is allocated were chosen with the same small chance, and an object with each of its bytes.
 *
 * Invariant: whether an object is chosen depends on nothing but its size, so that what was chosen
 * can be scaled without bias. Inline allocation knows nothing of it: each window counts the cells
 * up to the next one that is chosen, and no run goes beyond that, so that comes where a run ends.
 * A sampler is touched by the mutator's own thread, or by a collector while that stands.
 *
 * While nobody samples, a slow allocation tests a pointer. Why: docs/decisions/0051-sampling.md.
 */
#pragma once

#include "alloc/mutator.h"

/* Bits by which most objects are seen not to have been chosen. A power of two. */
#define TER_SAMPLING_FILTER_BYTES TER_KIB(8)

/* What all mutators of a heap share; put in place before there are any. */
struct ter_sampling {
    size_t interval; /* bytes between two that are chosen, on average */
    /* The calling thread allocated an object that was chosen; without the lock. `bytes`: by which
       it was chosen. */
    void (*sampled)(void *context, struct ter_mutator *mutator, uintptr_t object, unsigned kind,
                    size_t bytes);
    /* An object that may have been chosen is about to be freed by hand; under the lock. */
    void (*freed)(void *context, uintptr_t object);
    void *context;
    _Atomic uint32_t mutators; /* ever */
    _Atomic uint8_t filter[TER_SAMPLING_FILTER_BYTES];
};

struct ter_sampler {
    struct ter_random random;
    double large_left; /* bytes of objects without a window, up to the next that is chosen */
    struct ter_os_stack stack; /* of the thread that it was made in; zero: not known */
    bool busy;                 /* in `sampled`: what is allocated there is not looked at */
    /* Cells up to the next that is chosen, with that, without those in the run; 0: not drawn. */
    uint32_t left[TER_MAX_KINDS][TER_SIZE_CLASSES];
};

/* NULL: nobody samples, or there is no memory, and this mutator is not looked at. */
struct ter_sampler *ter_sampler_new(struct ter_sampling *sampling);
void ter_sampler_free(struct ter_sampler *sampler);

/* The chance that an object of that size is chosen. */
double ter_sampling_chance(size_t interval, size_t bytes);

/* ---- Small objects ---- */

/* A cell is about to be handed out that was in no run: is it the one? */
TER_COLD bool ter_sampler_count_cell(struct ter_mutator *mutator, unsigned kind,
                                     unsigned size_class);
/* Most bytes of a run of which the first cell was counted. */
TER_COLD size_t ter_sampler_most_bytes(struct ter_mutator *mutator, unsigned kind,
                                       unsigned size_class, size_t bytes);
/* So many cells more are in the run, or fewer. */
TER_COLD void ter_sampler_move_cells(struct ter_mutator *mutator, unsigned kind,
                                     unsigned size_class, ptrdiff_t bytes);

/* ---- Others ---- */

TER_COLD bool ter_sampler_count_large(struct ter_mutator *mutator, size_t bytes);

/* ---- What was chosen ---- */

/* The object that was chosen is there. */
TER_COLD void ter_sampling_tell(struct ter_mutator *mutator, uintptr_t object, unsigned kind,
                                size_t bytes);

/* It was chosen, at that address; under the lock. */
void ter_sampling_note(struct ter_sampling *sampling, uintptr_t object);
/* None was, until they are noted again. */
void ter_sampling_note_none(struct ter_sampling *sampling);
/* What `freed` is for, of any object; under the lock or not. */
TER_COLD void ter_sampling_forget(struct ter_allocator *allocator, uintptr_t object);
