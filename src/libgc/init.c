/* SPDX-License-Identifier: MIT */
/* The start: the heap and the main thread. */
#include "libgc/init.h"

#include <dlfcn.h>

#include "libgc/displacements.h"
#include "libgc/environment.h"
#include "libgc/guests.h"
#include "libgc/hooks.h"
#include "libgc/messages.h"
#include "libgc/variables.h"

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
    ter_libgc.extra_bytes = GC_all_interior_pointers != 0 ? 1 : 0;
    /* Programs hide addresses, and hash them. */
    ter_heap_never_move(heap);
    ter_libgc_connect(heap);
    ter_libgc_count_interior(heap, GC_all_interior_pointers != 0);
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
        ter_mutator_set_stack_base(ter_libgc_mutator, (uintptr_t)GC_stackbottom);
    else
        GC_stackbottom = (char *)ter_mutator_stack_base(ter_libgc_mutator);
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
    static struct ter_mutex lock = TER_MUTEX_INIT;
    struct ter_os_cancel before = ter_os_cancel_off();
    TER_KEEP_ERRNO;

    ter_mutex_acquire(&lock);
    if (ter_libgc.heap == NULL) {
        make_heap();
        bind_main_thread();
        if (!ter_os_at_fork(NULL, NULL, forget_main_thread))
            ter_log(TER_LOG_WARNING, "no memory for a fork handler");
    }
    ter_mutex_release(&lock);
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

/* ---- The calling thread ---- */

void *ter_libgc_inside(void *(*function)(void *data), void *data)
{
    ter_libgc_ready();
    return ter_libgc_mutator != NULL ? function(data) : ter_libgc_as_guest(function, data);
}

static void *do_nothing(void *data)
{
    return data;
}

struct ter_mutator *ter_libgc_own_mutator(void)
{
    ter_libgc_ready();
    if (ter_libgc_mutator != NULL)
        return ter_libgc_mutator;
    if (ter_libgc_own_guest == NULL)
        ter_libgc_as_guest(do_nothing, NULL);
    return ter_libgc_own_guest;
}
