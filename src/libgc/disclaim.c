/* SPDX-License-Identifier: MIT */
/*
 * Disclaim procedures: functions of the program that are called for each dead object of a kind and
 * may keep it for now; and objects with a finalizer of their own built on them.
 *
 * Invariant: between marking and the end of the collection `pending` holds the dead objects of such
 * kinds; their cells live through the sweep. The procedures are called when the other threads run
 * again, since those may hold locks that a procedure wants; then the objects go. Under the heap
 * lock.
 */
#include "libgc/current.h"
#include "libgc/displacements.h"
#include "libgc/hooks.h"
#include "libgc/init.h"
#include "libgc/malloc.h"
#include "libgc/memory_out.h"

struct disclaim {
    GC_disclaim_proc procedure;
    bool mark_from_all; /* what even dead objects refer to lives on */
};

static struct disclaim disclaims[TER_HEAP_KINDS];
static bool any_from_all;

static uintptr_t *pending;
static size_t pending_count, pending_capacity;

/* ---- In a collection ---- */

static void mark_from(void *context, const struct ter_client_object *object)
{
    (void)context;
    if (disclaims[object->kind].mark_from_all && object->has_references)
        ter_heap_mark_from(ter_libgc.heap, object);
}

static void mark_roots(void)
{
    if (any_from_all)
        ter_heap_visit_objects(ter_libgc.heap, mark_from, NULL);
}

static bool reserve_pending(void)
{
    size_t bytes = pending_capacity * sizeof *pending;
    size_t wanted = bytes == 0 ? ter_os_page_size() : bytes * 2;
    void *memory = pending;

    if (pending_count < pending_capacity)
        return true;
    if (ter_os_reallocate(&memory, bytes, wanted) != TER_OK)
        return false;
    pending = memory;
    pending_capacity = wanted / sizeof *pending;
    return true;
}

/*
 * Without memory for the list the object waits for the next collection. The mark itself is asked:
 * what a stopped thread has not handed out yet is marked and no object.
 */
static void note_dead(void *context, const struct ter_client_object *object)
{
    (void)context;
    if (disclaims[object->kind].procedure == NULL || object->lasts ||
        ter_heap_is_marked(ter_libgc.heap, object->address))
        return;
    ter_heap_set_mark(ter_libgc.heap, object->address, true);
    if (reserve_pending())
        pending[pending_count++] = object->address;
}

static void note_all_dead(void)
{
    ter_heap_visit_objects(ter_libgc.heap, note_dead, NULL);
}

/* The procedure may look at the mark, which says that the object is dead, and set it. */
static void disclaim_one(uintptr_t object)
{
    const struct disclaim *disclaim = &disclaims[ter_heap_kind_of(ter_libgc.heap, object)];

    ter_heap_set_mark(ter_libgc.heap, object, false);
    if (disclaim->procedure((void *)object) == 0) {
        ter_heap_set_mark(ter_libgc.heap, object, true);
        ter_object_drop(ter_libgc_mutator, object);
    } else {
        ter_heap_set_mark(ter_libgc.heap, object, true);
    }
}

static void disclaim_all(void)
{
    /* A thread that is not registered has nowhere to put free cells: another collection will do. */
    for (size_t i = 0; i < pending_count && ter_libgc_mutator != NULL; i++)
        disclaim_one(pending[i]);
    pending_count = 0;
}

/* ---- Registration ---- */

static const struct ter_libgc_step disclaim_step = {
    .roots = mark_roots, .marked = note_all_dead, .after = disclaim_all};

void GC_register_disclaim_proc(int kind, GC_disclaim_proc procedure, int mark_from_all)
{
    unsigned index = ter_libgc_check_kind(kind);
    bool locked;

    if (GC_find_leak != 0)
        return;
    locked = ter_libgc_lock_if_not_held();
    disclaims[index] = (struct disclaim){procedure, mark_from_all != 0};
    ter_libgc_add_step(TER_STEP_DISCLAIM, &disclaim_step);
    any_from_all = any_from_all || mark_from_all != 0;
    ter_libgc_unlock_if(locked);
}

/* ---- Objects with a finalizer of their own ---- */

/*
 * The first word of the cell is the address of the closure and CLOSURE_FLAG, which no other object
 * of this kind has: cells that were never handed out have 0 there. The object begins behind it.
 */
#define CLOSURE_FLAG ((uintptr_t)1)

static int finalized_kind = -1;

static void trace_finalized(void *context, struct ter_trace *trace, uintptr_t cell, size_t bytes)
{
    uintptr_t closure = *(const uintptr_t *)cell & ~CLOSURE_FLAG;

    (void)context;
    ter_trace_reference(trace, closure);
    ter_trace_words(trace, cell + sizeof closure, cell + bytes);
}

static int run_closure(void *cell)
{
    uintptr_t word = *(const uintptr_t *)cell;
    const struct GC_finalizer_closure *closure = (const void *)(word & ~CLOSURE_FLAG);

    if ((word & CLOSURE_FLAG) != 0)
        closure->proc((uintptr_t *)cell + 1, closure->cd);
    return 0;
}

void GC_init_finalized_malloc(void)
{
    struct ter_client_kind kind = {.tracer = trace_finalized, .zeroed = true};
    bool made = false;
    unsigned index;

    ter_libgc_lock();
    if (finalized_kind < 0) {
        if (ter_heap_add_kind(ter_libgc.heap, &kind, &index) != TER_OK)
            ter_fatal("GC_init_finalized_malloc: there are too many kinds of objects");
        finalized_kind = (int)index;
        /* A pointer to the object lies in its cell behind the closure. */
        ter_libgc_add_displacement(sizeof(uintptr_t));
        made = true;
    }
    ter_libgc_unlock();
    if (made)
        GC_register_disclaim_proc(finalized_kind, run_closure, 1);
}

void *GC_finalized_malloc(size_t bytes, const struct GC_finalizer_closure *closure)
{
    uintptr_t *cell;

    TER_REQUIRE(finalized_kind >= 0, "GC_finalized_malloc before GC_init_finalized_malloc");
    cell = bytes > SIZE_MAX - 64 ? NULL
                                 : ter_libgc_allocate((unsigned)finalized_kind,
                                                      bytes + sizeof *cell + ter_libgc.extra_bytes);
    if (cell == NULL)
        return ter_libgc_out_of_memory(bytes);
    __atomic_store_n(cell, (uintptr_t)closure | CLOSURE_FLAG, __ATOMIC_RELEASE);
    return cell + 1;
}
