/* SPDX-License-Identifier: MIT */
/*
 * What a runtime inlines into its code: allocation, the barrier of a store; and the forms of
 * allocation that are calls. (The poll of a safepoint, ter_poll, is in threads.h.)
 *
 * A mutator has a window for each kind and size: a run of equal cells, each of which is free, and
 * zero if the kind wants that. Allocating is taking the cell at the cursor; nothing else is written
 * and no lock taken, under any plan. A generator of machine code asks for the window once for each
 * mutator, and emits (x86-64, the window in rbx, cells of 32 bytes):
 *
 *     mov  rax, [rbx]            the cursor: the new object
 *     cmp  rax, [rbx + 8]        is it the limit?
 *     je   slow                  ter_allocate_slow(mutator, window)
 *     lea  rcx, [rax + 32]       window->bytes, which never changes
 *     mov  [rbx], rcx
 *
 * test/checks/fast_code.sh looks at what compilers make of the functions here.
 *
 * Threads: all functions that take a mutator are called by the thread that has it. Allocation is a
 * safepoint in all forms but for TER_ALLOCATE_NO_COLLECT; no other call here is one.
 *
 * The layout of these structs is a promise, which TER_ABI_VERSION (mutator.h) counts; ter_heap_new
 * refuses code that was compiled for another one.
 */
#ifndef TERRIER_FAST_H
#define TERRIER_FAST_H

#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>
#include <terrier/heap.h>
#include <terrier/kinds.h>
#include <terrier/mutator.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Windows ---- */

/**
 * The window of a mutator for objects of `kind` with up to `bytes` bytes. It stays valid as long as
 * the mutator. NULL: objects of so many bytes (more than TER_WINDOW_MOST_BYTES) have none, and
 * ter_allocate serves them. A kind that was never added stops the process.
 */
TER_API struct ter_window *ter_window(struct ter_mutator *mutator, unsigned kind, size_t bytes);

/** The largest object that has a window. */
#define TER_WINDOW_MOST_BYTES ((size_t)8192)

/** What follows when the window is used up. NULL: memory is out. */
TER_API void *ter_allocate_slow(struct ter_mutator *mutator, struct ter_window *window);

/** An object of the window's kind and size, aligned to 16. As ter_allocate, but inline. */
TER_API_INLINE void *ter_allocate_fast(struct ter_mutator *mutator, struct ter_window *window)
{
    uintptr_t cell = window->cursor;

    if (__builtin_expect(cell == window->limit, 0))
        return ter_allocate_slow(mutator, window);
    __atomic_store_n(&window->cursor, cell + window->bytes, __ATOMIC_RELEASE);
    return (void *)cell;
}

/** The largest object whose window ter_allocate_inline finds itself. */
#define TER_INLINE_MOST_BYTES ((size_t)512)

/**
 * As ter_allocate, for a size that is known where it is compiled: then the window is found by
 * arithmetic, and nobody need keep it. More than TER_INLINE_MOST_BYTES are a call.
 */
TER_API_INLINE void *ter_allocate_inline(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    struct ter_window *window;
    size_t index, cell_bytes;
    uintptr_t cell;

    if (bytes > TER_INLINE_MOST_BYTES || kind >= TER_KINDS_MOST)
        return ter_allocate(mutator, kind, bytes);
    index = bytes == 0 ? 0 : (bytes - 1) / 16;
    cell_bytes = (index + 1) * 16;
    window = ter_mutator_windows(mutator) + kind * TER_WINDOWS_OF_KIND + index;
    cell = window->cursor;
    if (__builtin_expect(cell == window->limit, 0))
        return ter_allocate(mutator, kind, bytes);
    __atomic_store_n(&window->cursor, cell + cell_bytes, __ATOMIC_RELEASE);
    return (void *)cell;
}

/** TER_NEW(mutator, kind, struct pair): an object of that type, inline. NULL: memory is out. */
#ifdef __cplusplus
#define TER_NEW(mutator, kind, type)                                                               \
    static_cast<type *>(ter_allocate_inline(mutator, kind, sizeof(type)))
#else
#define TER_NEW(mutator, kind, type) ((type *)ter_allocate_inline(mutator, kind, sizeof(type)))
#endif

/* ---- Forms of allocation ---- */

/** How an object is to be allocated, to be added up. */
enum ter_allocation_form {
    TER_ALLOCATE_PLAIN = 0,
    TER_ALLOCATE_ZEROED = 1, /**< it reads zero, also where its kind is not cleared */
    /** Rather NULL than a collection: then the runtime gets its things in order, and asks again
     *  without this. No safepoint. NULL can also mean that memory is out. */
    TER_ALLOCATE_NO_COLLECT = 2,
    TER_ALLOCATE_NEVER_MOVES = 4, /**< it keeps its address as long as it lives */
    TER_ALLOCATE_REMEMBERED = 8   /**< it is always remembered: stores into it need no barrier */
};

/**
 * As ter_allocate, in that form, at a multiple of `alignment`: a power of two from 1 to 4096; from
 * 32 on the object never moves. From 0 to 2^47 bytes. The last two forms, where kind and plan do
 * not have them anyway, make one more kind for each that they are used with, once
 * (TER_KINDS_MOST; NULL when there are no more). NULL: memory is out, and then the heap's function
 * for that is called first (ter_heap_on_out_of_memory), but for TER_ALLOCATE_NO_COLLECT.
 */
TER_API void *ter_allocate_as(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                              size_t alignment, unsigned form);

/* ---- Barriers ---- */

/**
 * What ter_write and its like call when there is something to do. For generated code: compare the
 * word `barrier` of the mutator's head with 0; if it is not, test the bit (struct
 * ter_mutator_head), and call these if it is set. The range form has no bit.
 */
TER_API void ter_write_slow(struct ter_mutator *mutator, const void *object, const void *slot,
                            const void *value);
TER_API void ter_write_range_slow(struct ter_mutator *mutator, const void *object,
                                  const void *first, size_t bytes);
TER_API void ter_write_object_slow(struct ter_mutator *mutator, const void *object);

/** Is the bit set? `number`: of the slot or object. */
TER_API_INLINE int ter_is_logging(const struct ter_mutator_head *head, uintptr_t log,
                                  uintptr_t number)
{
    const unsigned char *byte = (const unsigned char *)(log + (number / 8 & head->log_mask));

    return __atomic_load_n(byte, __ATOMIC_RELAXED) >> number % 8 & 1;
}

/**
 * To be called before `value` is stored to `slot`, a slot of `object`; no safepoint lies between
 * the two. Not needed while no safepoint came since `object` was allocated, nor when it is always
 * remembered. `value` is the word to be stored; for a slot of 32 bits, the object or NULL.
 */
TER_API_INLINE void ter_write(struct ter_mutator *mutator, const void *object, const void *slot,
                              const void *value)
{
    const struct ter_mutator_head *head = ter_mutator_head_word(mutator);

    if (head->barrier != 0 &&
        __builtin_expect(ter_is_logging(head, head->slot_log, (uintptr_t)slot / sizeof slot), 0))
        ter_write_slow(mutator, object, slot, value);
}

/** The same for any stores into the `bytes` bytes from `first` on, such as by memcpy. */
TER_API_INLINE void ter_write_range(struct ter_mutator *mutator, const void *object,
                                    const void *first, size_t bytes)
{
    if (ter_mutator_head_word(mutator)->barrier != 0)
        ter_write_range_slow(mutator, object, first, bytes);
}

/** The same for any stores into the object; may follow them, if no safepoint lies between. */
TER_API_INLINE void ter_write_object(struct ter_mutator *mutator, const void *object)
{
    const struct ter_mutator_head *head = ter_mutator_head_word(mutator);

    if (head->barrier != 0 &&
        __builtin_expect(ter_is_logging(head, head->object_log, (uintptr_t)object / 16), 0))
        ter_write_object_slow(mutator, object);
}

/**
 * TER_STORE(mutator, pair, pair->first, value): the barrier, then the store; evaluates `value` once
 * and first. The field is a pointer or a word.
 */
#define TER_STORE(mutator, object, field, value)                                                   \
    do {                                                                                           \
        __typeof__(field) ter_stored = (value);                                                    \
        ter_write((mutator), (object), &(field), (const void *)ter_stored);                        \
        (field) = ter_stored;                                                                      \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
