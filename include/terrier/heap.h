/* SPDX-License-Identifier: MIT */
/*
 * A heap, its mutators and its objects.
 *
 * Threads: a heap is a value; two heaps do not know each other. A mutator belongs to the thread
 * that bound it. Functions that take a mutator are called by its thread; those that take a heap by
 * any thread that is bound to it. None may be called from a signal handler, but for ter_heap_find,
 * ter_heap_owner and ter_heap_of_word. In a callback under a heap's lock (a visitor, a tracer) only
 * these, ter_object_bytes and, in a tracer, ter_trace_word may be called; the others stop the
 * process with one line. Calls that succeed leave errno as it was, but for what functions of the
 * program's own leave in ter_mutator_outside.
 *
 * Roots: stacks, registers and thread-local data of bound threads, and static data as the options
 * say, are scanned conservatively: any word that is the address of a byte of an object keeps that
 * object. A thread may stand on a stack of the program's own, as a coroutine does: that one is
 * scanned up to the end of its mapping, and the thread's own whole; a stack on which nobody stands
 * is the program's to add as a range. What such words lead to does not move. With stacks=exact the
 * program says where its references are instead (roots.h), and the plan may move objects.
 */
#ifndef TERRIER_HEAP_H
#define TERRIER_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>
#include <terrier/mutator.h>
#include <terrier/object.h>
#include <terrier/options.h>
#include <terrier/sft.h>
#include <terrier/statistics.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;
struct ter_mutator;

/* ---- Heaps ---- */

/**
 * Makes a heap. `options` NULL: the defaults, changed by TERRIER_OPTIONS in the environment; what
 * is wrong there is said on standard error and returned. Values that ter_options_set would not take
 * are TER_ERROR_INVALID. On failure *heap is untouched.
 */
TER_API ter_status ter_heap_new(const struct ter_options *options, struct ter_heap **heap);

/**
 * The same for code that was compiled for version `abi` of what is inline (TER_ABI_VERSION); when
 * the library has another one, TER_ERROR_INVALID, and a line in the log says so. A call of
 * ter_heap_new is one of this.
 */
TER_API ter_status ter_heap_new_for(unsigned abi, const struct ter_options *options,
                                    struct ter_heap **heap);
#define ter_heap_new(options, heap) ter_heap_new_for(TER_ABI_VERSION, options, heap)

/**
 * Makes a heap with wishes of the program's own, such as "stacks=exact,heap_initial=64M": options
 * in the form of TERRIER_OPTIONS, which goes before them. What is wrong in either is said on
 * standard error and returned; otherwise as ter_heap_new with the defaults.
 */
#define ter_heap_new_with(wishes, heap) ter_heap_new_with_for(TER_ABI_VERSION, wishes, heap)
TER_API ter_status ter_heap_new_with_for(unsigned abi, const char *wishes, struct ter_heap **heap);

/**
 * Ends a heap and gives everything back to the system. Writes the report that its options ask for.
 * No mutator may be bound to it any more. Finalizers that did not run never will.
 */
TER_API void ter_heap_free(struct ter_heap *heap);

/**
 * The heap whose range holds `word`; NULL if none does. Objects in malloc's memory and memory that
 * the program declared lie in no heap's range. A range is all that a heap may come to lie in: where
 * it is mapped by need, somebody else may have asked for addresses in it; ter_heap_owner knows what
 * is the heap's. Any thread, any time, no lock.
 */
TER_API struct ter_heap *ter_heap_of_word(uintptr_t word);

/* ---- Mutators ---- */

/**
 * Makes the calling thread a mutator of the heap, once per heap: else TER_ERROR_INVALID. A
 * collection stops the other mutators by a signal (SIGPWR), so system calls of theirs may see EINTR
 * as with any handler. Binding takes that signal out of those that the thread blocks. One that
 * blocks it later, or takes it by sigwait, and does not answer a collection for 15 s ends the
 * process with a line that names it. A thread that ends bound is unbound by that.
 */
TER_API ter_status ter_mutator_bind(struct ter_heap *heap, struct ter_mutator **mutator);

/** The calling thread's stack is no longer scanned and `mutator` is gone. */
TER_API void ter_mutator_unbind(struct ter_mutator *mutator);

/**
 * Calls `function(data)` while the thread counts as outside the heap: collections do not wait for
 * it or stop it, and its stack is scanned as it is at this call. The function must not allocate,
 * nor hold references that are nowhere else. For system calls that block.
 */
TER_API void *ter_mutator_outside(struct ter_mutator *mutator, void *(*function)(void *data),
                                  void *data);

/* ---- Objects ---- */

/** Kinds that every heap has. ter_kind_add adds others. */
enum ter_builtin_kind {
    TER_KIND_ATOMIC = 0,              /**< holds no references; not cleared */
    TER_KIND_NORMAL = 1,              /**< any aligned word may be a reference; cleared */
    TER_KIND_UNCOLLECTABLE = 2,       /**< like NORMAL; a root until it is freed */
    TER_KIND_ATOMIC_UNCOLLECTABLE = 3 /**< like ATOMIC; stays until it is freed */
};

/**
 * Allocates at least `bytes` bytes, aligned to 16. 0 bytes give an object of the smallest size. May
 * collect first. NULL when memory is out: a refusal by the system, or the option heap_max; at once
 * when the machine has not that much.
 */
TER_API void *ter_allocate(struct ter_mutator *mutator, unsigned kind, size_t bytes);

/**
 * Gives `object` at least `bytes` bytes, moving it if need be; new bytes are zero where the kind is
 * cleared. NULL, with the object as it was, when memory is out. `object` NULL allocates
 * TER_KIND_NORMAL.
 */
TER_API void *ter_reallocate(struct ter_mutator *mutator, void *object, size_t bytes);

/**
 * Frees an object now. NULL does nothing; what is no object of this heap, or is the program's own
 * (ter_vm_object), is misuse and stops.
 */
TER_API void ter_free(struct ter_mutator *mutator, void *object);

/** Which object covers `word`? None for any other word whatever. */
TER_API ter_object ter_heap_find(const struct ter_heap *heap, uintptr_t word);

/** Which space owns `word`? EMPTY for any word that no space owns. Never NULL. */
TER_API const struct ter_sft *ter_heap_owner(const struct ter_heap *heap, uintptr_t word);

/** Bytes that `object`, an object of this heap, can hold; at least what was asked for. */
TER_API size_t ter_object_bytes(const struct ter_heap *heap, ter_object object);

/**
 * Calls `visit` for every object while the other threads stand still, cells included that those are
 * about to hand out. It must not allocate, free, collect, or take locks of other threads (malloc!).
 * TER_ERROR_SYSTEM when threads cannot be stopped, TER_ERROR_INVALID when `visit` is NULL.
 */
TER_API ter_status ter_heap_for_each_object(struct ter_heap *heap,
                                            void (*visit)(void *context, ter_object object,
                                                          size_t bytes),
                                            void *context);

/**
 * Adds a kind of objects whose references `tracer` knows: it is called in collections, possibly
 * for objects that were allocated but not filled in yet, and reports each reference, with
 * ter_trace_slot where it knows that it is one, else with ter_trace_word. *kind is its number.
 * TER_ERROR_FULL when there is room for no more,
 * TER_ERROR_INVALID when `tracer` is NULL.
 */
TER_API ter_status ter_kind_add(struct ter_heap *heap,
                                void (*tracer)(void *context, struct ter_trace *trace,
                                               uintptr_t object, size_t bytes),
                                void *context, unsigned *kind);

/**
 * Adds a kind of objects whose references lie where `layout` says; their memory is cleared. No
 * function is called for them. The layout, and the lists that it names, stay as they are as long as
 * the heap. TER_ERROR_FULL as above, TER_ERROR_INVALID when the layout has a misaligned or
 * unordered offset or one outside of its part, or elements without a size; the log says which.
 */
TER_API ter_status ter_kind_add_layout(struct ter_heap *heap,
                                       const struct ter_object_layout *layout, unsigned *kind);

/** From a tracer: `word` may be a reference to any byte of an object. */
TER_API void ter_trace_word(struct ter_trace *trace, uintptr_t word);

/**
 * From a tracer: `slot` lies in the object and holds a reference, exactly, or 0. A collector that
 * moves objects writes the new reference there.
 */
TER_API void ter_trace_slot(struct ter_trace *trace, ter_slot slot);

/**
 * From a tracer: the object at `object`, which is one or NULL, is reached; returns where it is from
 * now on. For references that lie in no slot that could be written to, such as in a NaN box.
 */
TER_API void *ter_trace_object(struct ter_trace *trace, void *object);

/**
 * The same for each of `count` objects, NULL among them or not; writes there where they are from
 * now on. For a visitor that reads its references out of values with a tag beside them, and gathers
 * some on the stack before it calls.
 */
TER_API void ter_trace_objects(struct ter_trace *trace, void **objects, size_t count);

/* ---- Memory that is out, memory elsewhere ---- */

/**
 * `function` is called, in the thread that allocates and without a lock, when memory is out also
 * after a collection; what it returns is what the allocation returns. It may allocate, let go of
 * things and try again, or leave by a jump or an exception. NULL: allocations return NULL then, as
 * at first. The heap goes on in any case.
 */
typedef void *ter_out_of_memory_function(void *context, struct ter_mutator *mutator, unsigned kind,
                                         size_t bytes);
TER_API void ter_heap_on_out_of_memory(struct ter_heap *heap, ter_out_of_memory_function *function,
                                       void *context);

/**
 * So many bytes more (or, negative, fewer) hang on objects of the heap and are not in it, such as
 * what malloc gave. What was added since the last collection counts like what was allocated in the
 * heap, so it makes collections come sooner; the limit of the heap does not count it. Any thread;
 * also in a dispose function or a finalizer. No safepoint: a collection that becomes due comes with
 * the next allocation of the thread.
 */
TER_API void ter_external_adjust(struct ter_heap *heap, ptrdiff_t bytes);

/* ---- Collections ---- */

/** Collects now. */
TER_API void ter_collect(struct ter_mutator *mutator);
/**
 * Collects young objects alone, where the plan has them, that is worth it, and the old ones have
 * not grown too much since all were collected; else all. For a runtime that knows a good moment,
 * such as one without a deep stack.
 */
TER_API void ter_collect_young(struct ter_mutator *mutator);

/**
 * Gives all free memory of the heap back to the system now and returns the bytes. By itself the
 * heap gives back what it is not likely to need soon (option give_back).
 */
TER_API size_t ter_heap_release_memory(struct ter_heap *heap);

/* ---- Roots ---- */

/**
 * Words in [start, end) keep objects until removed. What of it cannot be read when a collection
 * comes is skipped, with a warning. TER_ERROR_OUT_OF_RANGE: the end is before the start.
 */
TER_API ter_status ter_roots_add_range(struct ter_heap *heap, const void *start, const void *end);
TER_API ter_status ter_roots_remove_range(struct ter_heap *heap, const void *start,
                                          const void *end);

/* ---- Memory of the program's own ---- */

/** What a range of the program's memory is to the heap. */
enum ter_vm_use {
    TER_VM_ROOTS = 0, /**< any aligned word in it keeps objects, as a static root does */
    TER_VM_TRACED = 1 /**< it holds objects, each made known by ter_vm_object */
};

/**
 * Declares [start, start + bytes), which is the program's, as memory of the heap's space "vm": the
 * map finds it. It stays readable until it is removed. A space owns whole chunks of 4 MiB, so no
 * chunk that the range touches may belong to another space; ranges may share one. The heap is one
 * with the option vm_space.
 *
 * TER_ERROR_OWNED: another space, the heap's own range or another range of the program is in the
 * way. TER_ERROR_OUT_OF_RANGE: the range is empty, wraps, or lies where the map does not reach.
 * TER_ERROR_NO_MEMORY. TER_ERROR_INVALID: the heap has no such space. Nothing changed then, and a
 * sentence of at most `message_bytes` says what is in the way (NULL with 0 for none).
 */
TER_API ter_status ter_vm_space_add(struct ter_heap *heap, const void *start, size_t bytes,
                                    enum ter_vm_use use, char *message, size_t message_bytes);

/**
 * Takes such a range away, exactly as it was added, before its memory goes. Its objects are no
 * objects any more; their finalizers are dropped. TER_ERROR_INVALID: there is no such range.
 */
TER_API ter_status ter_vm_space_remove(struct ter_heap *heap, const void *start, size_t bytes);

/**
 * Says that [object, object + bytes) is an object of `kind`, in a traced range. It begins at a
 * multiple of 16 and takes whole units of 16 bytes, to which `bytes` is rounded up. The heap never
 * frees it; when a collection reaches it, it is marked, and its contents are scanned by its kind.
 * Until the first collection after this it counts as reached.
 *
 * TER_ERROR_INVALID: no such kind, not aligned, 0 bytes, or no such space. TER_ERROR_OUT_OF_RANGE:
 * not wholly in a traced range. TER_ERROR_OWNED: it overlaps another object.
 */
TER_API ter_status ter_vm_object(struct ter_heap *heap, void *object, size_t bytes, unsigned kind);

/* ---- Figures ---- */

/** Fills in at most `struct_bytes` bytes of `statistics` (pass sizeof *statistics). */
TER_API void ter_heap_statistics(struct ter_heap *heap, struct ter_statistics *statistics,
                                 size_t struct_bytes);

/** Formats of a report. */
enum ter_report_format { TER_REPORT_TEXT = 1, TER_REPORT_JSON = 2 };

/** Writes a report to a file descriptor. TER_ERROR_INVALID: no such format. */
TER_API ter_status ter_heap_report(struct ter_heap *heap, int file, enum ter_report_format format);

#ifdef __cplusplus
}
#endif
#endif
