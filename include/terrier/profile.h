/* SPDX-License-Identifier: MIT */
/*
 * A profile of allocation: a sample of what is allocated, with who asked for it, and what of it is
 * still there. The option `profile` writes one when the heap ends; here are the calls for who wants
 * it at other times, and for runtimes that have functions of their own.
 *
 * A sample is taken by bytes: one about every `profile_interval` of them, at random, whatever the
 * sizes. Figures are scaled to all that was allocated. A sample costs some microseconds, what lies
 * between two of them nothing.
 */
#ifndef TERRIER_PROFILE_H
#define TERRIER_PROFILE_H

#include <stddef.h>

#include <terrier/api.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;
struct ter_mutator;

/** A call of a function of the runtime's own. Texts are read at once, and may be gone afterwards;
 *  NULL is as good as "". */
struct ter_profile_frame {
    const char *function; /**< its name, for people */
    const char *file;     /**< where it stands */
    unsigned line;        /**< that runs; 0: unknown */
};

/** The most frames that are asked for. */
#define TER_PROFILE_FRAMES ((size_t)64)

/**
 * Writes the calls that the mutator is in, the innermost first, at most `room` of them; returns how
 * many. 0: no function of the runtime runs, and calls of C are looked for. Called in the mutator's
 * thread, in the middle of an allocation: it allocates nothing in the heap and calls nothing of it.
 */
typedef size_t ter_frames_function(void *context, struct ter_mutator *mutator,
                                   struct ter_profile_frame *frames, size_t room);

/**
 * `function` is asked at each sample from now on, in the place of the one before; its frames stand
 * in the profile instead of those of C. NULL: nobody is, as at first. Any thread; a sample that is
 * taken meanwhile may still ask the one before. Without a profile it is never asked.
 */
TER_API void ter_heap_on_sample(struct ter_heap *heap, ter_frames_function *function,
                                void *context);

/**
 * Writes the profile so far to `file`, from where it stands, as `pprof` and speedscope read it: a
 * gzip-compressed message of pprof's profile.proto. Four figures for each stack and kind: objects
 * and bytes allocated, objects and bytes live. Live is what the last collection found so; before
 * the first one, all. Any thread, outside of callbacks; no safepoint. TER_ERROR_INVALID: the heap
 * takes no samples (options `profile`, `profile_interval`). TER_ERROR_NO_MEMORY: nothing was
 * written. TER_ERROR_SYSTEM: it cannot be written, with errno, and what was is no profile.
 */
TER_API ter_status ter_heap_profile(struct ter_heap *heap, int file);

#ifdef __cplusplus
}
#endif
#endif
