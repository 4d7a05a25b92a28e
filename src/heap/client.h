/* SPDX-License-Identifier: MIT */
/*
 * What a floor above the heap may ask of it: the one header of this floor that src/libgc includes.
 * It is no public header, as it changes with the heap, but it is complete: who includes it need
 * know no plan, allocator, space, table of roots or weak table. `struct ter_heap`, `struct
 * ter_mutator` and `struct ter_trace` are handles: their fields are nobody's business above.
 * test/checks/client.sh holds src/libgc to that.
 *
 * Beside these functions a client has the public ones (<terrier/terrier.h>), which ask more of
 * where they are called.
 *
 * Threads: "under the lock" means that the calling thread holds the heap's lock, by ter_heap_lock
 * or since it is in a callback; the lock is not taken again. What says "any time" takes no lock and
 * waits for nothing. All others are called without the lock.
 *
 * Units and ownership: sizes are bytes, times nanoseconds, ranges half-open. Objects are the
 * address of their first byte. Tables and records that are handed over stay the client's and must
 * stay where they are as long as the heap. Kinds of objects are numbered in the order in which they
 * were added, after the four of enum ter_builtin_kind.
 *
 * Errors: a status as in <terrier/status.h>, with nothing changed, or NULL when memory is out.
 * Misuse stops the process with a line.
 */
#pragma once

#include <terrier/terrier.h>

#include "alloc/alloc.h"

/* ---- Figures of every heap ---- */

#define TER_HEAP_GRANULE_BYTES ((size_t)16) /* objects begin at multiples of it */
#define TER_HEAP_PAGE_BYTES ((size_t)4096)  /* so do large ones of this */
#define TER_HEAP_SMALL_BYTES ((size_t)8192) /* objects up to this share blocks with others */
#define TER_HEAP_KINDS (sizeof(void *) > 4 ? 64u : 16u) /* most kinds of objects */
#define TER_HEAP_MARKERS 16u         /* most threads that mark: the option markers */
#define TER_HEAP_DISPLACEMENTS 4096u /* see ter_heap_set_interior */

/* ---- The lock (client_lock.c) ---- */

/* `call` is named to a program that must not have called it where it did: in a callback. */
void ter_heap_lock_for(struct ter_heap *heap, const char *call);
#define ter_heap_lock(heap) ter_heap_lock_for(heap, __func__)
void ter_heap_unlock(struct ter_heap *heap);
/* The same, and what waits for a moment without the lock happens: `notified` below. */
void ter_heap_unlock_and_notify(struct ter_heap *heap);
/* Any time: does the calling thread hold it? */
bool ter_heap_holds_lock(const struct ter_heap *heap);
/* Any time: `notified` is to be called, in whichever thread has a moment without the lock first. */
void ter_heap_notify(struct ter_heap *heap);

/*
 * The lock is left out until the process has a second thread, or until it is shared by name: by a
 * registered thread, outside of callbacks. Once, before there are mutators.
 */
void ter_heap_leave_lock_out(struct ter_heap *heap);
void ter_heap_share(struct ter_heap *heap);

/* Under the lock, which is kept from the one to the other: all other mutators stand. */
ter_status ter_heap_stop_threads(struct ter_heap *heap);
void ter_heap_resume_threads(struct ter_heap *heap);

/* ---- Mutators (client_mutators.c) ---- */

/*
 * A mutator for the calling thread; `stack_base` 0: as the system says. Unlike ter_mutator_bind the
 * signals that stop the thread are the caller's to let through.
 */
ter_status ter_mutator_make(struct ter_heap *heap, uintptr_t stack_base,
                            struct ter_mutator **mutator);

/* One past the highest word of the thread's stack, as far as the heap knows. */
uintptr_t ter_mutator_stack_base(const struct ter_mutator *mutator);
void ter_mutator_set_stack_base(struct ter_mutator *mutator, uintptr_t base);
/* Under the lock: what the thread says of its stack, and of one for its signal handlers. */
void ter_mutator_set_stacks(struct ter_mutator *mutator, uintptr_t start, uintptr_t end,
                            uintptr_t signal_start, uintptr_t signal_end);
/* Under the lock: asked where the stack of a thread ends, before it is scanned. NULL: nobody. */
typedef void ter_stack_corrector(void **stack_pointer, void *thread);
void ter_heap_set_stack_corrector(struct ter_heap *heap, ter_stack_corrector *corrector);
ter_stack_corrector *ter_heap_stack_corrector(const struct ter_heap *heap);

/*
 * Outside: the thread changes nothing of the heap and is not waited for; its stack is scanned from
 * that address up. 0: it is inside. By the thread itself, or under the lock.
 */
uintptr_t ter_mutator_outside_at(const struct ter_mutator *mutator);
void ter_mutator_go_outside(struct ter_mutator *mutator, uintptr_t stack_pointer);
/* Waits for the end of a collection, and while the thread is suspended. */
void ter_mutator_come_back(struct ter_mutator *mutator);

/*
 * A guest is a thread that nobody promised could be stopped (alloc/mutator.h): it is inside for
 * short calls in which it lets the signals through, and outside otherwise. Entering makes any
 * mutator of the calling thread one that is inside; it leaves with its registers where a collection
 * sees them. `ter_mutator_leave_and_call` calls the function from there; it may never come back,
 * and who comes back enters again. Adopting makes a guest an ordinary mutator that is inside.
 */
void ter_mutator_enter_as_guest(struct ter_mutator *mutator);
void ter_mutator_leave_as_guest(struct ter_mutator *mutator);
void ter_mutator_leave_and_call(struct ter_mutator *mutator, void (*function)(void *data),
                                void *data);
void ter_mutator_adopt(struct ter_mutator *mutator);
bool ter_mutator_is_guest(const struct ter_mutator *mutator);

/* Under the lock: of the thread with that pthread_t; NULL for none. */
struct ter_mutator *ter_heap_mutator_of(struct ter_heap *heap, uintptr_t thread);
/*
 * Under the lock: the thread stands until it is resumed. One that is outside, and the calling one,
 * comes to stand when it comes back. False: it cannot be suspended.
 */
bool ter_mutator_suspend(struct ter_mutator *mutator);
void ter_mutator_resume(struct ter_mutator *mutator);
bool ter_mutator_is_suspended(const struct ter_mutator *mutator);
/* Under the lock, in a collection: visits the pthread_t of every thread that a signal stopped. */
void ter_heap_visit_stopped(const struct ter_heap *heap,
                            void (*visit)(void *context, uintptr_t thread), void *context);

/* ---- Allocation: by the mutator's own thread, inside (client_objects.c) ---- */

/*
 * An object of at least `bytes` bytes, aligned to a granule; NULL when memory is out. The kind is
 * one of the heap's, which is not checked. Inline: a load, a compare and a store when all is well.
 */
TER_INLINE void *ter_mutator_new_object(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    return ter_mutator_allocate(mutator, kind, bytes);
}

/*
 * Objects linked through their first words, the last with NULL: up to `most`, at least one. *list
 * holds all of them whenever a collection looks. False, and *list NULL: memory is out.
 */
bool ter_mutator_new_objects(struct ter_mutator *mutator, unsigned kind, size_t bytes, size_t most,
                             void **list);
/* What ter_reallocate and ter_free do with an object, and inside a callback too. */
void *ter_object_resize(struct ter_mutator *mutator, void *object, size_t bytes);
void ter_object_free(struct ter_mutator *mutator, void *object);
/* Under the lock: a dead object goes for good. It does not count as freed by the program. */
void ter_object_drop(struct ter_mutator *mutator, uintptr_t object);

/* Any time: could this machine hold so much? Asks the system; not under the lock. */
bool ter_heap_can_hold(size_t bytes);
/* What an object of `bytes` bytes, up to TER_HEAP_SMALL_BYTES, gets. */
size_t ter_heap_rounded_bytes(size_t bytes);

/* ---- Kinds ---- */

/* Reports what the object refers to (ter_trace_reference, ...); called in collections, by several
 * threads at once, and for objects that were allocated and not filled in yet. */
typedef void ter_client_tracer(void *context, struct ter_trace *trace, uintptr_t object,
                               size_t bytes);

struct ter_client_kind {
    bool has_references;       /* any aligned word may be one, or else: */
    ter_client_tracer *tracer; /* knows which; NULL: there is none */
    void *context;             /* the tracer's */
    bool zeroed;               /* memory is zero when it is handed out */
};

/* Before the first allocation: no object of any kind ever moves. */
void ter_heap_never_move(struct ter_heap *heap);
/* Under the lock. TER_ERROR_FULL: there are TER_HEAP_KINDS. They never move. */
ter_status ter_heap_add_kind(struct ter_heap *heap, const struct ter_client_kind *kind,
                             unsigned *index);
/* Any time. */
unsigned ter_heap_kind_count(const struct ter_heap *heap);

/* From a tracer: a word that may refer to any byte of an object; words as in static data. */
void ter_trace_reference(struct ter_trace *trace, uintptr_t word);
void ter_trace_words(struct ter_trace *trace, uintptr_t start, uintptr_t end);

/* ---- Questions: any time. Objects are objects, or it is misuse that nobody notices ---- */

/* Of the object that covers the address, whatever that is; if there is none, `none` answers. */
size_t ter_heap_bytes_at(const struct ter_heap *heap, uintptr_t address,
                         size_t (*none)(uintptr_t address));
size_t ter_heap_bytes_of(const struct ter_heap *heap, uintptr_t object);
unsigned ter_heap_kind_of(const struct ter_heap *heap, uintptr_t object);
/* It lives until it is freed, and is a root. */
bool ter_heap_lasts(const struct ter_heap *heap, uintptr_t object);
/* Does the address belong to a space of the heap, now, with memory behind it? */
bool ter_heap_owns(const struct ter_heap *heap, uintptr_t address);
/* The mark of the collection that goes on, or of the last one. */
bool ter_heap_is_marked(const struct ter_heap *heap, uintptr_t object);
void ter_heap_set_mark(struct ter_heap *heap, uintptr_t object, bool marked);
/* Addresses between which all objects lie, now and later; neither bound is in an object. */
void ter_heap_bounds(const struct ter_heap *heap, uintptr_t *low, uintptr_t *high);

/* Only references to the first page of a large object keep it from now on; others stay as usual. */
void ter_heap_keep_by_first_page(struct ter_heap *heap, uintptr_t object);

/* ---- All objects ---- */

struct ter_client_object {
    uintptr_t address;
    size_t bytes;
    unsigned kind;
    bool has_references; /* may have */
    bool lasts;          /* until it is freed */
};
typedef void ter_client_visitor(void *context, const struct ter_client_object *object);

/* Under the lock; also cells that a mutator has not handed out yet. Nobody is stopped. */
void ter_heap_visit_objects(struct ter_heap *heap, ter_client_visitor *visit, void *context);
/* The same for functions of the program's: no cell that is no object, and none may be freed or
 * collected meanwhile. */
void ter_heap_show_objects(struct ter_heap *heap, ter_client_visitor *visit, void *context);

/* ---- Roots (client_roots.c). Under the lock ---- */

/* Are the data of libraries scanned? The program's are again, unless the options say otherwise. */
void ter_heap_scan_libraries(struct ter_heap *heap, bool libraries);
void ter_heap_scan_program(struct ter_heap *heap);
/* Forgets added ranges and the program's data. */
void ter_heap_clear_roots(struct ter_heap *heap);
/* Never scans [start, end) as data of the program or a library; all of it again. */
ter_status ter_heap_exclude_roots(struct ter_heap *heap, uintptr_t start, uintptr_t end);
void ter_heap_clear_excluded(struct ter_heap *heap);
/* Asked of all such data from the next collection on: "" is the program. 0: not scanned. */
typedef int ter_client_filter(const char *library, void *start, size_t bytes);
void ter_heap_set_root_filter(struct ter_heap *heap, ter_client_filter *filter);

/*
 * Under the lock: does any byte of an object that something in the heap or in static data refers to
 * keep it? If not, what is `displacement` bytes behind its first byte does where
 * displacements[displacement] is not 0, for the TER_HEAP_DISPLACEMENTS first ones. The table is the
 * client's, and [0] is 1 in it; it may change under the lock.
 */
void ter_heap_set_interior(struct ter_heap *heap, bool everywhere, const uint8_t *displacements);

/* In the callback `roots`, and in what it calls: marks more. */
bool ter_heap_is_collecting(const struct ter_heap *heap); /* any time */
void ter_heap_mark_word(struct ter_heap *heap, uintptr_t word);
/* Aligned words: `any_byte` as on a stack, or as in static data. */
void ter_heap_mark_words(struct ter_heap *heap, uintptr_t start, uintptr_t end, bool any_byte);
/* What the object refers to, and all that this leads to; not the object. */
void ter_heap_mark_from(struct ter_heap *heap, const struct ter_client_object *object);

/* ---- Finalizers and links (client_weak.c). Under the lock, but where it says any time ---- */

/* As in weak/finalizers.h, which tells what each is. */
enum ter_client_order {
    TER_ORDER_NORMAL,
    TER_ORDER_IGNORE_SELF,
    TER_ORDER_NO_ORDER,
    TER_ORDER_UNREACHABLE
};

struct ter_client_finalizer {
    void (*function)(void *object, void *data); /* NULL for none */
    void *data;                                 /* is kept */
    enum ter_client_order order;
};

/* In place of the one that there was, which is *old (its order is not told). */
ter_status ter_heap_set_finalizer(struct ter_heap *heap, uintptr_t object,
                                  const struct ter_client_finalizer *wanted,
                                  struct ter_client_finalizer *old);
/* Moves all that wait to the queue, reached or not; not in a collection. */
ter_status ter_heap_queue_all_finalizers(struct ter_heap *heap);

struct ter_finalizer_counts {
    size_t waiting; /* registered */
    size_t ready;   /* in the queue, for ter_finalizers_run */
    uint64_t found; /* that ever entered the queue */
};
/* Any time; exact under the lock. */
void ter_heap_count_finalizers(const struct ter_heap *heap, struct ter_finalizer_counts *counts);
size_t ter_heap_ready_finalizers(const struct ter_heap *heap);

typedef void ter_address_visitor(void *context, uintptr_t object);
/* Those in the queue that entered it since `found` in all had. */
void ter_heap_visit_found(const struct ter_heap *heap, uint64_t found, ter_address_visitor *visit,
                          void *context);
void ter_heap_visit_finalizable(const struct ter_heap *heap, ter_address_visitor *visit,
                                void *context);

/* Disappearing links: short ones are cleared before objects are kept for finalizers, long ones
 * after that. */
enum ter_client_links { TER_LINKS_SHORT, TER_LINKS_LONG };

/* *existed: the link was there; it names the new object now. */
ter_status ter_heap_add_link(struct ter_heap *heap, enum ter_client_links which, uintptr_t link,
                             uintptr_t object, bool *existed);
/* TER_ERROR_UNKNOWN_NAME: there is no such link. TER_ERROR_OWNED: there is one at the new place. */
ter_status ter_heap_move_link(struct ter_heap *heap, enum ter_client_links which, uintptr_t link,
                              uintptr_t new_link);
bool ter_heap_remove_link(struct ter_heap *heap, enum ter_client_links which, uintptr_t link);
size_t ter_heap_count_links(const struct ter_heap *heap, enum ter_client_links which);
void ter_heap_visit_links(const struct ter_heap *heap, enum ter_client_links which,
                          void (*visit)(void *context, uintptr_t link, uintptr_t object),
                          void *context);

/* In the callback `marked`: will the object live on? True for what lies outside the heap. */
bool ter_heap_is_reached(const struct ter_heap *heap, uintptr_t object);

/*
 * A table of records keyed by an object, which they do not keep. Every record begins with that
 * address. Empty when zero but for the size of a record, which init sets. A pointer to a record
 * holds until the table changes. NULL from insert: no memory. Never freed.
 */
struct ter_object_table {
    void *opaque[10];
};
void ter_object_table_init(struct ter_object_table *table, size_t record_bytes);
void *ter_object_table_find(const struct ter_object_table *table, uintptr_t object);
void *ter_object_table_insert(struct ter_object_table *table, uintptr_t object);
void ter_object_table_remove(struct ter_object_table *table, uintptr_t object);
void ter_object_table_visit(const struct ter_object_table *table, void (*visit)(void *record));
/* In the callback `marked`: drops the records of objects that die. */
void ter_object_table_forget_dead(struct ter_object_table *table, const struct ter_heap *heap);

/* ---- Figures (client_figures.c) ---- */

struct ter_client_figures {
    size_t heap_bytes;      /* that it may use before it is collected or grows */
    size_t free_bytes;      /* of them */
    size_t allocated_bytes; /* since the last collection */
    size_t freed_bytes;     /* by the program since then */
    size_t before_bytes;    /* allocated before it, in all */
};

/*
 * Any time. `wait`: of one moment, for which the lock is waited for; not if it is held. Without:
 * as exact as it is without waiting; what mutators have not counted yet may be missing.
 */
struct ter_client_figures ter_heap_figures(struct ter_heap *heap, bool wait);
/* Any time: memory that the heap has of the system, at least what it may use. */
size_t ter_heap_obtained_bytes(const struct ter_heap *heap);
/* Under the lock. */
struct ter_statistics ter_heap_all_figures(const struct ter_heap *heap);
/* Under the lock: what a program's own allocator adds to the counts. */
void ter_heap_count_allocated(struct ter_heap *heap, size_t bytes);
void ter_heap_count_freed(struct ter_heap *heap, size_t bytes);

/*
 * Under the lock, in `marked`: an object goes that the program should have freed. True: it is known
 * who allocated it (options profile, profile_interval), and counted by that.
 */
bool ter_heap_note_lost(struct ter_heap *heap, uintptr_t object);
/* Without the lock: says in lines what was noted since the last time. */
void ter_heap_tell_lost(struct ter_heap *heap, void (*line)(void *context, const char *text),
                        void *context);

/* At the end of the process: the report that the options ask for, once. */
void ter_heap_write_last_report(struct ter_heap *heap);

/* Runs of chunks that one space has. Any time; exact under the lock. */
void ter_heap_visit_regions(const struct ter_heap *heap,
                            void (*visit)(uintptr_t start, uintptr_t end, const char *space));

/* ---- Collections and growth (client_pace.c) ---- */

/* Under the lock. Asked for by name; the callback `allowed` is asked all the same. */
void ter_heap_collect(struct ter_heap *heap);
/* Under the lock: was enough allocated to make one worth it? */
bool ter_heap_is_collection_due(const struct ter_heap *heap);

struct ter_client_pace {
    bool disabled;               /* no collections at all */
    bool collect_before_growing; /* rather collect more often than grow */
    size_t free_space_divisor;   /* at least 1; larger: more collections, less memory */
};
/* Under the lock, or with one thread. What the heap may use comes down to its maximum too. */
void ter_heap_set_pace(struct ter_heap *heap, const struct ter_client_pace *pace);
/* Any time: the heap never uses more; 0: no maximum. At once if nobody holds the lock. */
void ter_heap_set_maximum(struct ter_heap *heap, size_t bytes);
/* Under the lock: so much more may be used at once. False: a maximum is in the way. */
bool ter_heap_expand(struct ter_heap *heap, size_t bytes);

/* Under the lock: bytes of objects since the last collection, and since the heap was made. */
size_t ter_heap_handed_out_bytes(const struct ter_heap *heap);
uint64_t ter_heap_allocated_bytes(const struct ter_heap *heap);
/* Collections that there were. */
uint64_t ter_heap_collections(const struct ter_heap *heap);
/* The option of that name, as the heap was made. */
const struct ter_options *ter_heap_options(const struct ter_heap *heap);
/* Threads that may help to mark. */
unsigned ter_heap_helpers(const struct ter_heap *heap);

/* ---- Callbacks (client_callbacks.c) ---- */

enum ter_client_cause {
    TER_CAUSE_NEED,  /* it was asked for by name, or there is no memory */
    TER_CAUSE_FULL,  /* the heap is full and enough was allocated */
    TER_CAUSE_STRESS /* the option stress */
};

/* Points that every collection passes, in this order. */
enum ter_client_point {
    TER_POINT_STOPPING, /* the other threads are about to be stopped */
    TER_POINT_STOPPED,  /* they stand; marking begins */
    TER_POINT_MARKED,   /* all is marked; releasing begins */
    TER_POINT_RELEASED, /* the other threads are about to go on */
    TER_POINT_RESUMED
};

struct ter_client_collection {
    uint64_t pause_ns;      /* until the last thread might run again */
    uint64_t total_ns;      /* with what followed */
    size_t allocated_bytes; /* between the one before and this one */
    size_t live_bytes;      /* that it found */
};

/*
 * What the heap calls. In a collection, in this order and by the thread that collects: allowed,
 * before, passed and roots and marked between their points, after. All but `notified` are under the
 * lock, `roots` and `marked` with the other threads standing: those two must not call what may wait
 * for one of them, malloc included. None may allocate, but `notified`. NULL for nothing.
 */
struct ter_client_callbacks {
    /* May a collection happen now? */
    bool (*allowed)(struct ter_heap *heap, enum ter_client_cause cause);
    /* The heap is full and little was allocated: is a collection due for the client's reasons? */
    bool (*due)(struct ter_heap *heap);
    void (*before)(struct ter_heap *heap);
    void (*passed)(struct ter_heap *heap, enum ter_client_point point);
    /* Stacks are not marked yet: marks more. May say where they begin. */
    void (*roots)(struct ter_heap *heap);
    /* Links and finalizers were seen to: what is not reached now goes, unless it is marked. */
    void (*marked)(struct ter_heap *heap);
    void (*after)(struct ter_heap *heap, const struct ter_client_collection *collection);
    /* What the heap may use has grown; not in a collection. */
    void (*resized)(struct ter_heap *heap, size_t limit_bytes);
    /* A mutator goes as its thread ends or has ended: in that thread, or in one that collects. */
    void (*thread_ended)(struct ter_heap *heap, const struct ter_mutator *mutator);
    /* A moment without the lock, after ter_heap_notify; in a mutator's thread. */
    void (*notified)(struct ter_heap *heap);
};

/* Once, before there are mutators. The record stays the client's. */
void ter_heap_set_callbacks(struct ter_heap *heap, const struct ter_client_callbacks *callbacks);
