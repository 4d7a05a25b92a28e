/* SPDX-License-Identifier: MIT */
#include "heap/asked.h"

#include "heap/heap.h"

struct listening_heap {
    _Atomic(struct ter_heap *) heap;
    _Atomic int signal;
};

static struct listening_heap listening[TER_MOST_ASKED];
static _Atomic unsigned handlers; /* that run */

/* In a signal handler. */
static void ask_heaps(int number)
{
    atomic_fetch_add(&handlers, 1);
    for (size_t i = 0; i < TER_MOST_ASKED; i++) {
        struct ter_heap *heap = atomic_load(&listening[i].heap);

        if (heap != NULL && atomic_load(&listening[i].signal) == number)
            atomic_fetch_or(&heap->collector.allocator.pressed, TER_PRESSED_BY_SIGNAL);
    }
    atomic_fetch_sub(&handlers, 1);
}

static bool join_list(struct ter_heap *heap, int number)
{
    for (size_t i = 0; i < TER_MOST_ASKED; i++) {
        struct ter_heap *nobody = NULL;

        if (!atomic_compare_exchange_strong(&listening[i].heap, &nobody, heap))
            continue;
        atomic_store(&listening[i].signal, number);
        return true;
    }
    return false;
}

void ter_heap_listen(struct ter_heap *heap, int number)
{
    if (!ter_os_take_signal(number, ask_heaps))
        ter_log(TER_LOG_WARNING,
                "signal %d asks for nothing: something else is done with it already", number);
    else if (!join_list(heap, number))
        ter_log(TER_LOG_WARNING, "signal %d asks for nothing of this heap: %u others listen",
                number, TER_MOST_ASKED);
}

/* A handler that runs in another thread may have seen the heap: it ends soon. */
void ter_heap_stop_listening(struct ter_heap *heap)
{
    for (size_t i = 0; i < TER_MOST_ASKED; i++)
        if (atomic_load(&listening[i].heap) == heap) {
            atomic_store(&listening[i].signal, 0);
            atomic_store(&listening[i].heap, NULL);
        }
    while (atomic_load(&handlers) != 0)
        ter_os_yield();
}
