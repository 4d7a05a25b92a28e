/* SPDX-License-Identifier: MIT */
/*
 * Looking at a heap: what lies at a word, all objects, who refers to one, and why it is kept.
 *
 * All but ter_heap_place stop the world as a collection does, so each is a safepoint, and what a
 * reference or an address was before it may be stale afterwards under a plan that moves objects.
 * They change nothing and work under every plan, also under one that never collects. Functions of
 * the program that are called in between stand under the same rules as in a collection: they
 * allocate nothing, take no lock that another thread may have, and call nothing of the heap but
 * ter_heap_find, ter_heap_owner, ter_heap_place, ter_object_bytes and ter_kind_name. Addresses that
 * they get are good until the world goes on.
 */
#ifndef TERRIER_INSPECT_H
#define TERRIER_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>
#include <terrier/kinds.h>
#include <terrier/object.h>
#include <terrier/sft.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;
struct ter_mutator;

/* ---- One word ---- */

/** What lies at a word. */
struct ter_place {
    const struct ter_sft *space; /**< that owns the word, with its name; EMPTY when none does */
    ter_object object;           /**< that covers it; none: it is free, or nobody's */
    size_t offset;               /**< of the word in the object, in bytes */
    size_t bytes;                /**< of the object, as ter_object_bytes says */
    unsigned kind;               /**< of the object */
    bool is_live; /**< in a collection: it was reached; else true of all objects there are */
    bool moves;   /**< a collection may give it another address, unless it is pinned */
};

/**
 * Says what lies at `word`, any word whatever. Any thread, and in callbacks; no lock, no safepoint:
 * what other threads free or a collection moves meanwhile makes the answer stale.
 */
TER_API void ter_heap_place(const struct ter_heap *heap, uintptr_t word, struct ter_place *place);

/* ---- All objects ---- */

/** Which objects are meant. */
enum ter_objects {
    TER_OBJECTS_ALL = 0, /**< all that were allocated and not freed since, dead or not; also cells
                              that a thread stopped by a signal is about to hand out */
    TER_OBJECTS_REACHED = 1 /**< those that a collection now would reach from the roots. Takes some
                                 memory of the system's, up to 40 bytes for each */
};

typedef void ter_walk_function(void *context, ter_object object, size_t bytes, unsigned kind);

/**
 * Calls `function` for each of them once, in no promised order. TER_ERROR_INVALID: no function.
 * TER_ERROR_SYSTEM: threads cannot be stopped. TER_ERROR_NO_MEMORY: `function` was not called.
 */
TER_API ter_status ter_heap_walk(struct ter_heap *heap, enum ter_objects which,
                                 ter_walk_function *function, void *context);

/**
 * Counts them by kind in one walk: figures of kind k are in list[k], for all kinds below `room`.
 * Errors as above; `list` is as it was then.
 */
TER_API ter_status ter_heap_count_kinds(struct ter_heap *heap, enum ter_objects which,
                                        struct ter_kind_statistics *list, unsigned room);

/* ---- References ---- */

/* X(identifier, name): where a reference lies. */
#define TER_REFERENCE_PLACES(X)                                                                    \
    X(OBJECT, "object")                                                                            \
    X(FRAME, "frame")                                                                              \
    X(SLOTS, "root slots")                                                                         \
    X(VISITOR, "root visitor")                                                                     \
    X(PIN, "pin")                                                                                  \
    X(UNCOLLECTABLE, "uncollectable object")                                                       \
    X(FINALIZER, "finalizer")                                                                      \
    X(GUARDIAN, "guardian")                                                                        \
    X(RANGE, "root range")                                                                         \
    X(STATIC, "static data")                                                                       \
    X(THREAD_DATA, "thread-local data")                                                            \
    X(STACK, "stack")                                                                              \
    X(OWN_STACK, "stack of the caller")

#define TER_REFERENCE_PLACE_ENUM(identifier, name) TER_IN_##identifier,

/** Where a reference lies: in an object, or in a root of some form. */
enum ter_reference_place {
    TER_REFERENCE_PLACES(TER_REFERENCE_PLACE_ENUM) TER_REFERENCE_PLACE_COUNT
};

#undef TER_REFERENCE_PLACE_ENUM

/** A word for people, such as "frame". Never NULL. */
TER_API const char *ter_reference_place_name(enum ter_reference_place place);

/** A reference to an object. */
struct ter_reference {
    enum ter_reference_place place;
    bool is_exact;        /**< else the word may be a reference, and was taken for one */
    bool is_weak;         /**< a key of an ephemeron, or a weak reference: it keeps nothing */
    ter_object holder;    /**< TER_IN_OBJECT: the object that it lies in; else none */
    unsigned holder_kind; /**< of that */
    /** The word that holds it: a slot, a word of a stack. NULL where it lies in no word that the
     *  heap knows: in a pin, or what a visitor reports without a slot. */
    const void *word;
    ter_object object; /**< what it leads to */
    unsigned kind;     /**< of that */
    size_t bytes;
};

typedef void ter_reference_function(void *context, const struct ter_reference *reference);

/** For `without`: leaves out all references of that place. TER_IN_OBJECT cannot be left out. */
#define TER_WITHOUT(place) (1u << (place))

/**
 * Why is `object` kept? Calls `function` for each reference of a shortest path to it, the one in a
 * root first. A value of an ephemeron counts when its key is reached, its key never. *length is
 * their number; 0, with TER_OK: nothing leads to the object. `without` leaves out roots
 * (TER_WITHOUT, joined by |): where stacks are scanned, the caller's own stack mostly names the
 * object itself. Roots that the program named (frames, slots, visitors, pins) go before those that
 * were scanned. `function` and `length` may be NULL. TER_ERROR_INVALID: `object` is no object of
 * the heap. TER_ERROR_SYSTEM, TER_ERROR_NO_MEMORY: it is not known, and `function` was not called.
 */
TER_API ter_status ter_heap_path(struct ter_mutator *mutator, const void *object, unsigned without,
                                 ter_reference_function *function, void *context, size_t *length);

/**
 * Who refers to `object`? Calls `function` for each reference to it in a root or in any object,
 * weak ones and dead objects included. One walk through the heap, and no memory. Otherwise as
 * ter_heap_path.
 */
TER_API ter_status ter_heap_referrers(struct ter_mutator *mutator, const void *object,
                                      unsigned without, ter_reference_function *function,
                                      void *context, size_t *count);

/**
 * Writes for people where the reference lies: the form of root with the variable, if the loader
 * knows one, or the object with the offset in it, as "static data: table+0x10" or "pair
 * 0x7f0012345670, +16". At most `bytes` with the zero; returns the length of the whole. A copy of
 * the reference may be described later; not in a function that is called while the world stands,
 * nor with a lock that the loader may want.
 */
TER_API size_t ter_reference_describe(const struct ter_heap *heap,
                                      const struct ter_reference *reference, char *text,
                                      size_t bytes);

/* ---- All of it, in a file ---- */

/**
 * Writes all objects and references of the heap to `file`, from where it stands, in the form of
 * V8's heap snapshots: a file named *.heapsnapshot can be loaded in the memory panel of Chrome's
 * DevTools (docs/seeing.md). Names of objects are those of their kinds, with the place that
 * allocated them under the option `origins`; roots are named by variable, library and thread. Dead
 * objects that no collection has found yet are under a root of their own. The world stands while
 * objects are written, some seconds for each GiB. TER_ERROR_SYSTEM: it cannot be written, with
 * errno, or threads cannot be stopped. TER_ERROR_NO_MEMORY. What was written is no dump then.
 */
TER_API ter_status ter_heap_dump(struct ter_heap *heap, int file);

#ifdef __cplusplus
}
#endif
#endif
