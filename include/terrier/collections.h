/* SPDX-License-Identifier: MIT */
/*
 * When a heap collects, and being told of it.
 *
 * Threads: any; no call here is a safepoint.
 */
#ifndef TERRIER_COLLECTIONS_H
#define TERRIER_COLLECTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;

/* ---- When ---- */

/**
 * No collection happens by itself from here on, as long as this was called more often than
 * ter_collections_allow: not because the heap is full, nor at an out-of-memory, nor for memory
 * elsewhere, nor under stress. The heap grows instead; at heap_max, or when the system has no more,
 * allocations fail. ter_collect still collects: it is how a program that holds collections makes
 * room when it is told that there is none. A collection that runs is waited for.
 */
TER_API void ter_collections_hold(struct ter_heap *heap);

/** Takes one ter_collections_hold back. TER_ERROR_INVALID: there is none. */
TER_API ter_status ter_collections_allow(struct ter_heap *heap);

/**
 * For a runtime that holds collections and asks for them itself, to be called after each: it lets
 * about `room` bytes be allocated between two collections if all objects are collected each time.
 * 0: it does not say, as at first. From now on the heap learns, as in collections of its own,
 * whether those of young objects alone are worth it. Returns 0 if they are not now, or if the plan
 * has none: then the next collection is of all objects, whichever is asked for, stores need no
 * call, and it is best to wait until the room is used up. After some collections the heap tries
 * again.
 */
TER_API int ter_collections_weigh(struct ter_heap *heap, size_t room);

/* ---- What happens in one ---- */

/** X(identifier, text for people): why a collection happened. */
#define TER_COLLECTION_REASONS(X)                                                                  \
    X(ALLOCATION, "heap full")                                                                     \
    X(REQUEST, "requested")                                                                        \
    X(MEMORY, "out of memory")                                                                     \
    X(STRESS, "stress")                                                                            \
    X(YOUNG, "requested of young objects")                                                         \
    X(PRESSURE, "beside the heap")

#define TER_REASON_ENUM(identifier, text) TER_REASON_##identifier,
enum ter_collection_reason { TER_COLLECTION_REASONS(TER_REASON_ENUM) TER_REASON_COUNT };
#undef TER_REASON_ENUM

/**
 * X(identifier, when): points that every collection passes, in this order. From STOPPING to
 * RELEASED, both included, other threads stand or are about to, and may hold any lock.
 */
#define TER_PHASES(X)                                                                              \
    X(BEGINNING, "a collection was decided on; the other threads run")                             \
    X(STOPPING, "the other threads are about to be stopped")                                       \
    X(STOPPED, "they stand; marking begins")                                                       \
    X(ROOTS, "before stacks are scanned: more may be marked, as long as threads stand")            \
    X(REACHED, "weak things were seen to: what is not reached now will go")                        \
    X(MARKED, "marking is over; releasing begins")                                                 \
    X(RELEASED, "the other threads are about to go on")                                            \
    X(RESUMED, "they may run: the pause is over")                                                  \
    X(ENDED, "all is done, and the record of the collection is complete")

#define TER_PHASE_ENUM(identifier, when) TER_PHASE_##identifier,
enum ter_phase { TER_PHASES(TER_PHASE_ENUM) TER_PHASE_COUNT };
#undef TER_PHASE_ENUM

/** "heap full" and so on; "?" for what is no reason. */
TER_API const char *ter_collection_reason_name(enum ter_collection_reason reason);

/**
 * A collection as it passes a point. Times are in nanoseconds, from the decision to collect. What
 * is not known yet at the point is 0; at ENDED all is known. Newer libraries add at the end.
 */
struct ter_collection_event {
    enum ter_phase phase;
    enum ter_collection_reason reason;
    uint64_t number;            /**< of the heap's collections, from 1 */
    uint64_t start_ns;          /**< when it was decided on, by CLOCK_MONOTONIC */
    uint64_t mark_ns;           /**< up to the end of marking; known at RELEASED */
    uint64_t pause_ns;          /**< until the last thread may run again; known at RESUMED */
    uint64_t total_ns;          /**< with what follows the pause; known at ENDED */
    uint64_t allocated_bytes;   /**< since the collection before; known at RELEASED */
    uint64_t used_before_bytes; /**< blocks and pages in use */
    uint64_t used_after_bytes;  /**< known at RELEASED */
    uint64_t heap_bytes;        /**< what may be used before the next; known at RELEASED */
    uint64_t live_bytes;        /**< that were found; known at RELEASED */
    uint64_t live_objects;      /**< known at RELEASED; with all old ones if `young` */
    uint64_t young;             /**< 1: young objects alone are collected */
    uint64_t soft_limit_bytes;  /**< of all heaps of the process (sizing.h); 0: there is none */
    uint64_t exceeded_ns;       /**< for how long it has been giving way; 0: it does not. As the
                                   last collection of any heap left it */
};

/**
 * Is told of each point, in the thread that collects, under the lock of the heap. It must not
 * allocate in the heap, collect, nor wait for other threads of it; and where those may stand it
 * must not take a lock that one of them may hold: malloc and stdio do. `event` is gone afterwards.
 */
typedef void ter_collection_function(void *context, const struct ter_collection_event *event);

/**
 * `function` is told from the next collection on, in the place of the one before. NULL: nobody is,
 * as at first. Under a plan that never collects there is nothing to tell. From inside of such a
 * function it is misuse and stops.
 */
TER_API void ter_heap_on_collection(struct ter_heap *heap, ter_collection_function *function,
                                    void *context);

#ifdef __cplusplus
}
#endif
#endif
