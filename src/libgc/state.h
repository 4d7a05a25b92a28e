/* SPDX-License-Identifier: MIT */
/* What the files of this floor share. */
#pragma once

#include "heap/heap.h"
#include "libgc/abi.h"

/* Kinds beyond the builtin four, which have the numbers that programs expect. */
struct ter_libgc {
    struct ter_heap *heap; /* NULL until the first call */
    struct ter_collector *collector;
    struct ter_mutator *main_mutator; /* whose stack GC_stackbottom is about */
    bool threads_allowed;             /* the program said that it may have more than one */
    size_t extra_bytes; /* 1 when a pointer one past the end keeps an object: all interior */
    GC_warn_proc warn;
    GC_start_callback_proc start_callback;
    GC_stop_func stop; /* asked before collections that nobody asked for by name; NULL: go on */
    unsigned markers;  /* that the program asked for; 0: it did not */
    int force_unmap;   /* GC_gcollect gives memory back */
    int automatic_off; /* no collections because the heap is full, unless there is no memory */
    GC_word bytes_per_finalizer; /* fewer allocated for each make a collection due */
    size_t least_allocated;      /* between two collections */
    _Atomic size_t reclaimed;    /* by the last collection, about; and by those before it */
    _Atomic size_t reclaimed_before;
    _Atomic bool debugging; /* there was an object of the debugging functions */
    bool dump_regularly;    /* after every collection */
    bool loop_on_abort;     /* a program that would stop waits for a debugger instead */
    bool measuring;
    uint8_t displacements[TER_MAX_DISPLACEMENT]; /* that count when not all interior bytes do */
    uint64_t measured_ns;
    _Atomic GC_word notified_collection;
};

extern struct ter_libgc ter_libgc;

/* The calling thread's mutator; NULL before its first call, and in a guest but for its calls. */
extern _Thread_local struct ter_mutator *ter_libgc_mutator;

/* True when the calling thread may use its mutator. */
TER_INLINE bool ter_libgc_is_inside(void)
{
    return TER_LIKELY(ter_libgc_mutator != NULL);
}

/*
 * Calls the function with the thread inside (guests.c): the heap is made if need be, and a thread
 * that is not registered is a guest for the time of the call.
 */
TER_COLD void *ter_libgc_inside(void *(*function)(void *data), void *data);

/* Calls what the program gave, without the lock; a guest is outside meanwhile, as it may not come
 * back. */
void *ter_libgc_call_program(void *(*function)(void *data), void *data);

/* The mutator of a thread that is not registered, and is outside; made by its first call. */
struct ter_mutator *ter_libgc_guest(void);
/* It becomes that of a registered thread, which is inside; NULL if there is none. */
struct ter_mutator *ter_libgc_take_guest(void);
/* The calling thread's guest goes. */
void ter_libgc_guest_ended(const struct ter_mutator *mutator);
/* A mutator of the thread goes as its thread ends; a callback of the collector. */
void ter_libgc_thread_ended(void *context, const struct ter_mutator *mutator);

/* What the program said of memory being out. */
TER_COLD void *ter_libgc_out_of_memory(size_t bytes);

/* From now on GC_on_abort is called before the program stops for good. */
void ter_libgc_take_last_words(void);

/* Sends a message of the form "GC Warning: ..." with one number where it says %lu. */
TER_COLD void ter_libgc_warn(const char *message, GC_word argument);

/* Reads the environment into options and variables, before the heap is made. */
void ter_libgc_read_environment(struct ter_options *options);
/* Makes the collector call what stands in hooks.c. */
void ter_libgc_connect(struct ter_collector *collector);

/* For functions that threads may call which are not registered: there is a heap. */
TER_INLINE struct ter_allocator *ter_libgc_ready(void)
{
    if (TER_UNLIKELY(ter_libgc.heap == NULL))
        GC_init();
    return &ter_libgc.collector->allocator;
}

/* The same, and its lock is held. */
TER_INLINE struct ter_allocator *ter_libgc_lock_for(const char *call)
{
    struct ter_allocator *allocator = ter_libgc_ready();

    ter_allocator_lock_for(allocator, call);
    return allocator;
}

#define ter_libgc_lock() ter_libgc_lock_for(__func__)

/*
 * For functions that the stock library lets callbacks call: there is a heap. True: unlock it after.
 */
TER_INLINE bool ter_libgc_lock_if_not_held(void)
{
    struct ter_allocator *allocator = &ter_libgc.collector->allocator;
    bool held = ter_allocator_is_locked_by_me(allocator);

    if (!held)
        ter_allocator_lock(allocator);
    return !held;
}

TER_INLINE void ter_libgc_unlock_if(bool locked)
{
    if (locked)
        ter_allocator_unlock(&ter_libgc.collector->allocator);
}

/* An object or NULL, without asking the program's function for a full heap. */
void *ter_libgc_allocate(unsigned kind, size_t bytes);
/* Frees an object that no debugging function made. */
void ter_libgc_free(void *object);
/* Only the first page of a large object keeps it from now on. */
void *ter_libgc_ignore_off_page(void *object);
/* The kind of that number; stops when there is none. */
unsigned ter_libgc_check_kind(int kind);
/* Puts a mark procedure at a reserved index. */
void ter_libgc_set_procedure(unsigned index, GC_mark_proc procedure);
/* Lets go of an object for good, under the lock. */
void ter_libgc_release_locked(uintptr_t object);

/* Runs finalizers or tells the program that there are some. Without the lock. */
void ter_libgc_finalizers_ready(void);

/* Calls GC_push_other_roots; a callback of the collector. */
void ter_libgc_push_roots(void);

/* Copies variables that the program may have written into the collector. Under the lock. */
void ter_libgc_read_variables(void);
/* Updates variables that the program may read. Under the lock. */
void ter_libgc_write_variables(void);

/* Calls the program's function for what entered the queue since it had `found` in all. */
void ter_libgc_await_finalizers(uint64_t found);

/*
 * During a collection, under the lock. `..._before` while the other threads run; `..._roots` marks
 * more; `..._marked` sees what was not reached; `..._after` when the other threads run again.
 */
void ter_libgc_toggles_before(void);
void ter_libgc_toggles_roots(void);
void ter_libgc_toggles_marked(void);
void ter_libgc_disclaim_roots(void);
void ter_libgc_disclaim_marked(void);
void ter_libgc_disclaim_after(void);
void ter_libgc_debug_before(void);
void ter_libgc_debug_marked(void);
void ter_libgc_event(enum GC_EventType event);
void ter_libgc_thread_events(enum GC_EventType event);

/* An object that is freed without the debugging functions is none of theirs any more. */
void ter_libgc_debug_forget_slow(void *object);

TER_INLINE void ter_libgc_debug_forget(void *object)
{
    if (TER_UNLIKELY(atomic_load_explicit(&ter_libgc.debugging, memory_order_acquire)))
        ter_libgc_debug_forget_slow(object);
}

/* The kind of explicitly typed objects. */
unsigned ter_libgc_typed_kind(void);
