/* SPDX-License-Identifier: MIT */
/* Finalizers and disappearing links, in the terms of the interface. */
#include "libgc/libgc.h"

/* ---- Finalizers ---- */

static GC_await_finalize_proc await_finalize_proc;

GC_EXPORT void GC_set_await_finalize_proc(GC_await_finalize_proc function);
GC_EXPORT GC_await_finalize_proc GC_get_await_finalize_proc(void);

void GC_set_await_finalize_proc(GC_await_finalize_proc function)
{
    struct ter_allocator *allocator = ter_libgc_lock();

    await_finalize_proc = function;
    ter_allocator_unlock(allocator);
}

GC_await_finalize_proc GC_get_await_finalize_proc(void)
{
    return await_finalize_proc;
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
static bool wrap_inner(struct ter_finalizer *wanted, size_t offset)
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

static void unwrap_inner(struct ter_finalizer *old)
{
    const struct inner *inner = old->data;

    if (old->function != finalize_inner)
        return;
    old->function = inner->function;
    old->data = inner->data;
}

static void register_finalizer(void *object, GC_finalization_proc function, void *data,
                               GC_finalization_proc *old_function, void **old_data,
                               enum ter_finalizer_order order)
{
    struct ter_allocator *allocator = ter_libgc_ready();
    uintptr_t base = (uintptr_t)GC_base(object);
    struct ter_finalizer wanted = {base, function, data, order};
    struct ter_finalizer old = {0};
    ter_status status = TER_OK;

    /* Nothing is finalized while leaks are looked for. */
    if (GC_find_leak != 0)
        return;
    /* An address that is no object, such as a static one, never becomes unreachable. */
    if (base != 0) {
        if (!wrap_inner(&wanted, (uintptr_t)object - base))
            return;
        ter_allocator_lock(allocator);
        status = ter_finalizers_register(&ter_libgc.collector->finalizers, &wanted, &old);
        ter_allocator_unlock(allocator);
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

REGISTER(GC_register_finalizer, TER_FINALIZER_NORMAL)
REGISTER(GC_register_finalizer_ignore_self, TER_FINALIZER_IGNORE_SELF)
REGISTER(GC_register_finalizer_no_order, TER_FINALIZER_NO_ORDER)
REGISTER(GC_register_finalizer_unreachable, TER_FINALIZER_UNREACHABLE)

int GC_should_invoke_finalizers(void)
{
    return ter_libgc.heap != NULL && ter_finalizers_ready(&ter_libgc.collector->finalizers) > 0;
}

/* The newest are at the end of the queue. Under the lock. */
void ter_libgc_await_finalizers(uint64_t found)
{
    const struct ter_finalizers *finalizers = &ter_libgc.collector->finalizers;
    size_t count = (size_t)(finalizers->found - found);

    if (await_finalize_proc == NULL)
        return;
    for (size_t i = finalizers->ready_end - count; i < finalizers->ready_end; i++)
        await_finalize_proc((void *)finalizers->ready[i].object);
}

/* For the end of a program: whatever still waits, reached or not, and what that leads to. */
void GC_finalize_all(void)
{
    struct ter_allocator *allocator = ter_libgc_ready();
    struct ter_finalizers *finalizers = &ter_libgc.collector->finalizers;

    while (finalizers->waiting.count != 0) {
        uint64_t found = finalizers->found;
        ter_status status;

        ter_allocator_lock(allocator);
        status = ter_finalizers_queue_all(finalizers);
        if (status == TER_OK)
            ter_libgc_await_finalizers(found);
        ter_allocator_unlock(allocator);
        if (status != TER_OK) {
            ter_libgc_out_of_memory(finalizers->waiting.count * sizeof(struct ter_finalizer));
            return;
        }
        GC_invoke_finalizers();
    }
}

int GC_invoke_finalizers(void)
{
    ter_libgc_ready();
    return (int)ter_finalizers_run(ter_libgc.heap);
}

/*
 * Finalizers that an allocation runs, in the calling thread. Other threads run theirs at the same
 * time, so one that waits puts off nobody else's. One that allocates runs others inside it less and
 * less often the deeper they nest, so that the stack does not overflow.
 *
 * A finalizer may be left by a jump, an exception or the end of its thread. Nothing is put right
 * then: what runs has its frame above ours, so a frame at or below ours is of one that is over.
 */
struct nesting {
    uintptr_t frame; /* of the innermost; never followed, as its stack may be gone */
    unsigned level;
    unsigned skipped; /* since the last that ran at this level */
};

static _Thread_local struct nesting nesting;

/* As often as the stock library: at level n every 2^n times. */
static bool is_turn(void)
{
    return nesting.level < 16 && ++nesting.skipped >= 1u << nesting.level;
}

static void invoke_nested(uintptr_t frame)
{
    struct nesting outer;

    if (nesting.frame <= frame)
        nesting = (struct nesting){0};
    if (nesting.level > 0 && !is_turn()) {
        /* They still wait: another thread may take them. */
        ter_allocator_notify(&ter_libgc.collector->allocator);
        return;
    }
    nesting.skipped = 0;
    outer = nesting;
    nesting = (struct nesting){frame, outer.level + 1, 0};
    GC_invoke_finalizers();
    nesting = outer;
}

static void notify_once(void)
{
    GC_word now = GC_get_gc_no();
    bool first = atomic_exchange(&ter_libgc.notified_collection, now) != now;

    if (first && GC_finalizer_notifier != NULL)
        GC_finalizer_notifier();
}

void ter_libgc_finalizers_ready(void)
{
    TER_KEEP_ERRNO;
    if (!GC_should_invoke_finalizers())
        return;
    if (GC_finalize_on_demand != 0)
        notify_once();
    else
        invoke_nested(TER_FRAME_ADDRESS());
}

/* ---- Links ---- */

static int result_of(ter_status status)
{
    switch (status) {
    case TER_OK: return GC_SUCCESS;
    case TER_ERROR_UNKNOWN_NAME: return GC_NOT_FOUND;
    case TER_ERROR_OWNED: return GC_DUPLICATE;
    default: return GC_NO_MEMORY;
    }
}

static int register_link(struct ter_links *links, void **link, const void *object)
{
    bool existed = false;
    ter_status status;

    TER_REQUIRE(ter_is_aligned((uintptr_t)link, sizeof(void *)) && object != NULL,
                "a disappearing link (%p) is an aligned word and names an object", (void *)link);
    if (GC_find_leak != 0)
        return GC_UNIMPLEMENTED;
    ter_allocator_lock(&ter_libgc.collector->allocator);
    status = ter_links_register(links, (uintptr_t)link, (uintptr_t)object, &existed);
    ter_allocator_unlock(&ter_libgc.collector->allocator);
    return existed ? GC_DUPLICATE : result_of(status);
}

static int move_link(struct ter_links *links, void **link, void **new_link)
{
    ter_status status;

    TER_REQUIRE(ter_is_aligned((uintptr_t)new_link, sizeof(void *)),
                "a disappearing link (%p) is an aligned word", (void *)new_link);
    ter_allocator_lock(&ter_libgc.collector->allocator);
    status = ter_links_move(links, (uintptr_t)link, (uintptr_t)new_link);
    ter_allocator_unlock(&ter_libgc.collector->allocator);
    return result_of(status);
}

static int unregister_link(struct ter_links *links, void **link)
{
    bool existed;

    ter_allocator_lock(&ter_libgc.collector->allocator);
    existed = ter_links_unregister(links, (uintptr_t)link);
    ter_allocator_unlock(&ter_libgc.collector->allocator);
    return existed;
}

int GC_general_register_disappearing_link(void **link, const void *object)
{
    ter_libgc_ready();
    return register_link(&ter_libgc.collector->short_links, link, object);
}

int GC_register_disappearing_link(void **link)
{
    void *object;

    ter_libgc_ready();
    object = GC_base(link);
    TER_REQUIRE(object != NULL, "GC_register_disappearing_link: %p lies in no object",
                (void *)link);
    return register_link(&ter_libgc.collector->short_links, link, object);
}

int GC_move_disappearing_link(void **link, void **new_link)
{
    ter_libgc_ready();
    return move_link(&ter_libgc.collector->short_links, link, new_link);
}

int GC_unregister_disappearing_link(void **link)
{
    ter_libgc_ready();
    return unregister_link(&ter_libgc.collector->short_links, link);
}

int GC_register_long_link(void **link, const void *object)
{
    ter_libgc_ready();
    return register_link(&ter_libgc.collector->long_links, link, object);
}

int GC_move_long_link(void **link, void **new_link)
{
    ter_libgc_ready();
    return move_link(&ter_libgc.collector->long_links, link, new_link);
}

int GC_unregister_long_link(void **link)
{
    ter_libgc_ready();
    return unregister_link(&ter_libgc.collector->long_links, link);
}
