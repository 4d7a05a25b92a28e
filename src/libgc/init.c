/* SPDX-License-Identifier: MIT */
/* Start and end: the heap, the main thread, fork, libraries that are loaded later. */
#include "libgc/libgc.h"

#include <dlfcn.h>

struct ter_libgc ter_libgc = {.bytes_per_finalizer = 10000};
_Thread_local struct ter_mutator *ter_libgc_mutator;

/* ---- The heap ---- */

static void make_heap(void)
{
    struct ter_options options;
    struct ter_heap *heap;
    ter_status status;

    ter_options_init(&options);
    ter_libgc_read_environment(&options);
    ter_libgc_take_last_words();
    status = ter_heap_new(&options, &heap);
    if (status != TER_OK)
        ter_fatal("no heap can be made: %s", ter_status_message(status));
    ter_libgc.collector = &heap->collector;
    ter_libgc.extra_bytes = GC_all_interior_pointers != 0 ? 1 : 0;
    ter_libgc_connect(ter_libgc.collector);
    ter_libgc.displacements[0] = 1;
    ter_libgc.collector->tracer.displacements = ter_libgc.displacements;
    ter_libgc.collector->tracer.any_byte = GC_all_interior_pointers != 0;
    __atomic_store_n(&ter_libgc.heap, heap, __ATOMIC_RELEASE);
    ter_libgc_read_variables();
    ter_libgc_write_variables();
}

/* Signals for both purposes may come from elsewhere from now on. */
static void bind_main_thread(void)
{
    ter_status status;

    if (!ter_os_suspend_prepare())
        ter_log(TER_LOG_WARNING, "the signal that suspends single threads cannot be used");
    status = ter_mutator_bind(ter_libgc.heap, &ter_libgc_mutator);

    if (status != TER_OK)
        ter_fatal("the main thread cannot be bound to the heap: %s", ter_status_message(status));
    ter_libgc.main_mutator = ter_libgc_mutator;
    if (GC_stackbottom != NULL)
        ter_libgc_mutator->stack_base = (uintptr_t)GC_stackbottom;
    else
        GC_stackbottom = (char *)ter_libgc_mutator->stack_base;
}

/* Only the thread that forked lives on. */
static void forget_main_thread(void)
{
    if (ter_libgc.main_mutator != ter_libgc_mutator)
        ter_libgc.main_mutator = NULL;
}

/* Two threads may make the first call at once. Either may then be the main one, as far as we know.
 */
static void init_once(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct ter_os_cancel before = ter_os_cancel_off();
    TER_KEEP_ERRNO;

    pthread_mutex_lock(&lock);
    if (ter_libgc.heap == NULL) {
        make_heap();
        bind_main_thread();
        if (pthread_atfork(NULL, NULL, forget_main_thread) != 0)
            ter_log(TER_LOG_WARNING, "no memory for a fork handler");
    }
    pthread_mutex_unlock(&lock);
    ter_os_cancel_back(before);
}

void GC_init(void)
{
    if (ter_libgc.heap == NULL)
        init_once();
}

int GC_is_init_called(void)
{
    return ter_libgc.heap != NULL;
}

/* The version whose interface this is: 8.2.2. */
unsigned GC_get_version(void)
{
    return 8u << 16 | 2u << 8 | 2u;
}

/* Collections read the loader's list; no lock of ours is held while it changes. */
void *GC_dlopen(const char *path, int mode)
{
    return dlopen(path, mode);
}

/* The heap stays, since other destructors may still use it; only its report is written. */
static __attribute__((destructor)) void finish(void)
{
    /* In a callback that ends the program nothing can be asked of the heap any more. */
    if (ter_libgc.heap == NULL || ter_lock_is_held(TER_RANK_HEAP))
        return;
    /* A program that looks for leaks is told of those at its end too. */
    if (GC_find_leak != 0 && ter_libgc_mutator != NULL)
        GC_gcollect();
    ter_heap_write_wanted_report(ter_libgc.heap);
}
