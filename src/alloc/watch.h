/* SPDX-License-Identifier: MIT */
/*
 * Who watches what happens in a heap: one record, or none. Told are what takes time: the parts of a
 * collection, what helpers did, allocations that had to wait, threads that stood.
 *
 * Invariant: all is told under the heap lock, and nothing is told where inline code allocates or
 * stores. While nobody watches, each place costs a test of a pointer and reads no clock.
 */
#pragma once

#include "os/os.h"

/* X(identifier, name for people): the parts of a collection, in the order in which they come. */
#define TER_PARTS(X)                                                                               \
    X(PREPARE, "prepare")                                                                          \
    X(STOP, "stop threads")                                                                        \
    X(STATIC_ROOTS, "static roots")                                                                \
    X(OTHER_ROOTS, "other roots")                                                                  \
    X(MARK, "mark")                                                                                \
    X(WEAK, "weak")                                                                                \
    X(MOVE, "move")                                                                                \
    X(RELEASE, "release")                                                                          \
    X(RESUME, "resume threads")                                                                    \
    X(AFTER, "after the pause")

#define TER_PART_ENUM(identifier, name) TER_PART_##identifier,
enum ter_part { TER_PART_NONE, TER_PARTS(TER_PART_ENUM) TER_PART_COUNT };
#undef TER_PART_ENUM

struct ter_watch {
    /* The collection is in this part from now on. NONE: it is over, or came to nothing. */
    void (*part)(void *context, enum ter_part part);
    /* A helper traced, beside the part that is told of. */
    void (*helped)(void *context, unsigned thread, uint64_t start_ns, uint64_t end_ns);
    /* The calling thread came to where an allocation takes the lock, and has its memory now. */
    void (*allocated)(void *context, size_t bytes, uint64_t start_ns);
    /* It stood at a safepoint, and goes on. */
    void (*stood)(void *context, uint64_t start_ns);
    /* Another thread stood because a signal had stopped it, and is about to go on. */
    void (*stopped)(void *context, unsigned thread);
    void *context;
};

/* When something begins that may be worth telling; 0: nobody watches. */
TER_INLINE uint64_t ter_watch_start(const struct ter_watch *watch)
{
    return TER_LIKELY(watch == NULL) ? 0 : ter_os_now_ns();
}

TER_INLINE void ter_watch_allocated(const struct ter_watch *watch, size_t bytes, uint64_t start_ns)
{
    if (TER_UNLIKELY(start_ns != 0))
        watch->allocated(watch->context, bytes, start_ns);
}

TER_INLINE void ter_watch_stood(const struct ter_watch *watch, uint64_t start_ns)
{
    if (TER_UNLIKELY(start_ns != 0))
        watch->stood(watch->context, start_ns);
}

TER_INLINE void ter_watch_stopped(const struct ter_watch *watch, unsigned thread)
{
    if (TER_UNLIKELY(watch != NULL))
        watch->stopped(watch->context, thread);
}
