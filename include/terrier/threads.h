/* SPDX-License-Identifier: MIT */
/*
 * Threads of a heap: safepoints, mutators that leave the heap or change threads, stacks of the
 * program's own. (ter_mutator_bind and ter_mutator_unbind are in heap.h.)
 *
 * How a collection stops mutators is the option stop. With signals, each is stopped where it is;
 * that is for heaps that scan stacks (stacks=ambiguous). With safepoints, which stacks=exact wants,
 * no signal is sent and none is handled: a collection waits until each mutator stands at a
 * safepoint or is outside the heap. Safepoints are: ter_poll, every allocation that is not said to
 * be none (ter_reallocate too), ter_collect, ter_heap_for_each_object, ter_mutator_leave,
 * ter_mutator_enter, ter_mutator_attach and ter_mutator_outside; no other call is one. Between two
 * safepoints no object moves or goes. So every loop of a runtime that may take long has a poll in
 * it, and whatever waits is done outside. One mutator that comes to no safepoint keeps all waiting;
 * after 2 s a line in the log names its thread.
 *
 * A heap uses no thread of its own unless asked: with stacks=exact, the option markers=0 means that
 * the thread which collects marks alone; another number is how many mark together.
 */
#ifndef TERRIER_THREADS_H
#define TERRIER_THREADS_H

#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>
#include <terrier/mutator.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;
struct ter_mutator;

/* ---- Safepoints ---- */

/** What ter_poll calls when a safepoint is wanted: stands until the collection is over. */
TER_API void ter_poll_slow(struct ter_mutator *mutator);

/**
 * A safepoint: one load and one branch, unless somebody waits for it. Generated code compares the
 * word `poll` of the mutator's head (mutator.h) with 0 itself.
 */
TER_API_INLINE void ter_poll(struct ter_mutator *mutator)
{
    const struct ter_mutator_head *head = (const struct ter_mutator_head *)(const void *)mutator;

    if (__builtin_expect(__atomic_load_n(&head->poll, __ATOMIC_RELAXED) != 0, 0))
        ter_poll_slow(mutator);
}

/* ---- Outside ---- */

/**
 * From now on the mutator is outside the heap: no collection waits for it or stops it, and what its
 * frames and visitor say stays a root. Until ter_mutator_enter the thread touches no object and
 * calls nothing of the heap but ter_heap_find, ter_heap_owner and ter_heap_of_word: for what waits
 * or takes long, when ter_mutator_outside, which calls a function, does not fit. Where stacks are
 * scanned, the stack is scanned as it is at this call, and the function that called it may not
 * return before ter_mutator_enter. Not to be nested. Both together take the heap's lock twice: some
 * 80 ns, and 300 ns where stacks are scanned.
 */
TER_API void ter_mutator_leave(struct ter_mutator *mutator);
/** The mutator is back; waits for a collection to end. */
TER_API void ter_mutator_enter(struct ter_mutator *mutator);

/* ---- From one thread to another ---- */

/**
 * The calling thread lets go of the mutator, which it may never use again unless it attaches it. It
 * belongs to no thread then, counts as outside the heap, and its frames, its visitor and the stacks
 * that are not the thread's own stay roots. Where stacks are scanned, that of the thread no longer
 * is, as after ter_mutator_unbind. Objects in its runs and its counts go along. The program sees to
 * it that this happens before ter_mutator_attach (a lock, a queue).
 */
TER_API void ter_mutator_detach(struct ter_mutator *mutator);
/**
 * The calling thread takes a mutator that no thread has, and may use it like one that it bound;
 * waits for a collection to end. TER_ERROR_INVALID: some thread has it, or the caller has another
 * mutator of the heap. TER_ERROR_NO_MEMORY, TER_ERROR_SYSTEM: no record of the thread could be
 * made. A thread that ends with a mutator ends that mutator, as unbinding does.
 */
TER_API ter_status ter_mutator_attach(struct ter_mutator *mutator);

/**
 * From now on the mutator is no thread's own: any thread may call with it, and counts as its thread
 * in that call. The program sees to it that one at a time does, and that what one did is there for
 * the next (a lock, a queue). No thread's end ends it, and a forked child keeps it. For a runtime
 * that does not know which thread calls it, such as an interpreter with a C interface. The mutator
 * is the only one of its heap, and no thread can bind another. TER_ERROR_INVALID: there are others,
 * or the heap has not both stacks=exact and stop=safepoints.
 */
TER_API ter_status ter_mutator_roam(struct ter_mutator *mutator);

/* ---- Stacks ---- */

/**
 * A stack of the program's own: of a coroutine, a fiber, a generator. Frames that are pushed while
 * it is the mutator's current one are its frames.
 */
struct ter_stack;

/**
 * Declares the stack [low, high), on which nothing runs yet. Where stacks are scanned, that is what
 * is scanned of it: from where it was switched away from, or from the stack pointer while the
 * thread is on it, up to `high`. With stacks=exact both may be NULL. TER_ERROR_NO_MEMORY;
 * TER_ERROR_INVALID: `high` is not above `low`.
 */
TER_API ter_status ter_stack_new(struct ter_mutator *mutator, void *low, void *high,
                                 struct ter_stack **stack);
/**
 * To be called right before the thread goes on on another stack: one declared, or NULL for the
 * stack that the thread has from the system. The frames of the one are put away, those of the other
 * are the mutator's now. No lock. A stack may go on in another thread, with that one's mutator,
 * when the program sees to the order. Stops the process when `stack` is the current one of another
 * mutator.
 */
TER_API void ter_stack_switch(struct ter_mutator *mutator, struct ter_stack *stack);
/**
 * The stack is the program's alone again, and its frames are no roots any more. It is not the
 * current one of any mutator. To be called while its memory is still there.
 */
TER_API void ter_stack_free(struct ter_mutator *mutator, struct ter_stack *stack);

#ifdef __cplusplus
}
#endif
#endif
