/* SPDX-License-Identifier: MIT */
/* Telling the program how a collection goes. Under the heap lock. */
#include "libgc/events.h"

static GC_on_collection_event_proc on_collection_event;
static GC_on_thread_event_proc on_thread_event;

GC_EXPORT void GC_set_on_collection_event(GC_on_collection_event_proc function);
GC_EXPORT GC_on_collection_event_proc GC_get_on_collection_event(void);
GC_EXPORT void GC_set_on_thread_event(GC_on_thread_event_proc function);
GC_EXPORT GC_on_thread_event_proc GC_get_on_thread_event(void);

void GC_set_on_collection_event(GC_on_collection_event_proc function)
{
    __atomic_store_n(&on_collection_event, function, __ATOMIC_RELAXED);
}

GC_on_collection_event_proc GC_get_on_collection_event(void)
{
    return __atomic_load_n(&on_collection_event, __ATOMIC_RELAXED);
}

void GC_set_on_thread_event(GC_on_thread_event_proc function)
{
    __atomic_store_n(&on_thread_event, function, __ATOMIC_RELAXED);
}

GC_on_thread_event_proc GC_get_on_thread_event(void)
{
    return __atomic_load_n(&on_thread_event, __ATOMIC_RELAXED);
}

void ter_libgc_event(enum GC_EventType event)
{
    GC_on_collection_event_proc function = GC_get_on_collection_event();

    if (TER_UNLIKELY(function != NULL))
        function(event);
}

/* One call for each thread that a signal stopped. */
static void tell_of_thread(void *context, uintptr_t thread)
{
    GC_on_thread_event_proc function = GC_get_on_thread_event();

    if (function != NULL)
        function(*(const enum GC_EventType *)context, (void *)thread);
}

void ter_libgc_thread_events(enum GC_EventType event)
{
    if (GC_get_on_thread_event() != NULL)
        ter_heap_visit_stopped(ter_libgc.heap, tell_of_thread, &event);
}
