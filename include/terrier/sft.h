/* SPDX-License-Identifier: MIT */
/*
 * The SFT map (space function table map): for any word, which space owns that address, and the
 * functions by which that space answers questions about it.
 *
 * A space is whatever record begins with a `struct ter_sft`; the map's entries point to it, so a
 * function gets its space by casting its first argument. Words that nobody owns belong to EMPTY,
 * which is a real table of functions: a lookup never returns NULL.
 *
 * The idea and the name are MMTk's (mmtk-core, src/policy/sft_map.rs); MPS calls the same thing
 * chunk tree and tract table, snmalloc and mimalloc page map, Boehm's collector header map.
 *
 * Threads: a lookup takes no lock and may run in any thread and in a signal handler, at any time
 * between ter_sft_map_init and the end of the map. Claims and releases are serialised by the caller
 * (in the heap: by the lock under which a space grows).
 */
#ifndef TERRIER_SFT_H
#define TERRIER_SFT_H

#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>
#include <terrier/object.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_sft;
struct ter_trace;

/**
 * What kind of space a record belongs to, so that a hot loop can switch on the kinds it knows and
 * go through the functions for the others.
 */
enum ter_space_kind {
    TER_SPACE_EMPTY = 0,
    TER_SPACE_MARK_SWEEP = 1,
    TER_SPACE_IMMORTAL = 2,
    TER_SPACE_LARGE = 3,
    TER_SPACE_OTHER = 15 /**< a space that Terrier does not know; from here on numbers are free */
};

/**
 * The functions of a space. Each gets the record itself first. `word` is any word; `object` is a
 * reference that this space gave out. None blocks; none allocates.
 */
struct ter_sft {
    enum ter_space_kind kind;
    /** For people; static storage. Identity is the pointer. */
    const char *name;

    /** Which object covers `word` (its first byte up to its last)? None if no object does. */
    ter_object (*find_object_from_interior)(const struct ter_sft *space, uintptr_t word);
    /** Is `word` exactly the reference of an object? None if not. */
    ter_object (*find_object)(const struct ter_sft *space, uintptr_t word);
    /** Is the object live as far as the current or last collection knows? */
    bool (*is_live)(const struct ter_sft *space, ter_object object);
    /** Was it reached? Unlike is_live, false for what is kept without having been reached. */
    bool (*is_reachable)(const struct ter_sft *space, ter_object object);
    /** Does the address belong to this space, now, with memory behind it? */
    bool (*is_in_space)(const struct ter_sft *space, uintptr_t word);
    /** During a collection: marks the object and queues it; returns where it is now. */
    ter_object (*trace_object)(const struct ter_sft *space, struct ter_trace *trace,
                               ter_object object);
    /** Where it was moved in this collection; none if it was not. */
    ter_object (*forwarded_object)(const struct ter_sft *space, ter_object object);
    /** Can this object move? */
    bool (*is_movable)(const struct ter_sft *space, ter_object object);
    /** True when this call changed the state. */
    bool (*pin)(const struct ter_sft *space, ter_object object);
    bool (*unpin)(const struct ter_sft *space, ter_object object);
    /** Always true in a space that never moves objects. */
    bool (*is_pinned)(const struct ter_sft *space, ter_object object);
    /** May a live reference point to this object? */
    bool (*is_sane)(const struct ter_sft *space, ter_object object);
    /** Called once after allocation by a space's own allocator, before the object is published. */
    void (*init_object_metadata)(const struct ter_sft *space, ter_object object, size_t bytes);
    /** Writes one line about the object into `text`; always ended by a zero when size > 0. */
    void (*print_object)(const struct ter_sft *space, ter_object object, char *text, size_t size);
};

/**
 * The owner of what nobody owns. Answers no, none or false to every question; to be asked to
 * trace, pin, unpin or initialise is misuse and stops the process.
 */
TER_API extern const struct ter_sft ter_sft_empty;

/** Most slots of a space map. */
#define TER_SFT_MAX_SLOTS 64

/**
 * A space map: one entry for each of `slot_count` slots of 2^log_slot_bytes bytes, side by side from
 * `start`. The entry behind the last slot is EMPTY for ever and serves every word outside.
 */
struct ter_sft_map {
    uintptr_t start;
    uintptr_t slot_count;
    unsigned log_slot_bytes;
    const struct ter_sft *entries[TER_SFT_MAX_SLOTS + 1];
};

/**
 * Makes `map` (caller's storage) all EMPTY for slots from `start`. TER_ERROR_OUT_OF_RANGE when the
 * slots are none, more than TER_SFT_MAX_SLOTS, or pass the end of the address space.
 */
TER_API ter_status ter_sft_map_init(struct ter_sft_map *map, uintptr_t start,
                                    unsigned log_slot_bytes, unsigned slot_count);

/**
 * Whose is `word`? Defined for every word; never faults, never locks, never NULL. One load after
 * arithmetic; an acquire, so what the space wrote before it claimed the slot is seen.
 */
static inline const struct ter_sft *ter_sft_map_get(const struct ter_sft_map *map, uintptr_t word)
{
    uintptr_t index = (word - map->start) >> map->log_slot_bytes;

    /* Compiles to a conditional move: garbage words cost no mispredicted branch. */
    index = index < map->slot_count ? index : map->slot_count;
    return __atomic_load_n(&map->entries[index], __ATOMIC_ACQUIRE);
}

/** The same for a word known to lie inside the slots; undefined for any other. */
static inline const struct ter_sft *ter_sft_map_get_unchecked(const struct ter_sft_map *map,
                                                              uintptr_t word)
{
    uintptr_t index = (word - map->start) >> map->log_slot_bytes;

    return __atomic_load_n(&map->entries[index], __ATOMIC_ACQUIRE);
}

/** Does the map have an entry for `word` (EMPTY or not)? */
static inline bool ter_sft_map_has_entry(const struct ter_sft_map *map, uintptr_t word)
{
    return (word - map->start) >> map->log_slot_bytes < map->slot_count;
}

/**
 * Makes `space` the owner of every slot that [start, start + bytes) touches. All or nothing: when a
 * slot belongs to another space, nothing changes, TER_ERROR_OWNED is returned and `*owner` (if not
 * NULL) says whose it is. TER_ERROR_OUT_OF_RANGE for an empty or wrapping range or one that leaves
 * the slots. Claiming what one owns already is no error.
 */
TER_API ter_status ter_sft_map_claim(struct ter_sft_map *map, const struct ter_sft *space,
                                     uintptr_t start, size_t bytes, const struct ter_sft **owner);

/**
 * Makes every slot that the range touches EMPTY. Slots that are EMPTY already stay so; when one
 * belongs to another space, nothing changes and TER_ERROR_OWNED is returned.
 */
TER_API ter_status ter_sft_map_release(struct ter_sft_map *map, const struct ter_sft *space,
                                       uintptr_t start, size_t bytes, const struct ter_sft **owner);

#ifdef __cplusplus
}
#endif
#endif
