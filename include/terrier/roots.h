/* SPDX-License-Identifier: MIT */
/*
 * Roots: where a program keeps references to objects outside of the heap.
 *
 * Exact roots are slots of which the program says that each holds a reference: frames of the C
 * stack, slots in static data, and what functions of the program report in each collection. A
 * collector that moves an object writes the new reference to the slot. So after every safepoint
 * (threads.h) a reference is to be read from its slot again; no copy of it in a local variable is
 * to be believed. Ambiguous roots are words that may be references: ranges, and stacks by the
 * option stacks=ambiguous. What they lead to stays where it is until the end of the collection, and
 * so does what is pinned. All forms may be used together in one heap, under every plan.
 *
 * Threads: functions that take a heap are called by any thread that is bound to it, those that take
 * a mutator by the thread that has the mutator. None is a safepoint.
 */
#ifndef TERRIER_ROOTS_H
#define TERRIER_ROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>
#include <terrier/kinds.h>
#include <terrier/mutator.h>
#include <terrier/object.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;
struct ter_mutator;

/** What a word of a frame or of a range of slots is. */
enum ter_root_form {
    TER_ROOT_EXACT = 0,   /**< the address of the first byte of an object, or 0 */
    TER_ROOT_PINNING = 1, /**< any word; if it is the address of a byte of an object, that object is
                             kept and does not move */
    TER_ROOT_TAGGED = 2   /**< a value of the runtime's, as ter_roots_set_tags says */
};

/**
 * How TER_ROOT_TAGGED words are read from now on, in frames, slots and visits alike: as the slots
 * of a kind with that type (kinds.h), so that a runtime says it once, for both. At first as
 * TER_SLOTS_PLAIN. It is copied. TER_ERROR_INVALID: the type contradicts itself, or is of
 * TER_SLOTS_OFFSET32, whose slots are no words.
 */
TER_API ter_status ter_roots_set_tags(struct ter_heap *heap, const struct ter_slot_type *type);

/* ---- Frames ---- */

/**
 * A frame of slots, which lie behind it in memory: usually on the C stack, where it is pushed when
 * a function begins and popped before it ends. Frames belong to the mutator that they were pushed
 * on, or to its stack (threads.h), and are popped in the opposite order. What they lead to is kept.
 * None is left when its function ends, in whichever way: jumps and pthread_exit pop nothing.
 */
struct ter_frame {
    struct ter_frame *outer; /**< the frame that was pushed before; NULL: none */
    uintptr_t shape;         /**< four times the number of slots, plus an enum ter_root_form */
};

#ifdef __cplusplus
#define TER_FRAME_EMPTY                                                                            \
    {                                                                                              \
    }
#else
#define TER_FRAME_EMPTY                                                                            \
    {                                                                                              \
        .frame = { NULL, 0 }                                                                       \
    }
#endif

#define TER_FRAME_SHAPE(slots, form) ((uintptr_t)(slots)*4u + (uintptr_t)(form))

/** The head of a mutator, which lies at its address. */
TER_API_INLINE struct ter_mutator_head *ter_mutator_head_of(struct ter_mutator *mutator)
{
    return (struct ter_mutator_head *)(void *)mutator;
}

/**
 * Pushes `frame`, whose slots behind it hold references or 0 already. They are roots from now on.
 * Two loads and stores; a signal that stops the thread finds it done or not begun.
 */
TER_API_INLINE void ter_frame_push(struct ter_mutator *mutator, struct ter_frame *frame,
                                   uintptr_t shape)
{
    struct ter_mutator_head *head = ter_mutator_head_of(mutator);

    frame->outer = head->frames;
    frame->shape = shape;
    __atomic_store_n(&head->frames, frame, __ATOMIC_RELEASE);
}

/** Pops `frame`, and every frame that was pushed after it: it need not be the innermost. */
TER_API_INLINE void ter_frame_pop(struct ter_mutator *mutator, const struct ter_frame *frame)
{
    __atomic_store_n(&ter_mutator_head_of(mutator)->frames, frame->outer, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/**
 * What is innermost now, for ter_frames_restore: before setjmp, or where an exception is caught.
 * NULL when there is no frame.
 */
TER_API_INLINE struct ter_frame *ter_frames_save(struct ter_mutator *mutator)
{
    return ter_mutator_head_of(mutator)->frames;
}

/** After a jump to where `saved` was innermost: pops all that was pushed since. */
TER_API_INLINE void ter_frames_restore(struct ter_mutator *mutator, struct ter_frame *saved)
{
    __atomic_store_n(&ter_mutator_head_of(mutator)->frames, saved, __ATOMIC_RELEASE);
}

/**
 * TER_FRAME(mutator, name, 3): a frame with three slots name.slots[0] to name.slots[2], all NULL,
 * is there and pushed. To be popped by TER_FRAME_END(mutator, name) on every way out.
 */
#define TER_FRAME(mutator, name, count) TER_FRAME_AS(mutator, name, count, TER_ROOT_EXACT)

/** The same with slots of another form. */
#define TER_FRAME_AS(mutator, name, count, form)                                                   \
    struct {                                                                                       \
        struct ter_frame frame;                                                                    \
        void *slots[count];                                                                        \
    } name;                                                                                        \
    for (size_t name##_slot = 0; name##_slot < (size_t)(count); name##_slot++)                     \
        name.slots[name##_slot] = NULL;                                                            \
    ter_frame_push(mutator, &name.frame, TER_FRAME_SHAPE(count, form))

/**
 * TER_ROOTS(mutator, name, struct pair *head; struct pair *tail;): the same with slots that have
 * names and types, name.head and name.tail. All have the size of a word: pointers, or uintptr_t.
 */
#define TER_ROOTS(mutator, name, ...) TER_ROOTS_AS(mutator, name, TER_ROOT_EXACT, __VA_ARGS__)

/** The same with slots of another form: TER_ROOTS_AS(mutator, local, TER_ROOT_TAGGED, value a;). */
#define TER_ROOTS_AS(mutator, name, form, ...)                                                     \
    struct name##_roots {                                                                          \
        struct ter_frame frame;                                                                    \
        __VA_ARGS__                                                                                \
    } name = TER_FRAME_EMPTY;                                                                      \
    ter_frame_push(mutator, &name.frame,                                                           \
                   TER_FRAME_SHAPE((sizeof name - sizeof name.frame) / sizeof(void *), form))

#define TER_FRAME_END(mutator, name) ter_frame_pop(mutator, &(name).frame)

/* ---- Slots ---- */

/**
 * The `count` words from `first` on are roots of that form until they are removed: static
 * variables, or a table of the runtime's. They stay readable and writable meanwhile.
 * TER_ERROR_INVALID: not aligned to a word, no words, or some of them are roots already.
 * TER_ERROR_NO_MEMORY.
 */
TER_API ter_status ter_roots_add_slots(struct ter_heap *heap, void *first, size_t count,
                                       enum ter_root_form form);
/** Removes words that were added, also out of the middle. TER_ERROR_INVALID: not all of them were.
 */
TER_API ter_status ter_roots_remove_slots(struct ter_heap *heap, void *first, size_t count);

/* ---- Visitors ---- */

/** A visit of roots; to be used by the function that got it, and not after that. */
struct ter_root_visit;

/**
 * Reports roots by the functions below. Called in each collection, in the thread that collects,
 * while all mutators stand: it takes no lock that one of them may have, allocates nothing, and
 * calls nothing of the heap but those functions, ter_heap_find and ter_heap_owner. Under plans that
 * move objects it is called twice in each collection, and says the same both times: first what pins
 * is taken, then what is exact, and the calls for the other do nothing. Or, where objects move when
 * all is marked, all is taken first, and then what is exact again, to be written.
 */
typedef void ter_roots_function(void *context, struct ter_root_visit *visit);

/**
 * Calls `function(context, ...)` for the heap in each collection. Visitors are called in the order
 * in which they were added. TER_ERROR_INVALID: NULL, or this one is there. TER_ERROR_FULL: there
 * are 16.
 */
TER_API ter_status ter_roots_add_visitor(struct ter_heap *heap, ter_roots_function *function,
                                         void *context);
/** TER_ERROR_INVALID: there is no such visitor. */
TER_API ter_status ter_roots_remove_visitor(struct ter_heap *heap, ter_roots_function *function,
                                            void *context);
/**
 * The visitor of one mutator, for what its thread keeps: the stack of an interpreter, say. It goes
 * with the mutator. NULL: none.
 */
TER_API void ter_mutator_set_visitor(struct ter_mutator *mutator, ter_roots_function *function,
                                     void *context);

/** `slot` holds a reference, or 0. What moves is written to it. Each slot is reported once. */
TER_API void ter_visit_slot(struct ter_root_visit *visit, ter_slot slot);
/** The `count` words from `first` on, aligned to words, are of that form. */
TER_API void ter_visit_slots(struct ter_root_visit *visit, void *first, size_t count,
                             enum ter_root_form form);
/**
 * `object`, an object or NULL, is kept; returns where it is from now on. For references that lie in
 * no slot, such as in a NaN box or in machine code. The same address while the visit takes what
 * pins.
 */
TER_API void *ter_visit_object(struct ter_root_visit *visit, void *object);
/** `word` may be the address of a byte of an object: that one is kept and does not move. */
TER_API void ter_visit_word(struct ter_root_visit *visit, uintptr_t word);

/* ---- Pins ---- */

/**
 * Keeps `object` and its address until ter_unpin was called as often as this. Takes the heap's
 * lock, some 40 ns; for the time of a call TER_PIN is cheaper. Pins end with the heap; before
 * ter_free of the object they are undone. What is no object stops the process.
 * TER_ERROR_NO_MEMORY: it is not pinned.
 */
TER_API ter_status ter_pin(struct ter_heap *heap, void *object);
/** Undoes one ter_pin. An object that is not pinned stops the process. */
TER_API void ter_unpin(struct ter_heap *heap, void *object);

/**
 * TER_PIN(mutator, name, object): `object` is kept and stays where it is until TER_PIN_END(mutator,
 * name). A frame of one slot, with the cost of that.
 */
#define TER_PIN(mutator, name, object)                                                             \
    struct {                                                                                       \
        struct ter_frame frame;                                                                    \
        void *slots[1];                                                                            \
    } name;                                                                                        \
    name.slots[0] = (object);                                                                      \
    ter_frame_push(mutator, &name.frame, TER_FRAME_SHAPE(1, TER_ROOT_PINNING))

#define TER_PIN_END(mutator, name) TER_FRAME_END(mutator, name)

/**
 * May a collection give `object` another address? False when its space never moves anything, and
 * while ter_pin holds it.
 */
TER_API bool ter_is_movable(const struct ter_heap *heap, const void *object);

/**
 * A number for `object` that stays the same as long as the object does, wherever it moves. Under
 * plans that never move objects it is computed from the address. Under others the first call for an
 * object makes an entry of 16 bytes in a table of the heap; each call takes the heap's lock, and
 * each collection looks at every entry. 0 when there is no memory for the entry; never otherwise.
 */
TER_API uintptr_t ter_identity_hash(struct ter_heap *heap, const void *object);

#ifdef __cplusplus
}
#endif
#endif
