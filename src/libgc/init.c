/* SPDX-License-Identifier: MIT */
/* Start and end: the heap, the main thread, the environment, fork. */
#include "libgc/libgc.h"

#include <stdlib.h>
#include <string.h>

struct ter_libgc ter_libgc;
_Thread_local struct ter_mutator *ter_libgc_mutator;

/* ---- Environment ---- */

static bool read_size(const char *name, uint64_t *value)
{
    const char *text = getenv(name);

    if (text == NULL)
        return false;
    if (ter_parse_size(text, strlen(text), value))
        return true;
    ter_log(TER_LOG_WARNING, "%s='%s' is no size and is ignored", name, text);
    return false;
}

/*
 * Those of Boehm's collector that have a meaning here; TERRIER_OPTIONS comes after and wins, also
 * over what the program set before, since the variables are what the plan reads from now on.
 */
static void read_environment(struct ter_options *options)
{
    char message[256];
    uint64_t value;

    if (read_size("GC_INITIAL_HEAP_SIZE", &value))
        options->heap_initial = value;
    if (read_size("GC_MAXIMUM_HEAP_SIZE", &value))
        options->heap_max = value;
    if (read_size("GC_FREE_SPACE_DIVISOR", &value) && value > 0)
        GC_free_space_divisor = (GC_word)value;
    if (getenv("GC_DONT_GC") != NULL)
        GC_dont_gc = 1;
    if (getenv("GC_PRINT_STATS") != NULL)
        options->log = TER_LOG_TRACE;
    options->free_space_divisor = GC_free_space_divisor;
    options->scan_libraries = GC_no_dls == 0;
    if (ter_options_read_environment(options, message, sizeof message) != TER_OK)
        ter_fatal("TERRIER_OPTIONS: %s", message);
    GC_free_space_divisor = (GC_word)options->free_space_divisor;
    GC_no_dls = options->scan_libraries == 0;
}

/* ---- The heap ---- */

static void before_collection(void *context, enum ter_collection_reason reason)
{
    (void)context, (void)reason;
    ter_libgc_read_variables();
    if (ter_libgc.start_callback != NULL)
        ter_libgc.start_callback();
}

static void (*heap_after_collection)(void *context, const struct ter_collection *collection);

static void after_collection(void *context, const struct ter_collection *collection)
{
    heap_after_collection(context, collection);
    GC_gc_no++;
    ter_libgc_write_variables();
    if (ter_finalizers_ready(&ter_libgc.plan->finalizers) > 0)
        ter_libgc.plan->allocator.notify = true;
}

static void resized(void *context, size_t limit_bytes)
{
    (void)context;
    if (GC_on_heap_resize != NULL)
        GC_on_heap_resize(limit_bytes);
}

static void notified(void *context)
{
    (void)context;
    ter_libgc_finalizers_ready();
}

static void connect(struct ter_plan *plan)
{
    heap_after_collection = plan->listener.after;
    plan->listener.before = before_collection;
    plan->listener.after = after_collection;
    plan->hooks.push_roots = ter_libgc_push_roots;
    plan->hooks.resized = resized;
    plan->allocator.gate.notified = notified;
    plan->allocator.locking = false;
    plan->marker.interior_everywhere = GC_all_interior_pointers != 0;
    ter_libgc_read_variables();
}

static void make_heap(void)
{
    struct ter_options options;
    ter_status status;

    ter_options_init(&options);
    read_environment(&options);
    status = ter_heap_new(&options, &ter_libgc.heap);
    if (status != TER_OK)
        ter_fatal("no heap can be made: %s", ter_status_message(status));
    ter_libgc.plan = &ter_libgc.heap->plan;
    ter_libgc.extra_bytes = GC_all_interior_pointers != 0 ? 1 : 0;
    connect(ter_libgc.plan);
    ter_libgc_write_variables();
}

static void bind_main_thread(void)
{
    ter_status status = ter_mutator_bind(ter_libgc.heap, &ter_libgc_mutator);

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

void GC_init(void)
{
    if (ter_libgc.heap != NULL)
        return;
    make_heap();
    bind_main_thread();
    if (pthread_atfork(NULL, NULL, forget_main_thread) != 0)
        ter_log(TER_LOG_WARNING, "no memory for a fork handler");
}

struct ter_mutator *ter_libgc_attach(void)
{
    TER_REQUIRE(ter_libgc.heap == NULL,
                "libgc was called by a thread that is not registered (GC_register_my_thread)");
    GC_init();
    return ter_libgc_mutator;
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

/* The heap stays, since other destructors may still use it; only its report is written. */
static __attribute__((destructor)) void finish(void)
{
    if (ter_libgc.heap != NULL)
        ter_heap_write_wanted_report(ter_libgc.heap);
}
