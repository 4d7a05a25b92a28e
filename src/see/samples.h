/* SPDX-License-Identifier: MIT */
/*
 * What was sampled of a heap: stacks with what was allocated from them, and the objects that are
 * still there.
 *
 * Invariant: a stack is a string of words, kept once for each kind of objects; figures are sums of
 * what each object that was chosen stands for, the reciprocal of its chance. A sample for which
 * there is no memory is dropped. All under the heap lock, but for finding out the stack.
 */
#pragma once

#include <terrier/profile.h>

#include "cycle/cycle.h"
#include "see/interned.h"

/* What a stack begins with; its words follow. */
struct ter_stack_head {
    uint32_t kind; /* of the objects: a row of the heap's kinds */
    uint32_t told; /* 1: words are numbers of frames that the runtime told; 0: where calls return */
};

/* A frame that a runtime told: numbers of texts. */
struct ter_told_frame {
    uint32_t function, file, line;
};

/* By the number of the stack. */
struct ter_stack_figures {
    double objects, bytes; /* allocated */
};

/* An object that was chosen and is there. */
struct ter_sample {
    uintptr_t object; /* the key */
    size_t stack;
    size_t bytes; /* by which it was chosen */
    size_t born;  /* collections before it */
};

/* Found to be lost: see leaked.h. */
struct ter_stack_leaked {
    uintptr_t key; /* the number of the stack and 1 */
    double objects, bytes;
};

struct ter_samples {
    struct ter_collector *collector; /* NULL: it was not begun */
    struct ter_sampling sampling;
    struct ter_followed followed;
    struct ter_interned stacks, frames, texts;
    struct ter_weak_list figures;
    struct ter_weak_table leaked;
    ter_frames_function *function; /* of the runtime's; NULL: none */
    void *context;
};

/* Before the heap has mutators. One is chosen of each `interval` bytes. */
void ter_samples_begin(struct ter_samples *samples, struct ter_collector *collector,
                       size_t interval);
/* When there are none any more; also of one that was not begun. */
void ter_samples_fini(struct ter_samples *samples);

/* For how many objects of that size one stands that was chosen. */
TER_INLINE double ter_samples_weight(const struct ter_samples *samples, size_t bytes)
{
    return 1 / ter_sampling_chance(samples->sampling.interval, bytes);
}

/* Where the call returns that allocated the object; 0: it was not sampled, or a runtime told. */
uintptr_t ter_samples_site(const struct ter_samples *samples, uintptr_t object);

/* Does it count as live: did a collection find it so, or was there none? */
TER_INLINE bool ter_sample_is_live(const struct ter_samples *samples,
                                   const struct ter_sample *sample)
{
    return samples->collector->collections == 0 ||
           sample->born < (size_t)samples->collector->collections;
}
