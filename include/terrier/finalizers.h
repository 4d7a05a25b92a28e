/* SPDX-License-Identifier: MIT */
/*
 * Finalizers of single objects. (A kind may have one for each of its objects: kinds.h. Queues
 * without functions are guardians: weak.h.)
 *
 * No finalizer runs by itself: the program runs those that are ready, where and in which thread it
 * likes. The orders are those of Boehm's collector.
 */
#ifndef TERRIER_FINALIZERS_H
#define TERRIER_FINALIZERS_H

#include <stddef.h>

#include <terrier/api.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;

/** When an object is finalized that was found unreachable. */
enum ter_finalizer_order {
    TER_FINALIZER_NORMAL = 0, /**< before what it refers to; never if it leads to itself */
    TER_FINALIZER_IGNORE_SELF =
        1,                        /**< the same, but a slot that refers to its own object is none */
    TER_FINALIZER_NO_ORDER = 2,   /**< in any case, whatever else is finalized */
    TER_FINALIZER_UNREACHABLE = 3 /**< NORMAL, and when nothing that is finalized leads to it */
};

/**
 * `function(object, data)` is called once, by ter_finalizers_run, after `object` was found
 * unreachable; `data` is kept. The object is finalized before what it refers to. In the place of
 * the function that there was; NULL takes that away. The object is whole then, and may be kept:
 * whoever wants to hear of it again sets a finalizer again. Many of them (4097 and more) make a
 * collection come sooner, with the next allocation of the thread. TER_ERROR_INVALID: `object` is no
 * object of the heap. TER_ERROR_NO_MEMORY: all is as before.
 */
TER_API ter_status ter_finalizer_set(struct ter_heap *heap, void *object,
                                     void (*function)(void *object, void *data), void *data);
/** The same in one of the orders above. TER_ERROR_INVALID: there is no such order. */
TER_API ter_status ter_finalizer_set_order(struct ter_heap *heap, void *object,
                                           void (*function)(void *object, void *data), void *data,
                                           enum ter_finalizer_order order);

/**
 * Runs what is ready, in this thread, without a lock held. Returns how many ran. Several threads
 * may do so at once: each function runs in one of them. One may be left by a jump or by the end of
 * its thread.
 */
TER_API size_t ter_finalizers_run(struct ter_heap *heap);

/**
 * Makes all finalizers ready, of objects that are reachable too, and those of kinds: for the end of
 * a runtime, which then runs them. In no order. What they register meanwhile waits as usual, so who
 * wants to see all of them calls this until nothing ran. The other threads stand still meanwhile.
 * TER_ERROR_NO_MEMORY: nothing was made ready, or not all. TER_ERROR_SYSTEM: threads cannot be
 * stopped. Not a safepoint.
 */
TER_API ter_status ter_finalizers_make_ready(struct ter_heap *heap);

#ifdef __cplusplus
}
#endif
#endif
