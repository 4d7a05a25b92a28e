/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

#include <string.h>

static void fill_pauses(const struct ter_figures *figures, struct ter_statistics *statistics)
{
    statistics->collections = figures->pauses;
    statistics->collections_heap_full = figures->by_reason[TER_REASON_ALLOCATION];
    statistics->collections_requested = figures->by_reason[TER_REASON_REQUEST];
    statistics->collections_out_of_memory = figures->by_reason[TER_REASON_MEMORY];
    statistics->collections_stress = figures->by_reason[TER_REASON_STRESS];
    statistics->pause_median_ns = ter_figures_percentile(figures, 50);
    statistics->pause_p95_ns = ter_figures_percentile(figures, 95);
    statistics->pause_max_ns = figures->pause_max_ns;
    statistics->pause_total_ns = figures->pause_total_ns;
    statistics->mark_total_ns = figures->mark_total_ns;
    statistics->sweep_total_ns = figures->sweep_total_ns;
    statistics->peak_live_bytes = figures->peak_live_bytes;
}

static void fill_memory(const struct ter_plan *plan, struct ter_statistics *statistics)
{
    const struct ter_accounting *accounting = &plan->ground.accounting;
    const struct ter_live *live = &plan->trigger.live;

    statistics->allocated_bytes =
        plan->allocator.allocated_total + ter_mutators_uncounted(&plan->allocator);
    statistics->live_bytes = live->scanned_bytes + live->atomic_bytes;
    statistics->live_objects = live->objects;
    statistics->used_bytes = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);
    statistics->outside_bytes =
        atomic_load_explicit(&accounting->outside_bytes, memory_order_relaxed);
    statistics->peak_used_bytes =
        atomic_load_explicit(&accounting->peak_used_bytes, memory_order_relaxed);
    statistics->heap_limit_bytes = accounting->limit_bytes;
    statistics->mapped_bytes =
        atomic_load_explicit(&accounting->mapped_bytes, memory_order_relaxed);
    statistics->clean_bytes = atomic_load_explicit(&accounting->clean_bytes, memory_order_relaxed);
    statistics->root_bytes =
        ter_roots_bytes(&plan->roots) +
        (plan->allocator.vm_space == NULL ? 0 : plan->allocator.vm_space->root_bytes);
    statistics->finalizers_waiting = plan->finalizers.waiting.count;
    statistics->finalizers_ready = ter_finalizers_ready(&plan->finalizers);
    statistics->finalizers_found = plan->finalizers.found;
    statistics->links = plan->short_links.table.count + plan->long_links.table.count;
}

void ter_heap_statistics_locked(const struct ter_heap *heap, struct ter_statistics *statistics)
{
    *statistics = (struct ter_statistics){.struct_bytes = sizeof *statistics,
                                          .version = TER_STATISTICS_VERSION};
    fill_pauses(&heap->figures, statistics);
    fill_memory(&heap->plan, statistics);
    statistics->peak_resident_bytes = ter_os_peak_resident();
}

void ter_heap_statistics(struct ter_heap *heap, struct ter_statistics *statistics,
                         size_t struct_bytes)
{
    struct ter_statistics all;

    ter_heap_require(heap, "ter_heap_statistics");
    TER_REQUIRE(statistics != NULL || struct_bytes == 0,
                "ter_heap_statistics: there is nowhere to put them");
    ter_allocator_lock(&heap->plan.allocator);
    ter_heap_statistics_locked(heap, &all);
    ter_allocator_unlock(&heap->plan.allocator);
    all.struct_bytes = ter_min(struct_bytes, sizeof all);
    memcpy(statistics, &all, all.struct_bytes);
}
