/* SPDX-License-Identifier: MIT */
#include "libgc/finalization.h"

int GC_should_invoke_finalizers(void)
{
    return ter_libgc.heap != NULL && ter_heap_ready_finalizers(ter_libgc.heap) > 0;
}

/* ---- What is told of them ---- */

static void await_one(void *context, uintptr_t object)
{
    (void)context;
    ter_libgc.await_finalizer((void *)object);
}

void ter_libgc_await_finalizers(uint64_t found)
{
    if (ter_libgc.await_finalizer != NULL)
        ter_heap_visit_found(ter_libgc.heap, found, await_one, NULL);
}

/* ---- Running them ---- */

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
        ter_heap_notify(ter_libgc.heap);
        return;
    }
    nesting.skipped = 0;
    outer = nesting;
    nesting = (struct nesting){frame, outer.level + 1, 0};
    ter_finalizers_run(ter_libgc.heap);
    nesting = outer;
}

static void notify_once(void)
{
    static _Atomic GC_word notified_collection;
    GC_word now = __atomic_load_n(&GC_gc_no, __ATOMIC_RELAXED);
    bool first = atomic_exchange(&notified_collection, now) != now;

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
