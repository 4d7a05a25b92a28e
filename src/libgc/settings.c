/* SPDX-License-Identifier: MIT */
/*
 * Settings: the exported variables are the storage (variables.h); a function to set and one to get
 * for each comes from one table.
 */
#include "libgc/displacements.h"
#include "libgc/init.h"
#include "libgc/variables.h"

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

/* The heap reads this one also without a collection. */
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
    ter_heap_lock(ter_libgc.heap);
    ter_libgc_count_interior(ter_libgc.heap, value != 0);
    if (value != 0)
        ter_libgc.extra_bytes = 1;
    ter_libgc_unlock();
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
    GC_parallel = (int)ter_heap_helpers(ter_libgc.heap);
}

GC_EXPORT int GC_get_parallel(void);

int GC_get_parallel(void)
{
    return GC_parallel;
}
