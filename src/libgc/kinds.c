/* SPDX-License-Identifier: MIT */
/* Kinds of objects that programs define, with mark descriptors and mark procedures. */
#include "libgc/descriptor.h"
#include "libgc/init.h"

struct custom_kind {
    GC_word descriptor;
    bool add_size;
};

static struct custom_kind custom_kinds[TER_HEAP_KINDS];
static void trace_custom(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    const struct custom_kind *kind = context;

    ter_libgc_trace_descriptor(trace, object, kind->descriptor + (kind->add_size ? bytes : 0));
}

/* ---- Definitions ---- */

/*
 * Lists of free objects are not kept by kind; the program only hands the pointer on. There is one
 * for each kind that there may be; no memory is asked for, as the caller of the first has the lock.
 */
void **GC_new_free_list_inner(void)
{
    static void *lists[TER_HEAP_KINDS];
    static _Atomic unsigned count;
    unsigned index = atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);

    return &lists[ter_min(index, TER_HEAP_KINDS - 1)];
}

void **GC_new_free_list(void)
{
    return GC_new_free_list_inner();
}

unsigned GC_new_kind_inner(void **list, GC_word descriptor, int add_size, int clear)
{
    struct ter_client_kind kind = {.zeroed = clear != 0};
    unsigned index;
    ter_status status;

    (void)list;
    ter_libgc_ready();
    index = ter_heap_kind_count(ter_libgc.heap);
    TER_REQUIRE(index < TER_HEAP_KINDS, "GC_new_kind: a heap has at most %u kinds", TER_HEAP_KINDS);
    custom_kinds[index] = (struct custom_kind){descriptor, add_size != 0};
    /* The two commonest descriptors need no function. */
    if (descriptor == 0) {
        kind.has_references = add_size != 0;
    } else {
        kind.tracer = trace_custom;
        kind.context = &custom_kinds[index];
    }
    status = ter_heap_add_kind(ter_libgc.heap, &kind, &index);
    TER_CHECK(status == TER_OK);
    return index;
}

unsigned GC_new_kind(void **list, GC_word descriptor, int add_size, int clear)
{
    unsigned index;

    ter_libgc_lock();
    index = GC_new_kind_inner(list, descriptor, add_size, clear);
    ter_libgc_unlock();
    return index;
}

unsigned GC_new_proc(GC_mark_proc procedure)
{
    unsigned index;

    ter_libgc_lock();
    index = GC_new_proc_inner(procedure);
    ter_libgc_unlock();
    return index;
}
