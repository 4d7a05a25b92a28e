/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

#include <string.h>

static void fill_pauses(const struct ter_figures *figures, struct ter_statistics *statistics)
{
    statistics->collections = figures->all.count;
    statistics->collections_heap_full = figures->by_reason[TER_REASON_ALLOCATION];
    statistics->collections_requested = figures->by_reason[TER_REASON_REQUEST];
    statistics->collections_out_of_memory = figures->by_reason[TER_REASON_MEMORY];
    statistics->collections_stress = figures->by_reason[TER_REASON_STRESS];
    statistics->collections_pressure = figures->by_reason[TER_REASON_PRESSURE];
    statistics->collections_young = figures->young.count;
    statistics->pause_median_ns = ter_pauses_percentile(&figures->all, 50);
    statistics->pause_p95_ns = ter_pauses_percentile(&figures->all, 95);
    statistics->pause_max_ns = figures->all.max_ns;
    statistics->pause_total_ns = figures->all.total_ns;
    statistics->pause_young_median_ns = ter_pauses_percentile(&figures->young, 50);
    statistics->pause_young_max_ns = figures->young.max_ns;
    statistics->pause_young_total_ns = figures->young.total_ns;
    statistics->collection_max_ns = figures->collection_max_ns;
    statistics->collection_total_ns = figures->collection_total_ns;
    statistics->mark_total_ns = figures->mark_total_ns;
    statistics->sweep_total_ns = figures->sweep_total_ns;
    statistics->peak_live_bytes = figures->peak_live_bytes;
}

static void fill_memory(const struct ter_collector *collector, struct ter_statistics *statistics)
{
    const struct ter_accounting *accounting = &collector->arena.accounting;
    const struct ter_live *live = &collector->trigger.live;

    statistics->allocated_bytes =
        collector->allocator.allocated_total + ter_mutators_uncounted(&collector->allocator);
    statistics->live_bytes = live->scanned_bytes + live->atomic_bytes;
    statistics->live_objects = live->objects;
    statistics->used_bytes = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);
    statistics->outside_bytes =
        atomic_load_explicit(&accounting->foreign_bytes, memory_order_relaxed);
    statistics->peak_used_bytes =
        atomic_load_explicit(&accounting->peak_used_bytes, memory_order_relaxed);
    statistics->heap_limit_bytes = accounting->limit_bytes;
    statistics->mapped_bytes =
        atomic_load_explicit(&accounting->mapped_bytes, memory_order_relaxed);
    statistics->clean_bytes = atomic_load_explicit(&accounting->clean_bytes, memory_order_relaxed);
    statistics->root_bytes = ter_collector_static_root_bytes(collector);
    statistics->finalizers_waiting = collector->finalizers.waiting.count;
    statistics->finalizers_ready = ter_finalizers_ready(&collector->finalizers);
    statistics->finalizers_found = collector->finalizers.found;
    statistics->external_bytes =
        atomic_load_explicit(&collector->allocator.external_bytes, memory_order_relaxed);
    statistics->links = collector->short_links.table.count + collector->long_links.table.count;
}

static void fill_sizing(const struct ter_collector *collector, struct ter_statistics *statistics)
{
    size_t limit = ter_balance_limit();

    statistics->returned_bytes = collector->returned_bytes;
    statistics->soft_limit_bytes = limit == SIZE_MAX ? 0 : limit;
    statistics->soft_limit_collections = collector->balance.collections;
    statistics->soft_limit_exceeded = collector->balance.exceeded;
}

void ter_heap_statistics_locked(const struct ter_heap *heap, struct ter_statistics *statistics)
{
    *statistics = (struct ter_statistics){.struct_bytes = sizeof *statistics,
                                          .version = TER_STATISTICS_VERSION};
    fill_pauses(&heap->figures, statistics);
    fill_memory(&heap->collector, statistics);
    fill_sizing(&heap->collector, statistics);
    statistics->peak_resident_bytes = ter_os_peak_resident();
}

void ter_heap_statistics(struct ter_heap *heap, struct ter_statistics *statistics,
                         size_t struct_bytes)
{
    struct ter_statistics all;

    ter_heap_require(heap, "ter_heap_statistics");
    TER_REQUIRE(statistics != NULL || struct_bytes == 0,
                "ter_heap_statistics: there is nowhere to put them");
    ter_allocator_lock(&heap->collector.allocator);
    ter_heap_statistics_locked(heap, &all);
    ter_allocator_unlock(&heap->collector.allocator);
    all.struct_bytes = ter_min(struct_bytes, sizeof all);
    memcpy(statistics, &all, all.struct_bytes);
}
