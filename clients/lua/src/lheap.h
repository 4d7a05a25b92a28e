/* SPDX-License-Identifier: MIT */
/*
 * What a family of Lua states keeps of its heap: a member of global_State.
 *
 * Invariant: `owned` is the exact bytes of all objects that have been counted in a collection, with
 * their parts as they are now; `strings` those of all short strings in the string table; `blocks`
 * those of memory that the state's allocator gave. Their sum and what was allocated since the last
 * collection is what lua_gc counts.
 *
 * An object has been counted when its `marked` has the heap's epoch. It lives in a heap that never
 * moves it, and has no link to another: what is walked is found by the collector.
 */
#ifndef lheap_h
#define lheap_h

#include <stddef.h>

#include <terrier/terrier.h>

#include "lobject.h"

/* Kinds of the heap, in the order in which they are defined, behind those that every heap has. */
enum lheap_kind {
    LHEAP_SHORT_STRING = TER_KIND_ATOMIC_UNCOLLECTABLE + 1,
    LHEAP_LONG_STRING,
    LHEAP_TABLE,
    LHEAP_LUA_CLOSURE,
    LHEAP_C_CLOSURE,
    LHEAP_USERDATA,
    LHEAP_THREAD,
    LHEAP_UPVALUE,
    LHEAP_PROTOTYPE,
    LHEAP_PART, /* an array of an object's own, which that object visits */
    LHEAP_KINDS_END
};

/* Bits of `marked`. */
#define LHEAP_EPOCHS 3u    /* 1 or 2: the object was counted in a collection; 0: not yet */
#define LHEAP_LISTED 4u    /* a weak table or thread, in a list of the collection that runs */
#define LHEAP_FINALIZED 8u /* its finalizer waits for it to be unreachable */
#define LHEAP_LOGS 16u     /* a thread of a heap that collects young objects by themselves */

/* A heap, and the state that has it: what functions of the heap are called with. */
struct lheap_home {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    struct global_State *g;     /* NULL: none, while the heap waits for the next state */
    struct global_State *payer; /* whose allocator its objects come from; NULL: they do not */
    lu_mem stress;              /* as the options of the heap say: see lheap.stress, has_young */
    size_t left;                /* bytes of states that are gone, which no collection has freed */
    lu_byte has_young;
    lu_byte is_usual; /* nobody said anything of it, so any state may have it next */
};

/* A list of objects in memory of the state's allocator. */
typedef struct lheap_list {
    GCObject **items;
    size_t count;
    size_t room;
} lheap_list;

/* Objects that are never collected: reserved words, names of metamethods, a message. */
#define LHEAP_FIXED_MOST 64

typedef struct lheap {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    struct lheap_home *home;
    l_mem owned, strings, blocks;
    l_mem bound; /* in use, when all objects are collected next */
    l_mem room;  /* what was new then, if none of these were collected before */
    lu_byte epoch;
    lu_byte collecting; /* visitors are called by a collection */
    lu_byte whole;      /* the collection that runs is of all objects */
    lu_byte has_young;  /* the plan collects young objects by themselves */
    lu_byte young_pays; /* and it has been worth it, so that the next collection may be one */
    lu_byte of_host;    /* objects come from the host's own allocator (lhost.h) */
    lu_byte fixed_count;
    lu_mem stress; /* a collection at every so many polls; 0: none */
    lu_mem polls;
    GCObject *fixed[LHEAP_FIXED_MOST];
    void *loose; /* a part that belongs to no object yet, which a collection keeps */
    size_t loose_bytes;
    lheap_list waiting; /* objects with finalizers, in the order in which they were marked */
    size_t waiting_old; /* so many of them are old */
    lheap_list ready;   /* those whose finalizers are to run */
    size_t ready_next;  /* the first of them that has not run */
    /* In a collection: weak tables by what is to be done with them. */
    Table *weak_values, *ephemerons, *all_weak, *dead_keys;
    struct lua_State *threads; /* that something is to be done for afterwards */
    unsigned long long
        *fresh; /* buckets of the string table with new strings; NULL: any may have */
    size_t fresh_words;
    struct lua_State *running;   /* the thread that collects */
    struct lua_State *allocates; /* that allocated last: for samples */
} lheap;

#endif
