/* SPDX-License-Identifier: MIT */
/*
 * The mark-sweep plan: small objects in a native mark-sweep space, uncollectable ones in an
 * immortal space, those over 8 KiB in a large object space; nothing moves.
 *
 * A collection, under the heap lock: runs return, marks are made from valid-object bits, roots are
 * marked and traced, weak things are processed, the sweep turns marks into valid-object bits.
 */
#pragma once

#include "plan/collection.h"
#include "plan/trigger.h"
#include "plan/trim.h"

enum ter_space_slot { TER_SLOT_MARK_SWEEP = 0, TER_SLOT_IMMORTAL = 1, TER_SLOT_LARGE = 2 };

/* Compiled in mark_sweep_loop.c. */
extern const struct ter_loop ter_mark_sweep_loop;

/* Points that every collection passes, in this order. */
enum ter_plan_phase {
    TER_PHASE_STOPPING, /* the other threads are about to be stopped */
    TER_PHASE_STOPPED,  /* they stand; marking begins */
    TER_PHASE_MARKED,   /* all is marked; sweeping begins */
    TER_PHASE_SWEPT,    /* the other threads are about to go on */
    TER_PHASE_RESUMED
};

/* All are called under the heap lock; NULL for nothing. */
struct ter_plan_hooks {
    /* May a collection for this reason happen now? */
    bool (*allowed)(void *context, enum ter_collection_reason reason);
    /* The heap is full and little was allocated: is a collection due for another reason? */
    bool (*due)(void *context);
    void (*passed)(void *context, enum ter_plan_phase phase);
    /* Called during a collection, with the world stopped, to mark more (ter_mark_...). */
    void (*push_roots)(void *context);
    /* Called when finalizers and links have been seen to: what is not reached now will be swept. */
    void (*marked)(void *context, const struct ter_reach *reach);
    /* Called when the heap's limit grew; not during a collection. */
    void (*resized)(void *context, size_t limit_bytes);
    void *context;
};

struct ter_plan {
    struct ter_ground ground;
    struct ter_allocator allocator;
    struct ter_block_lists mark_sweep_lists;
    struct ter_block_lists immortal_lists;
    struct ter_roots roots;
    struct ter_finalizers finalizers;
    struct ter_links short_links;
    struct ter_links long_links;
    struct ter_tracer tracer;
    struct ter_workers workers;
    uint64_t drain_ns; /* that marking what lies behind the roots took last */
    struct ter_trigger trigger;
    struct ter_trim trim;
    struct ter_plan_listener listener;
    struct ter_plan_hooks hooks;
    uint64_t collections;
    bool collecting;
    bool refused; /* an allocation, since the last collection */
    bool never;   /* the plan no-gc: whatever is allocated stays */
};

struct ter_plan_settings {
    struct ter_ground_settings ground; /* the record size is the plan's to fill in */
    size_t initial_bytes;
    size_t max_bytes;
    size_t free_space_divisor;
    size_t stress_interval;
    bool scan_program;
    bool scan_libraries;
    unsigned markers; /* threads that mark; 0: up to as many as processors, as is faster */
    bool never_collect;
    bool malloc_objects; /* objects come from malloc */
    bool vm_space;       /* the program will declare memory of its own */
    bool trim;           /* free memory that is not needed goes back to the system */
};

/* `plan` is zeroed storage of the caller. */
ter_status ter_plan_init(struct ter_plan *plan, const struct ter_plan_settings *settings);
/* After the last mutator is gone. */
void ter_plan_fini(struct ter_plan *plan);

/*
 * Collects now; under the heap lock, from a thread that is a mutator or has no references. False,
 * with nothing done, when there is no memory to find the roots, or under the plan no-gc.
 */
bool ter_plan_collect(struct ter_plan *plan, enum ter_collection_reason reason);

/* Gives all free memory back to the system, under the heap lock; returns the bytes. */
size_t ter_plan_release_memory(struct ter_plan *plan);

/* What the trigger counts of roots: static ones, and stacks twice, as Boehm's collector does. */
size_t ter_plan_root_bytes(const struct ter_plan *plan);

/* Adds a kind of objects; TER_ERROR_FULL when there are TER_MAX_KINDS. */
ter_status ter_plan_add_kind(struct ter_plan *plan, const struct ter_kind *kind, unsigned *index);

/*
 * Calls `visit` for every object of every space, with the world stopped, under the heap lock. Cells
 * that a stopped mutator has not handed out yet are visited too.
 */
ter_status ter_plan_for_each(struct ter_plan *plan, ter_object_visitor *visit, void *context);
/* The same without stopping anybody: for what happens under the heap lock anyway. */
void ter_plan_visit_objects(const struct ter_plan *plan, ter_object_visitor *visit, void *context);

/* Who owns the word, and which object covers it. */
TER_INLINE const struct ter_sft *ter_plan_owner(const struct ter_plan *plan, uintptr_t word)
{
    return ter_sft_map_get(&plan->ground.map, word);
}

TER_INLINE ter_object ter_plan_find_interior(const struct ter_plan *plan, uintptr_t word)
{
    const struct ter_sft *owner = ter_plan_owner(plan, word);

    return owner->find_object_from_interior(owner, word);
}

/* Bytes that an object can hold; `object` is one of this plan. */
size_t ter_plan_object_bytes(const struct ter_plan *plan, uintptr_t object);
/* Its mark, wherever it lies. */
bool ter_plan_is_marked(const struct ter_plan *plan, uintptr_t object);
void ter_plan_set_mark(const struct ter_plan *plan, uintptr_t object, bool marked);
/* Its kind. */
unsigned ter_plan_object_kind(const struct ter_plan *plan, uintptr_t object);
