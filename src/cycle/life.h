/* SPDX-License-Identifier: MIT */
/* How a collector begins and ends. */
#pragma once

#include "cycle/collector.h"

struct ter_collector_settings {
    const struct ter_plan *plan;
    struct ter_arena_settings arena; /* the record size is for the collector to fill in */
    size_t initial_bytes;
    size_t max_bytes;
    size_t free_space_divisor;
    enum ter_sizing sizing; /* fixed: there is a maximum */
    size_t stress_interval;
    size_t stress_polls;
    bool exact_stacks;       /* no stacks and no thread-local data are scanned */
    bool safepoints;         /* threads stop at safepoints only */
    bool barriers;           /* the program calls them before its stores */
    size_t young_bytes;      /* between collections of young objects; 0: adapts */
    uint64_t young_pause_ns; /* see cycle/nursery.h */
    bool scan_program;
    bool scan_libraries;
    unsigned markers;      /* threads that mark; 0: up to as many as processors, as is faster */
    bool markers_measured; /* that many only where it is faster */
    bool malloc_objects;   /* objects come from malloc */
    bool vm_space;         /* the program will declare memory of its own */
    bool trim;             /* free memory that is not needed goes back to the system */
};

/* Would young objects be collected by themselves, under that plan and with these settings? */
bool ter_collector_can_age(const struct ter_plan *plan,
                           const struct ter_collector_settings *settings);

/* `collector` is zeroed storage of the caller. After a failure it is to be zeroed again. */
ter_status ter_collector_init(struct ter_collector *collector,
                              const struct ter_collector_settings *settings);
/* After the last mutator is gone. */
void ter_collector_fini(struct ter_collector *collector);
