/* SPDX-License-Identifier: MIT */
/* What a heap counts. One table; the struct, the text and the JSON derive from it. */
#ifndef TERRIER_STATISTICS_H
#define TERRIER_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, unit, help); units are count, bytes and ns. */
#define TER_STATISTICS(X)                                                                          \
    X(collections, count, "collections")                                                           \
    X(collections_heap_full, count, "because the heap was full")                                   \
    X(collections_requested, count, "because the program asked")                                   \
    X(collections_out_of_memory, count, "because there was no more memory")                        \
    X(collections_stress, count, "because of the option stress")                                   \
    X(collections_pressure, count, "because of much beside it: memory elsewhere, or weak things")  \
    X(pause_median_ns, ns, "median pause (to 2 percent)")                                          \
    X(pause_p95_ns, ns, "95th percentile of pauses (to 2 percent)")                                \
    X(pause_max_ns, ns, "longest pause")                                                           \
    X(pause_total_ns, ns, "all pauses together")                                                   \
    X(mark_total_ns, ns, "of that: marking")                                                       \
    X(sweep_total_ns, ns, "of that: sweeping")                                                     \
    X(collection_max_ns, ns, "longest collection: a pause and what follows it")                    \
    X(collection_total_ns, ns, "all collections, with what follows the pauses")                    \
    X(allocated_bytes, bytes, "allocated in all")                                                  \
    X(live_bytes, bytes, "live after the last collection")                                         \
    X(live_objects, count, "objects live after the last collection")                               \
    X(peak_live_bytes, bytes, "most that was live after a collection")                             \
    X(used_bytes, bytes, "blocks, pages and malloc's objects in use")                              \
    X(peak_used_bytes, bytes, "most blocks and pages in use")                                      \
    X(outside_bytes, bytes, "of what is in use: in malloc's memory")                               \
    X(heap_limit_bytes, bytes, "may be used before a collection or growth")                        \
    X(mapped_bytes, bytes, "mapped for objects")                                                   \
    X(clean_bytes, bytes, "of that: free, with no memory of the system behind it")                 \
    X(root_bytes, bytes, "static roots")                                                           \
    X(finalizers_waiting, count, "finalizers registered")                                          \
    X(finalizers_ready, count, "finalizers ready to run")                                          \
    X(finalizers_found, count, "objects ever found ready for their finalizers")                    \
    X(links, count, "disappearing links registered")                                               \
    X(peak_resident_bytes, bytes, "peak resident memory of the process")                           \
    X(external_bytes, bytes, "elsewhere, and hang on objects (ter_external_adjust)")               \
    X(collections_young, count, "collections of young objects alone")                              \
    X(pause_young_median_ns, ns, "their median pause (to 2 percent)")                              \
    X(pause_young_max_ns, ns, "their longest pause")                                               \
    X(pause_young_total_ns, ns, "all their pauses together")                                       \
    X(returned_bytes, bytes, "that went back to the system, in all")                               \
    X(soft_limit_bytes, bytes, "that all heaps of the process should have at most; 0: no limit")   \
    X(soft_limit_collections, count, "collections that came early for that limit")                 \
    X(soft_limit_exceeded, count, "times that it gave way, to leave the program half of the time")

#define TER_STATISTIC_FIELD(name, unit, help) uint64_t name;

#define TER_STATISTICS_VERSION 4

/** Figures of a heap at one moment. */
struct ter_statistics {
    size_t struct_bytes; /**< size of what the library filled in */
    uint64_t version;    /**< TER_STATISTICS_VERSION of the library */
    TER_STATISTICS(TER_STATISTIC_FIELD)
};

#undef TER_STATISTIC_FIELD

#ifdef __cplusplus
}
#endif
#endif
