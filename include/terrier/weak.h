/* SPDX-License-Identifier: MIT */
/*
 * Weak things: weak words, ephemerons, guardians. (Weak arrays and tables are objects of a kind
 * with TER_KIND_EPHEMERONS, in kinds.h; finalizers are in finalizers.h.)
 *
 * All of them are seen to in the collection that finds an object unreachable, before threads go on:
 * first the values of ephemerons are kept whose keys are reached; then weak words and weak
 * references go; then guardians get what they guard; then finalizers are found; then ephemerons go
 * whose keys are gone. What comes back by a guardian or a finalizer lives on, but weak references
 * to it are gone.
 *
 * Threads: functions that take a heap are called by any thread that is bound to it, those that take
 * a mutator by the thread that has it. Only ter_ephemeron_new is a safepoint.
 */
#ifndef TERRIER_WEAK_H
#define TERRIER_WEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;
struct ter_mutator;

/* ---- Weak words ---- */

/**
 * `word` holds the address of `object`, and is not itself scanned: it lies in an object of a kind
 * without references, or in memory of the program that is no root. When a collection finds the
 * object unreachable it writes 0 there, before finalizers run. When `word` lies in an object that
 * dies, the heap forgets it; memory of the program has to stay until ter_weak_remove. A word that
 * was added before names the new object now. Many of them (4097 and more) make a collection come
 * sooner, with the next allocation of the thread. TER_ERROR_INVALID: `object` is no object of the
 * heap, or `word` not aligned to a word. TER_ERROR_NO_MEMORY.
 */
TER_API ter_status ter_weak_add(struct ter_heap *heap, void **word, void *object);

/** The word is the program's alone again, and stays as it is. TER_ERROR_INVALID: it was not added.
 */
TER_API ter_status ter_weak_remove(struct ter_heap *heap, void **word);

/**
 * What a weak reference or a key of an ephemeron names: reads one in an object of a kind with
 * TER_KIND_EPHEMERONS and plain slots, or a word that was added by ter_weak_add. What it returns is
 * alive, and stays so at least until the next safepoint: so a table of interned objects may give
 * out what it finds. NULL: it is gone. One load, under the plans that there are; another plan may
 * have to do more, so weak references are read by this alone.
 */
TER_API_INLINE void *ter_weak_get(struct ter_mutator *mutator, void *const *word)
{
    (void)mutator;
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* ---- Ephemerons, one by one ---- */

/**
 * An object that keeps `value` as long as `key` is kept by other ways. It is of a kind that the
 * heap makes when this is called first; a table with many is better a kind of its own
 * (TER_KIND_EPHEMERONS). NULL: memory is out, or kinds are.
 */
TER_API void *ter_ephemeron_new(struct ter_mutator *mutator, void *key, void *value);

/** The key of such an object; NULL: it is gone, and so is the value. */
TER_API_INLINE void *ter_ephemeron_key(struct ter_mutator *mutator, const void *ephemeron)
{
    return ter_weak_get(mutator, (void *const *)ephemeron);
}

/** Its value; NULL when the key is gone. */
TER_API_INLINE void *ter_ephemeron_value(struct ter_mutator *mutator, const void *ephemeron)
{
    return ter_weak_get(mutator, (void *const *)ephemeron + 1);
}

/* ---- Guardians ---- */

/**
 * A queue of objects that were found unreachable, or of what stands for them, to be polled when the
 * runtime likes. No function of the program is called.
 */
struct ter_guardian;

/** Makes a guardian. TER_ERROR_NO_MEMORY. */
TER_API ter_status ter_guardian_new(struct ter_heap *heap, struct ter_guardian **guardian);
/** The guardian is gone, with what it was told and what is in its queue; the end of the heap does
 *  that too. */
TER_API void ter_guardian_free(struct ter_heap *heap, struct ter_guardian *guardian);

/**
 * When `object` is found unreachable, ter_guardian_poll returns `stands_for_it`, once. When that is
 * the object itself, the object lives on. Otherwise it is any object of the heap, which is kept
 * from now on, and the object goes: then this is a weak reference with a queue, if `stands_for_it`
 * is an object with a weak reference to `object`. It must not lead to the object, which would never
 * go. One object may be added to several guardians, and several times. What waits in a guardian is
 * not freed by hand. Many in one guardian make a collection come sooner, as many weak words do.
 * TER_ERROR_INVALID: one of them is no object of the heap. TER_ERROR_NO_MEMORY.
 */
TER_API ter_status ter_guardian_add(struct ter_heap *heap, struct ter_guardian *guardian,
                                    void *object, void *stands_for_it);

/**
 * The next one of the queue, in the order in which collections found them; NULL: it is empty. What
 * it returns is the caller's to keep, and good until the next safepoint.
 */
TER_API void *ter_guardian_poll(struct ter_heap *heap, struct ter_guardian *guardian);

/* ---- Weak things of the runtime's own ---- */

/** A step of a collection; to be used by the function that got it, and not after that. */
struct ter_weak_step;

/**
 * Sees to weak things that no form above fits: tables whose entries are neither slots nor elements
 * of a layout, an order of its own in which references go and finalizers are found. Called once in
 * each collection, in the thread that collects, while all mutators stand: all that roots lead to
 * was reached, with the values of the heap's ephemerons; weak references, guardians and finalizers
 * of the heap come after it, and count what it reached. It takes no lock that a mutator may have,
 * allocates nothing, and calls nothing of the heap but the functions below, ter_heap_find and
 * ter_heap_owner. In a collection of young objects alone the others are reached.
 */
typedef void ter_weak_function(void *context, struct ter_weak_step *step);

/** `function` is called from the next collection on, in the place of the one before. NULL: none. */
TER_API void ter_weak_set_function(struct ter_heap *heap, ter_weak_function *function,
                                   void *context);

/**
 * Was `object` reached? It is an object of the heap, at the address that it had before the
 * collection; one of a kind that never moves, if the plan moves objects when all was reached.
 */
TER_API bool ter_weak_is_reached(const struct ter_weak_step *step, const void *object);
/** The same of up to TER_WEAK_MOST objects at once, which takes less time than one by one: bit n
 * says it of objects[n]. */
#define TER_WEAK_MOST 64u
TER_API uint64_t ter_weak_are_reached(const struct ter_weak_step *step, const void *const *objects,
                                      size_t count);
/** `object` is reached from now on; returns where it is now. What it leads to is not yet. */
TER_API void *ter_weak_reach(struct ter_weak_step *step, void *object);
/** All that follows from what was reached is reached too, also by ephemerons of the heap. */
TER_API void ter_weak_settle(struct ter_weak_step *step);

#ifdef __cplusplus
}
#endif
#endif
