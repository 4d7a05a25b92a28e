/* SPDX-License-Identifier: MIT */
/*
 * Settings: the exported variables are the storage; a function to set and one to get for each comes
 * from one table. They are read into the collector before every collection.
 */
#include "libgc/libgc.h"

/* ---- Variables, with the defaults of version 8.2 ---- */

static void *return_null(size_t bytes)
{
    (void)bytes;
    return NULL;
}

GC_word GC_gc_no;
int GC_parallel;
GC_oom_func GC_oom_fn = return_null;
GC_on_heap_resize_proc GC_on_heap_resize;
int GC_find_leak;
int GC_quiet;
int GC_all_interior_pointers = 1;
int GC_finalize_on_demand;
int GC_java_finalization = 1;
GC_finalizer_notifier_proc GC_finalizer_notifier;
int GC_dont_gc;
int GC_dont_expand;
int GC_use_entire_heap;
int GC_full_freq = 19;
GC_word GC_non_gc_bytes;
int GC_no_dls;
GC_word GC_free_space_divisor = 3;
GC_word GC_max_retries;
char *GC_stackbottom;
int GC_dont_precollect;
unsigned long GC_time_limit = 999999;
void *GC_least_plausible_heap_addr;
void *GC_greatest_plausible_heap_addr;

void ter_libgc_read_variables(void)
{
    struct ter_trigger *trigger = &ter_libgc.collector->trigger;
    struct ter_roots *roots = &ter_libgc.collector->roots;

    trigger->disabled = GC_dont_gc != 0;
    trigger->free_space_divisor = GC_free_space_divisor > 0 ? GC_free_space_divisor : 1;
    trigger->never_grow_before_collecting = GC_dont_expand != 0;
    ter_trigger_keep_to_maximum(trigger, &ter_libgc.collector->ground.accounting);
    /* Clearing the roots is for good only with GC_no_dls: else the loader's list is read again. */
    if (GC_no_dls == 0 && !roots->scan_program && ter_libgc.heap->options.scan_program != 0) {
        roots->scan_program = true;
        roots->segments_known = false;
    }
    if (roots->scan_libraries != (GC_no_dls == 0)) {
        roots->scan_libraries = GC_no_dls == 0;
        roots->segments_known = false;
    }
    if (ter_libgc.main_mutator != NULL && GC_stackbottom != NULL)
        ter_libgc.main_mutator->stack_base = (uintptr_t)GC_stackbottom;
}

/*
 * The bounds hold for the whole range, now and after any growth; malloc's memory may be anywhere.
 * They may lie in the program's data, which is a root, so neither is an address in an object.
 */
void ter_libgc_write_variables(void)
{
    const struct ter_layout *layout = &ter_libgc.collector->ground.layout;

    GC_least_plausible_heap_addr = (void *)(layout->heap_start - sizeof(void *));
    GC_greatest_plausible_heap_addr = (void *)(layout->heap_start + ter_layout_heap_bytes(layout));
    if (ter_libgc.collector->allocator.malloc_space != NULL) {
        GC_least_plausible_heap_addr = (void *)TER_BYTES_IN_GRANULE;
        GC_greatest_plausible_heap_addr = (void *)UINTPTR_MAX;
    }
}

/* ---- One function to set and one to get each ---- */

#define SETTING(type, name, variable)                                                              \
    GC_EXPORT void GC_set_##name(type value);                                                      \
    GC_EXPORT type GC_get_##name(void);                                                            \
    void GC_set_##name(type value)                                                                 \
    {                                                                                              \
        variable = value;                                                                          \
    }                                                                                              \
    type GC_get_##name(void)                                                                       \
    {                                                                                              \
        return variable;                                                                           \
    }

SETTING(GC_oom_func, oom_fn, GC_oom_fn)
SETTING(GC_on_heap_resize_proc, on_heap_resize, GC_on_heap_resize)
SETTING(int, finalize_on_demand, GC_finalize_on_demand)
SETTING(int, java_finalization, GC_java_finalization)
SETTING(GC_finalizer_notifier_proc, finalizer_notifier, GC_finalizer_notifier)
SETTING(int, dont_expand, GC_dont_expand)
SETTING(int, full_freq, GC_full_freq)
SETTING(GC_word, non_gc_bytes, GC_non_gc_bytes)
SETTING(int, no_dls, GC_no_dls)
SETTING(GC_word, max_retries, GC_max_retries)
SETTING(int, dont_precollect, GC_dont_precollect)
SETTING(unsigned long, time_limit, GC_time_limit)
SETTING(int, find_leak, GC_find_leak)
SETTING(int, disable_automatic_collection, ter_libgc.automatic_off)
SETTING(int, force_unmap_on_gcollect, ter_libgc.force_unmap)
SETTING(GC_word, allocd_bytes_per_finalizer, ter_libgc.bytes_per_finalizer)

/* Those that are only kept. */
static int rate = 10, max_prior_attempts = 1, manual_vdb;
static unsigned long time_limit_nsec;

SETTING(int, rate, rate)
SETTING(int, max_prior_attempts, max_prior_attempts)
SETTING(int, manual_vdb_allowed, manual_vdb)

void GC_set_time_limit_tv(struct GC_timeval_s limit)
{
    GC_time_limit = limit.tv_ms;
    time_limit_nsec = limit.tv_nsec;
}

struct GC_timeval_s GC_get_time_limit_tv(void)
{
    return (struct GC_timeval_s){GC_time_limit, time_limit_nsec};
}

GC_EXPORT void GC_set_min_bytes_allocd(size_t bytes);
GC_EXPORT size_t GC_get_min_bytes_allocd(void);

void GC_set_min_bytes_allocd(size_t bytes)
{
    TER_REQUIRE(bytes > 0, "GC_set_min_bytes_allocd: it is at least 1");
    ter_libgc.least_allocated = bytes;
}

size_t GC_get_min_bytes_allocd(void)
{
    return ter_max(ter_libgc.least_allocated, 1);
}

/* The collector reads this one also without a collection. */
GC_EXPORT void GC_set_free_space_divisor(GC_word value);
GC_EXPORT GC_word GC_get_free_space_divisor(void);

void GC_set_free_space_divisor(GC_word value)
{
    TER_REQUIRE(value > 0, "GC_set_free_space_divisor: the divisor is at least 1");
    GC_free_space_divisor = value;
    if (ter_libgc.heap != NULL)
        ter_libgc_read_variables();
}

GC_word GC_get_free_space_divisor(void)
{
    return GC_free_space_divisor;
}

/*
 * Sizes of objects depend on this one. What was allocated before it is switched on has no extra
 * byte; when it is switched off, objects go on having one, which does no harm.
 */
GC_EXPORT void GC_set_all_interior_pointers(int value);
GC_EXPORT int GC_get_all_interior_pointers(void);

void GC_set_all_interior_pointers(int value)
{
    GC_all_interior_pointers = value != 0;
    if (ter_libgc.heap == NULL)
        return;
    ter_allocator_lock(&ter_libgc.collector->allocator);
    ter_libgc.collector->tracer.any_byte = value != 0;
    if (value != 0)
        ter_libgc.extra_bytes = 1;
    ter_allocator_unlock(&ter_libgc.collector->allocator);
}

int GC_get_all_interior_pointers(void)
{
    return GC_all_interior_pointers;
}

/*
 * Threads that help to mark are started when a collection is worth it; what is said before the
 * start is how many may mark, the collecting one included.
 */
void GC_set_markers_count(unsigned count)
{
    if (ter_libgc.heap == NULL)
        ter_libgc.markers = count;
}

void GC_start_mark_threads(void)
{
    ter_libgc_ready();
    GC_parallel = (int)ter_libgc.collector->workers.wanted;
}

GC_EXPORT int GC_get_parallel(void);

int GC_get_parallel(void)
{
    return GC_parallel;
}
