/* SPDX-License-Identifier: MIT */
/* Settings come back as they were set; defaults; figures all at once. */
#define GC_THREADS
#include "check.h"

#include <gc/gc_mark.h>

#define KEPT(type, name, usual, other)                                                             \
    do {                                                                                           \
        EXPECT(GC_get_##name() == (type)(usual), #name " is another by default");                  \
        GC_set_##name((type)(other));                                                              \
        EXPECT(GC_get_##name() == (type)(other), #name " is not what was set");                    \
        GC_set_##name((type)(usual));                                                              \
    } while (0)

static void GC_CALLBACK await(void *object)
{
    (void)object;
}

static void GC_CALLBACK resized(GC_word bytes)
{
    (void)bytes;
}

static void test_settings(void)
{
    struct GC_timeval_s limit = GC_get_time_limit_tv();

    KEPT(int, rate, 10, 3);
    KEPT(int, max_prior_attempts, 1, 5);
    KEPT(size_t, min_bytes_allocd, 1, 100000);
    KEPT(GC_word, allocd_bytes_per_finalizer, 10000, 0);
    KEPT(int, disable_automatic_collection, 0, 1);
    KEPT(int, force_unmap_on_gcollect, 0, 1);
    KEPT(int, full_freq, 19, 7);
    KEPT(int, dont_expand, 0, 1);
    KEPT(int, dont_precollect, 0, 1);
    KEPT(GC_word, max_retries, 0, 3);
    KEPT(GC_word, free_space_divisor, 3, 10);
    KEPT(unsigned long, time_limit, GC_TIME_UNLIMITED, 50);
    KEPT(int, java_finalization, 1, 0);
    KEPT(int, finalize_on_demand, 0, 1);
    KEPT(int, no_dls, 0, 1);
    KEPT(GC_on_heap_resize_proc, on_heap_resize, 0, resized);
    KEPT(GC_await_finalize_proc, await_finalize_proc, 0, await);
    EXPECT(limit.tv_ms == GC_TIME_UNLIMITED && limit.tv_nsec == 0, "%lu, %lu", limit.tv_ms,
           limit.tv_nsec);
    limit.tv_ms = 5;
    limit.tv_nsec = 300;
    GC_set_time_limit_tv(limit);
    limit = GC_get_time_limit_tv();
    EXPECT(limit.tv_ms == 5 && limit.tv_nsec == 300, "%lu, %lu", limit.tv_ms, limit.tv_nsec);
    EXPECT(GC_get_time_limit() == 5, "%lu", GC_get_time_limit());
    GC_set_time_limit(GC_TIME_UNLIMITED);
    EXPECT(GC_get_manual_vdb_allowed() == 0, "%d", GC_get_manual_vdb_allowed());
    GC_set_manual_vdb_allowed(0);
    GC_start_incremental_collection();
    EXPECT(GC_is_incremental_mode() == 0, "%d", GC_is_incremental_mode());
    EXPECT((GC_incremental_protection_needs() & ~15) == 0, "%d", GC_incremental_protection_needs());
    GC_start_mark_threads();
    EXPECT(GC_get_parallel() >= 0 && GC_get_parallel() < 1000, "%d", GC_get_parallel());
}

/* ---- Figures ---- */

static void test_figures(void)
{
    struct GC_prof_stats_s all, part;
    unsigned char larger[sizeof all + 40];
    size_t before;

    memset(GC_malloc_atomic(300000), 1, 300000);
    GC_gcollect();
    memset(&all, 0x55, sizeof all);
    EXPECT(GC_get_prof_stats(&all, sizeof all) == sizeof all, "the size");
    EXPECT(all.heapsize_full == GC_get_heap_size() + GC_get_unmapped_bytes(), "%zu",
           (size_t)all.heapsize_full);
    EXPECT(all.free_bytes_full <= all.heapsize_full, "%zu", (size_t)all.free_bytes_full);
    EXPECT(all.gc_no == GC_get_gc_no(), "%zu", (size_t)all.gc_no);
    EXPECT(all.bytes_allocd_since_gc + all.allocd_bytes_before_gc == GC_get_total_bytes(), "%zu",
           (size_t)all.allocd_bytes_before_gc);
    EXPECT(all.obtained_from_os_bytes >= all.heapsize_full, "%zu",
           (size_t)all.obtained_from_os_bytes);
    EXPECT(all.obtained_from_os_bytes == GC_get_obtained_from_os_bytes(), "%zu",
           GC_get_obtained_from_os_bytes());
    EXPECT(all.non_gc_bytes == GC_get_non_gc_bytes(), "%zu", (size_t)all.non_gc_bytes);
    EXPECT(all.markers_m1 == (GC_word)GC_get_parallel(), "%zu", (size_t)all.markers_m1);
    EXPECT(all.bytes_reclaimed_since_gc + all.reclaimed_bytes_before_gc < all.heapsize_full * 1000,
           "%zu", (size_t)all.bytes_reclaimed_since_gc);

    memset(&part, 0x55, sizeof part);
    EXPECT(GC_get_prof_stats_unsafe(&part, 3 * sizeof(GC_word)) == 3 * sizeof(GC_word), "part");
    EXPECT(part.heapsize_full == all.heapsize_full, "%zu", (size_t)part.heapsize_full);
    EXPECT(is_filled(&part.bytes_allocd_since_gc, 0x55, sizeof part - 3 * sizeof(GC_word)),
           "more than was asked for");
    memset(larger, 0x55, sizeof larger);
    EXPECT(GC_get_prof_stats((struct GC_prof_stats_s *)larger, sizeof larger) == sizeof all,
           "larger");
    EXPECT(is_filled(larger + sizeof all, 0xff, sizeof larger - sizeof all), "what is unknown");

    before = GC_get_total_bytes();
    (void)GC_malloc(100000);
    EXPECT(GC_get_total_bytes() >= before + 100000, "%zu", GC_get_total_bytes());
}

static void test_sizes(void)
{
    EXPECT(GC_get_size_map_at(-1) == (size_t)-1, "%zu", GC_get_size_map_at(-1));
    EXPECT(GC_get_size_map_at(100000) == (size_t)-1, "%zu", GC_get_size_map_at(100000));
    for (int bytes = 0; bytes < 2000; bytes++) {
        size_t size = GC_get_size_map_at(bytes);

        /* The stock library fills its table bit by bit. */
        EXPECT(size > (size_t)bytes || (size == 0 && !is_drop_in()), "%d: %zu", bytes, size);
        EXPECT(size % 16 == 0, "%d: %zu", bytes, size);
        EXPECT(size <= (size_t)bytes * 2 + 32, "%d: %zu", bytes, size);
        EXPECT(GC_size(GC_malloc((size_t)bytes)) >= (size_t)bytes, "%d", bytes);
    }
}

int main(void)
{
    GC_set_markers_count(1);
    EXPECT(GC_get_suspend_signal() > 0 && GC_get_thr_restart_signal() > 0, "signals");
    EXPECT(GC_get_pages_executable() == 0, "%d", GC_get_pages_executable());
    GC_set_pages_executable(0);
    GC_INIT();
    test_settings();
    test_figures();
    test_sizes();
    GC_deinit();
    GC_deinit();
    EXPECT(GC_get_kind_and_size(GC_malloc(10), NULL) == 1, "after the shutdown");
    return check_end();
}
