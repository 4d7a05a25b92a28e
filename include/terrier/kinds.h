/* SPDX-License-Identifier: MIT */
/*
 * Kinds of objects: what a runtime says of its own types, so that the heap knows how large an
 * object is, where its references lie, and what may be done with it.
 *
 * The heap keeps nothing in an object and wants no header: 0 bits of an object are its own. What
 * it knows of an object lies beside the heap, by address. While a collection of a plan that moves
 * objects runs, the first word of an object that has moved is the heap's; nobody sees that but a
 * visitor or a size function, and they are only called for objects that are whole.
 *
 * Threads: any thread that is bound to the heap, outside callbacks. No call here is a safepoint.
 */
#ifndef TERRIER_KINDS_H
#define TERRIER_KINDS_H

#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>
#include <terrier/object.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;
struct ter_trace;

/** A heap has so many kinds at most, with those that it begins with and those of pinned forms. */
#define TER_KINDS_MOST (sizeof(void *) > 4 ? 64u : 16u)

/* ---- How large an object is ---- */

/** Who knows the size of an object. */
enum ter_size_form {
    TER_SIZE_AS_ALLOCATED = 0, /**< nobody: it takes all that was given for it */
    TER_SIZE_FIXED = 1,        /**< all objects of the kind have `bytes` */
    TER_SIZE_FROM_HEADER = 2,  /**< a number in the object counts its elements */
    TER_SIZE_BY_FUNCTION = 3   /**< the kind's function */
};

/**
 * The size of the objects of a kind, in bytes. It never changes while an object lives, and is what
 * was asked for when the object was allocated, or less than 16 bytes below that. A heap that moves
 * an object copies at least so many bytes; the option check_heap stops at one that says something
 * else, and check_barriers at one that says more than it was given. It is asked for objects that
 * are not filled yet too, so either those read zero (and 0 is a number that it can have), or what
 * it is made of is stored before the next safepoint (TER_KIND_FILLED).
 */
struct ter_object_size {
    enum ter_size_form form;
    size_t bytes;      /**< FIXED: the size. FROM_HEADER: what is added to the elements' bytes */
    size_t multiplier; /**< FROM_HEADER: bytes of an element */
    unsigned offset;   /**< FROM_HEADER: where in the object the number lies, a multiple of width */
    unsigned width;    /**< FROM_HEADER: bytes of the number: 1, 2, 4 or 8; it has no sign */
    /** BY_FUNCTION: may be called at any time, in any thread, for any object of the kind, also
     *  for one that reads zero yet; it calls nothing of the heap. */
    size_t (*function)(void *context, const void *object);
};

/* ---- What a slot is ---- */

/** What lies in the slots that a kind's layout names. */
enum ter_slot_form {
    TER_SLOTS_PLAIN = 0,   /**< the address of the first byte of an object, or 0; a word */
    TER_SLOTS_TAGGED = 1,  /**< such an address with a tag in its low bits, or something else; a
                               word */
    TER_SLOTS_OFFSET32 = 2 /**< 32 bits: how far the object lies from a base; 0 for none */
};

struct ter_slot_type {
    enum ter_slot_form form;
    uintptr_t mask; /**< TAGGED: the bits that are the tag, of the lowest four: at most 15 */
    /** TAGGED: bit t is set when a word whose tag is t is a reference. Others are none, whatever
     *  they hold: small integers, characters. A word that moves keeps its tag. */
    uint32_t references;
    unsigned shift; /**< OFFSET32: the object lies at base + (offset << shift); 0 to 4 */
    uintptr_t base; /**< OFFSET32: the whole range of the heap lies in reach of it */
};

/* ---- Weak elements ---- */

/**
 * With TER_KIND_EPHEMERONS the header of an object has slots as always, and each element is an
 * ephemeron: its first slot is a key, which the object does not keep; the other slots are values,
 * which are kept as long as the key is kept by other ways: by anything but values whose keys are
 * only kept by these. An element without further slots is a plain weak reference, so a kind of such
 * elements is a weak array. A key that is no reference (0, a small integer, what lies outside of
 * the heap) never goes. Nothing is registered, and there may be any number of such objects.
 *
 * When a collection finds that a key is gone, the words of the element become the words here, 0 by
 * default, before threads go on: nobody ever reads a key that is dead. Plain weak references are
 * cleared before finalizers bring objects back, elements with values after that: so a finalizer
 * still finds what was kept for its object. A table that finds its places by ter_identity_hash and
 * tries one after another wants a `value` that says "there was something here".
 *
 * These words are no references: with TER_SLOTS_TAGGED, words with another tag; with
 * TER_SLOTS_PLAIN, 0 to 4095; with TER_SLOTS_OFFSET32, 0.
 */
struct ter_cleared {
    uintptr_t key;   /**< what a key becomes that is gone */
    uintptr_t value; /**< what each of its values becomes */
};

/* ---- A kind ---- */

/** Flags of a kind, to be added up. */
enum ter_kind_flag {
    TER_KIND_NO_SLOTS = 1,      /**< holds no references. Then there is no layout and no visitor */
    TER_KIND_NEVER_MOVES = 2,   /**< keeps its address under every plan */
    TER_KIND_FINALIZED = 4,     /**< its objects have a finalizer: that of the description */
    TER_KIND_IDENTITY_HASH = 8, /**< a hint: most objects will be asked for their identity hash */
    TER_KIND_REMEMBERED = 16,   /**< always remembered: stores into its objects need no barrier, and
                                    every collection, of however small a part, looks at them */
    TER_KIND_AMBIGUOUS = 32,   /**< any aligned word may be a reference. Then there is no layout and
                                    no visitor, the kind never moves, and what it leads to stays */
    TER_KIND_UNTIL_FREED = 64, /**< a root until it is freed by hand; never moves */
    TER_KIND_FILLED = 128, /**< the program fills an object, whole, before the next safepoint, so it
                               need not read zero when it is allocated. It may all the same. Without
                               this flag the objects of a kind that was added read zero at first,
                               whether they have slots or not */
    TER_KIND_ONLY_SLOTS = 256, /**< its visitor reports slots and objects and no words that may be
                                  references, so its objects may move */
    TER_KIND_EPHEMERONS = 512, /**< elements of its layout are weak: struct ter_cleared */
    TER_KIND_NO_ORDER = 1024   /**< with FINALIZED: whatever other object leads to it */
};

/**
 * Reports the references of `object`, each once, by ter_trace_slot, ter_trace_object,
 * ter_trace_objects or ter_trace_word (heap.h). Called in collections, in any thread and for
 * several objects at once, for any object of the kind, also for one that is dead or reads zero yet.
 * It changes nothing and calls nothing else of the heap. Where objects move, another worker may be
 * moving any other object of a kind that does, so it reads of those nothing; of a kind that never
 * moves it may.
 */
typedef void ter_visitor(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes);

/**
 * Called once for an object that a collection found dead, after its weak references were cleared
 * and its finalizer, if any, has run, and before its memory is used again: to free what hangs on
 * it. In the thread that collected, after the other threads go on, under the heap's lock: it
 * allocates nothing and calls nothing of the heap but ter_external_adjust. What the object refers
 * to may be gone. Kinds with such a function never move. ter_heap_free calls it for all objects
 * that are left; ter_free calls it too.
 */
typedef void ter_dispose_function(void *context, void *object, size_t bytes);

/**
 * Called once for each object, by ter_finalizers_run (finalizers.h), after a collection found the
 * object unreachable: as a function that was given to ter_finalizer_set is, but nothing is
 * registered. An object is finalized before what it refers to, and never if it leads to itself;
 * with TER_KIND_NO_ORDER it is in any case, and together with what it refers to. The object is
 * whole, and may be kept: then it goes when it is found unreachable again, without this, unless
 * ter_finalizer_set is called for it. A function that was set for the object is called in the place
 * of this one. What is freed by hand is not finalized; what is left when the heap ends is, if
 * ter_finalizers_make_ready was called for it. Each collection walks through the whole heap when
 * there is such a kind.
 */
typedef void ter_kind_finalizer(void *object, void *context);

/** What a kind is. All that is 0 is the default; so new members may come. */
struct ter_kind_description {
    const char *name; /**< for messages and reports, at most 23 bytes of it; copied. NULL: none */
    struct ter_object_size size;
    /** Where the slots lie. It and its lists stay as they are as long as the heap. NULL: none.
     *  With TER_SLOTS_OFFSET32, offsets, sizes of parts and bits of bitmaps count in units of 4
     *  bytes where they otherwise count in words. */
    const struct ter_object_layout *layout;
    ter_visitor *visitor;          /**< who knows the slots, if no layout does; NULL: nobody */
    struct ter_slot_type slots;    /**< of the layout's slots */
    unsigned flags;                /**< enum ter_kind_flag, added up */
    ter_dispose_function *dispose; /**< NULL: nothing is to be done */
    void *context;                 /**< for the functions */
    struct ter_cleared cleared;    /**< with TER_KIND_EPHEMERONS */
    ter_kind_finalizer *finalizer; /**< with TER_KIND_FINALIZED */
};

/**
 * Adds a kind, when the heap is made or later; *kind is its number, for ter_allocate and the like.
 * A kind has a layout, a visitor, or the flag TER_KIND_NO_SLOTS or TER_KIND_AMBIGUOUS: exactly one
 * of these. TER_ERROR_FULL: there are TER_KINDS_MOST already. TER_ERROR_OUT_OF_RANGE: with
 * TER_SLOTS_OFFSET32, the heap may come to lie out of reach. TER_ERROR_INVALID: the description
 * contradicts itself; the log says where.
 */
TER_API ter_status ter_kind_define(struct ter_heap *heap,
                                   const struct ter_kind_description *description, unsigned *kind);

/** The name that a kind has, or "" for none. Never NULL; as long as the heap. */
TER_API const char *ter_kind_name(const struct ter_heap *heap, unsigned kind);

/** The kind of the object that begins at `object`. Anything else is misuse and stops. */
TER_API unsigned ter_object_kind(const struct ter_heap *heap, const void *object);

/* ---- Figures ---- */

/** What there is of one kind at one moment, dead objects included until they are swept. */
struct ter_kind_statistics {
    uint64_t objects;
    uint64_t bytes; /**< of the cells and pages that they take */
};

/**
 * Counts all objects of a kind, while the other threads stand; takes as long as a walk through the
 * heap. TER_ERROR_INVALID: no such kind. TER_ERROR_SYSTEM: threads cannot be stopped.
 */
TER_API ter_status ter_kind_count(struct ter_heap *heap, unsigned kind,
                                  struct ter_kind_statistics *statistics);

#ifdef __cplusplus
}
#endif
#endif
