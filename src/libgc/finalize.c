/* SPDX-License-Identifier: MIT */
/* Finalizers, in the terms of the interface. */
#include "libgc/finalization.h"
#include "libgc/init.h"
#include "libgc/memory_out.h"

GC_EXPORT void GC_set_await_finalize_proc(GC_await_finalize_proc function);
GC_EXPORT GC_await_finalize_proc GC_get_await_finalize_proc(void);

void GC_set_await_finalize_proc(GC_await_finalize_proc function)
{
    ter_libgc_lock();
    ter_libgc.await_finalizer = function;
    ter_libgc_unlock();
}

GC_await_finalize_proc GC_get_await_finalize_proc(void)
{
    return ter_libgc.await_finalizer;
}

/*
 * A program may register an address inside its object, as ECL does with tagged ones; its function
 * gets just that. The object is found by its start.
 */
struct inner {
    GC_finalization_proc function;
    void *data;
    size_t offset;
};

static void finalize_inner(void *object, void *data)
{
    const struct inner *inner = data;

    inner->function((char *)object + inner->offset, inner->data);
}

/* False: there is no memory. */
static bool wrap_inner(struct ter_client_finalizer *wanted, size_t offset)
{
    struct inner *inner;

    if (offset == 0 || wanted->function == NULL)
        return true;
    inner = GC_malloc(sizeof *inner);
    if (inner == NULL)
        return false;
    *inner = (struct inner){wanted->function, wanted->data, offset};
    wanted->function = finalize_inner;
    wanted->data = inner;
    return true;
}

static void unwrap_inner(struct ter_client_finalizer *old)
{
    const struct inner *inner = old->data;

    if (old->function != finalize_inner)
        return;
    old->function = inner->function;
    old->data = inner->data;
}

static void register_finalizer(void *object, GC_finalization_proc function, void *data,
                               GC_finalization_proc *old_function, void **old_data,
                               enum ter_client_order order)
{
    struct ter_client_finalizer wanted = {function, data, order}, old = {0};
    ter_status status = TER_OK;
    uintptr_t base;

    ter_libgc_ready();
    /* Nothing is finalized while leaks are looked for. */
    if (GC_find_leak != 0)
        return;
    base = (uintptr_t)GC_base(object);
    /* An address that is no object, such as a static one, never becomes unreachable. */
    if (base != 0) {
        if (!wrap_inner(&wanted, (uintptr_t)object - base))
            return;
        ter_heap_lock(ter_libgc.heap);
        status = ter_heap_set_finalizer(ter_libgc.heap, base, &wanted, &old);
        ter_libgc_unlock();
        unwrap_inner(&old);
    }
    if (old_function != NULL)
        *old_function = old.function;
    if (old_data != NULL)
        *old_data = old.data;
    if (status != TER_OK)
        ter_libgc_out_of_memory(sizeof wanted);
}

#define REGISTER(name, order)                                                                      \
    void name(void *object, GC_finalization_proc function, void *data,                             \
              GC_finalization_proc *old_function, void **old_data)                                 \
    {                                                                                              \
        register_finalizer(object, function, data, old_function, old_data, order);                 \
    }

REGISTER(GC_register_finalizer, TER_ORDER_NORMAL)
REGISTER(GC_register_finalizer_ignore_self, TER_ORDER_IGNORE_SELF)
REGISTER(GC_register_finalizer_no_order, TER_ORDER_NO_ORDER)
REGISTER(GC_register_finalizer_unreachable, TER_ORDER_UNREACHABLE)

/* All that wait enter the queue. False: there is no memory. */
static bool queue_all(void)
{
    struct ter_finalizer_counts counts;
    ter_status status;

    ter_heap_lock(ter_libgc.heap);
    ter_heap_count_finalizers(ter_libgc.heap, &counts);
    status = ter_heap_queue_all_finalizers(ter_libgc.heap);
    if (status == TER_OK)
        ter_libgc_await_finalizers(counts.found);
    ter_libgc_unlock();
    if (status != TER_OK)
        ter_libgc_out_of_memory(counts.waiting * sizeof(struct ter_client_finalizer));
    return status == TER_OK;
}

static bool any_waits(void)
{
    struct ter_finalizer_counts counts;

    ter_heap_count_finalizers(ter_libgc.heap, &counts);
    return counts.waiting != 0;
}

/* For the end of a program: whatever still waits, reached or not, and what that leads to. */
void GC_finalize_all(void)
{
    ter_libgc_ready();
    while (any_waits() && queue_all())
        GC_invoke_finalizers();
}

int GC_invoke_finalizers(void)
{
    ter_libgc_ready();
    return (int)ter_finalizers_run(ter_libgc.heap);
}
