/* SPDX-License-Identifier: MIT */
/*
 * The collector: what every heap has, whatever its plan. Here are its parts and the questions that
 * its spaces answer; how it collects is in collect.c.
 *
 * Invariant: `spaces` holds those of the plan, in its order, then malloc's and the program's. The
 * list changes only in ter_collector_init and ter_collector_fini.
 */
#pragma once

#include <terrier/weak.h>

#include "cycle/balance.h"
#include "cycle/callbacks.h"
#include "cycle/disposals.h"
#include "cycle/futile.h"
#include "cycle/nursery.h"
#include "cycle/plan.h"
#include "cycle/trigger.h"
#include "cycle/trim.h"
#include "cycle/worth.h"
#include "weak/weak.h"

#define TER_MOST_SPACES 16u

struct ter_collector_space {
    struct ter_space *space;
    unsigned serves; /* TER_SERVES_... */
};

/* What a heap is sized by: sizer.h. */
struct ter_pacing {
    struct ter_rates rates;
    uint64_t ended_ns;       /* the last collection */
    uint64_t mutator_ns;     /* between collections, since the last whole one */
    size_t used_whole_bytes; /* after that */
    size_t used_bytes;       /* after the last collection */
    size_t grown_bytes;      /* between the last two whole ones */
    size_t live_bytes, base_bytes;
    size_t limit_bytes;     /* when the last collection began */
    size_t copy_room_bytes; /* that copies may take under the soft limit; SIZE_MAX: any */
};

struct ter_collector {
    const struct ter_plan *plan;
    struct ter_arena arena;
    struct ter_allocator allocator;
    struct ter_collector_space spaces[TER_MOST_SPACES];
    unsigned space_count;
    struct ter_vm_space *vm_space; /* NULL: the program declares no memory of its own */
    struct ter_roots roots;
    struct ter_pins pins;
    struct ter_identities identities;
    struct ter_followed *followed; /* by a floor above; NULL: nothing is. Set as the watch is */
    struct ter_finalizers finalizers;
    bool finalizers_of_kinds; /* there is a kind with one */
    struct ter_weak_table had_finalizer;
    struct ter_links short_links;
    struct ter_links long_links;
    struct ter_ephemerons ephemerons;
    struct ter_guardians guardians;
    ter_weak_function *weak_function; /* of the program's; NULL: none */
    void *weak_context;
    struct ter_disposals disposals;
    struct ter_tracer tracer; /* worker 0; of a plan that collects */
    struct ter_workers workers;
    uint64_t drain_ns; /* that marking what lies behind the roots took last */
    struct ter_trigger trigger;
    struct ter_trim trim;
    struct ter_pacing pacing;
    struct ter_balance balance; /* among the heaps of the process */
    struct ter_futile futile;
    uint64_t returned_bytes; /* to the system, while the heap lived */
    struct ter_callbacks *callbacks;
    uint64_t collections;
    enum ter_part part;                /* of the collection that runs: parts.h */
    struct ter_collection *collection; /* that runs, or ran last: for passages */
    bool collecting;
    bool ages;           /* there are young objects, which are collected by themselves too */
    bool minor;          /* the collection that runs, or ran last, is of young objects alone */
    bool next_is_whole;  /* the next one is to be of all objects */
    bool log_was_lost;   /* some stores before the one that runs, or ran last, were not logged */
    size_t words_logged; /* by the mutators, for the collection that runs */
    size_t old_bytes;    /* that lived after the last whole one */
    size_t live_bytes;   /* and after the last one */
    size_t held_room;    /* between whole ones, of a program that holds collections; 0: unknown */
    struct ter_nursery nursery;
    struct ter_worth worth;
};

/* ---- Any word ---- */

/* Who owns the word, and which object covers it. */
TER_INLINE const struct ter_sft *ter_collector_owner(const struct ter_collector *collector,
                                                     uintptr_t word)
{
    return ter_sft_map_get(&collector->arena.map, word);
}

TER_INLINE const struct ter_space *ter_collector_space(const struct ter_collector *collector,
                                                       uintptr_t word)
{
    return ter_space_of(ter_collector_owner(collector, word));
}

TER_INLINE ter_object ter_collector_find_interior(const struct ter_collector *collector,
                                                  uintptr_t word)
{
    const struct ter_sft *owner = ter_collector_owner(collector, word);

    return owner->find_object_from_interior(owner, word);
}

/* Does an object begin exactly there? */
bool ter_collector_is_object(const struct ter_collector *collector, uintptr_t word);
/* The owner of exactly this object; what is none stops with a line that names the call. */
const struct ter_sft *ter_collector_require_object(const struct ter_collector *collector,
                                                   const void *object, const char *call);

/* ---- An object ---- */

/* Bytes that it can hold. */
size_t ter_collector_object_bytes(const struct ter_collector *collector, uintptr_t object);
unsigned ter_collector_object_kind(const struct ter_collector *collector, uintptr_t object);
/* Its mark, wherever it lies. */
bool ter_collector_is_marked(const struct ter_collector *collector, uintptr_t object);
void ter_collector_set_mark(const struct ter_collector *collector, uintptr_t object, bool marked);
/* Where that byte is, of an object that may have moved in this collection; of others: there. */
uintptr_t ter_collector_now_at(const struct ter_collector *collector, uintptr_t address);
/* The object that covers the word does not move in this collection. */
void ter_collector_hold(const struct ter_collector *collector, uintptr_t word);

/* ---- All of them ---- */

/*
 * Calls `visit` for every object of every space, with the world stopped, under the heap lock. Cells
 * that a stopped mutator has not handed out yet are visited too.
 */
ter_status ter_collector_for_each(struct ter_collector *collector, ter_object_visitor *visit,
                                  void *context);
/* The same without stopping anybody: for what happens under the heap lock anyway. */
void ter_collector_visit_objects(const struct ter_collector *collector, ter_object_visitor *visit,
                                 void *context);

/* The same in a collection, of what may be found dead: of young ones, if those are collected. */
void ter_collector_visit_collected(const struct ter_collector *collector, ter_object_visitor *visit,
                                   void *context);
/* Of those, the ones in spaces that move none. */
void ter_collector_visit_staying(const struct ter_collector *collector, ter_object_visitor *visit,
                                 void *context);

/*
 * Stops with a line if what a space keeps about itself does not agree; as
 * ter_collector_for_each.
 */
ter_status ter_collector_check(struct ter_collector *collector);

/* What the trigger counts of roots: static ones, and stacks twice, as Boehm's collector does. */
size_t ter_collector_root_bytes(const struct ter_collector *collector);
/* Of them: static data and memory of the program's that are roots. */
size_t ter_collector_static_root_bytes(const struct ter_collector *collector);

/* Adds a kind of objects, with its details, which are copied; TER_ERROR_FULL when there are
 * TER_MAX_KINDS. Under the heap lock. */
ter_status ter_collector_add_kind(struct ter_collector *collector, const struct ter_kind *kind,
                                  unsigned *index);

/* What a step of a plan does as a rule: every space, by its policy. */
void ter_spaces_prepare(struct ter_collector *collector);
void ter_spaces_release(struct ter_collector *collector, struct ter_live *live);
/* The same of a collection of young objects alone. */
void ter_spaces_prepare_young(struct ter_collector *collector);
void ter_spaces_release_young(struct ter_collector *collector, struct ter_live *live);

/* What mutators find in memory in use before more is taken. */
size_t ter_spaces_open(const struct ter_collector *collector);
/* What a collection is likely to take beside what is in use. */
size_t ter_spaces_reserve(const struct ter_collector *collector);

/* Gives up to about `bytes` of free memory back to the system; returns how much. Under the lock. */
size_t ter_spaces_trim(struct ter_collector *collector, size_t bytes);
/* Likewise, inside what is in use: where nothing was allocated lately, when `resting`, or all. */
size_t ter_spaces_hollow(struct ter_collector *collector, bool resting);
