/* SPDX-License-Identifier: MIT */
/*
 * The SFT map (space function table map): for any word, which space owns that address, and the
 * functions by which that space answers questions about it. Usable on its own: docs/sft.md.
 *
 * A space is a record that begins with a `struct ter_sft`, its functions. Records live in the map;
 * a lookup answers with one of them, and a function gets its space by casting its first argument.
 * Words that nobody owns belong to EMPTY, a record like any other: a lookup never gives NULL.
 *
 * Three forms, one interface:
 *   space map         one entry a slot; each space has slots of its own
 *   dense chunk map   one byte a chunk of 4 MiB; spaces may own chunks anywhere there are addresses
 *   sparse chunk map  one word a chunk of a range, which spaces share chunk by chunk
 *
 * The idea and the names are MMTk's (mmtk-core, src/policy/sft_map.rs); MPS calls the same thing
 * chunk tree and tract table, snmalloc and mimalloc page map, Boehm's collector header map.
 *
 * Threads: a lookup takes no lock and may run in any thread and in a signal handler, at any time
 * between ter_sft_map_create and ter_sft_map_destroy. Every other function may be called by any
 * thread, but not by a signal handler; the map has a lock for its changes. In the child of a fork
 * lookups go on; changes do when no other thread was changing the map at the fork.
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

/* ---- The functions of a space ---- */

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
    TER_SPACE_MALLOC = 4, /**< objects in malloc's memory */
    TER_SPACE_VM = 5,     /**< memory of the program's own */
    TER_SPACE_COPY = 6,   /**< small objects that move */
    TER_SPACE_OTHER = 15  /**< a space that Terrier does not know; from here on numbers are free */
};

/**
 * The functions of a space. Each gets the record itself first. `word` is any word; `object` is a
 * reference that this space gave out. None blocks; none allocates. What a space leaves NULL is
 * filled in when the space is added, as said in brackets; the defaults are those of a space that
 * never moves an object. `kind` and `name` have no default.
 *
 * The order is that of use: what a collector asks for every reference lies in the first cache line.
 */
struct ter_sft {
    enum ter_space_kind kind;

    /** Which object covers `word` (first byte up to last)? None if no object does. [none] */
    ter_object (*find_object_from_interior)(const struct ter_sft *space, uintptr_t word);
    /**
     * During a collection: marks the object and queues it; returns where it is now. [misuse: stops
     * the process, naming the space]
     */
    ter_object (*trace_object)(const struct ter_sft *space, struct ter_trace *trace,
                               ter_object object);
    /** Is the object live as far as the current or last collection knows? [is it an object] */
    bool (*is_live)(const struct ter_sft *space, ter_object object);
    /** Where it was moved in this collection; none if it was not. [none] */
    ter_object (*forwarded_object)(const struct ter_sft *space, ter_object object);
    /** Is `word` exactly the reference of an object? None if not. [as from the interior] */
    ter_object (*find_object)(const struct ter_sft *space, uintptr_t word);
    /** Does the address belong to this space, now, with memory behind it? [yes] */
    bool (*is_in_space)(const struct ter_sft *space, uintptr_t word);
    /** Was it reached? Unlike is_live, false for what is kept without being reached. [is_live] */
    bool (*is_reachable)(const struct ter_sft *space, ter_object object);
    /** Can this object move? [no] */
    bool (*is_movable)(const struct ter_sft *space, ter_object object);
    /** True when this call changed the state. [no, no] */
    bool (*pin)(const struct ter_sft *space, ter_object object);
    bool (*unpin)(const struct ter_sft *space, ter_object object);
    /** Always true of an object that cannot move. [what is_movable denies] */
    bool (*is_pinned)(const struct ter_sft *space, ter_object object);
    /** May a live reference point to this object? [is_live] */
    bool (*is_sane)(const struct ter_sft *space, ter_object object);
    /** Called once after allocation, before the object is published. [nothing] */
    void (*init_object_metadata)(const struct ter_sft *space, ter_object object, size_t bytes);
    /**
     * Writes one line about the object into `text`; always ended by a zero when size > 0. [the
     * address, the space and whether it is an object]
     */
    void (*print_object)(const struct ter_sft *space, ter_object object, char *text, size_t size);
    /** For people; static storage. Identity is the address of the record. */
    const char *name;
};

/**
 * Is this the owner of what nobody owns? EMPTY answers no, none or false to every question; to be
 * asked to trace, pin, unpin or initialise is misuse and stops the process with one line.
 */
static inline bool ter_sft_is_empty(const struct ter_sft *space)
{
    return space->kind == TER_SPACE_EMPTY;
}

/* ---- The map ---- */

/** The forms of a map. */
enum ter_sft_map_kind { TER_SFT_SPACE_MAP = 0, TER_SFT_DENSE_MAP = 1, TER_SFT_SPARSE_MAP = 2 };

/** Most spaces of a map; EMPTY is not counted. */
#define TER_SFT_MAX_SPACES 255
/** Most entries of a space map, from address 0 up to the end of the last slot. */
#define TER_SFT_MAX_SLOTS 8192
/** Bytes of a chunk, the region of the chunk maps: 4 MiB. */
#define TER_SFT_LOG_BYTES_IN_CHUNK 22
#define TER_SFT_BYTES_IN_CHUNK ((uintptr_t)1 << TER_SFT_LOG_BYTES_IN_CHUNK)

struct ter_sft_map_state;

/**
 * A map as lookups see it. Nothing in here changes between creation and destruction, so a hot loop
 * copies it into a local variable and the compiler keeps it in registers; a copy is the same map.
 *
 * A region is what one entry stands for: a slot or a chunk. Entry `beyond` is EMPTY for ever.
 */
struct ter_sft_map {
    uintptr_t start;   /**< first address that can be owned */
    uintptr_t last;    /**< last address that can */
    uintptr_t beyond;  /**< the entry behind that of `last`: for every word above it */
    const void *table; /**< entry 0 stands for address 0, so that an index is a shift */
    uintptr_t empty;   /**< address of EMPTY's record; the others follow at equal distances */
    enum ter_sft_map_kind kind;
    unsigned log_region_bytes;
    unsigned log_record_bytes;
    struct ter_sft_map_state *state; /**< what changes; private */
};

/** What a map is to cover. */
struct ter_sft_map_options {
    enum ter_sft_map_kind kind;
    /** First address that can be owned: a multiple of a region. */
    uintptr_t start;
    /**
     * A multiple of a region. 0: up to the end of the address space; in a dense map, all that the
     * system gives a program that asks for no place (2^47 on x86-64), malloc's memory included.
     */
    uintptr_t bytes;
    /** Of a slot of a space map; the others do not look at it. */
    unsigned log_slot_bytes;
    /** Of the largest record that a space of this map has; 0: the functions alone. */
    size_t record_bytes;
};

/**
 * Makes a map in which everything is EMPTY. A chunk map's table costs addresses (a byte or a word a
 * chunk, from address 0 on) but no memory until it is used; a space map's costs a word a slot.
 * TER_ERROR_OUT_OF_RANGE: the range is against what the options say, wraps, or ends more than
 * TER_SFT_MAX_SLOTS slots above address 0. TER_ERROR_INVALID: unknown kind or a record over
 * 64 KiB. TER_ERROR_NO_MEMORY or TER_ERROR_NO_ADDRESS_SPACE: the system refused.
 */
TER_API ter_status ter_sft_map_create(struct ter_sft_map *map,
                                      const struct ter_sft_map_options *options);

/** Gives everything back, the records of the spaces included. Nobody may use the map any more. */
TER_API void ter_sft_map_destroy(struct ter_sft_map *map);

/**
 * Adds a space that owns nothing yet: a record of the map's record size begins with a copy of
 * `functions`, completed by the defaults; the rest of it is zero and the caller's. It lives as long
 * as the map. Fill it in before the first claim: who looks up a claimed address sees it filled in.
 * TER_ERROR_INVALID: no name, or the kind is EMPTY. TER_ERROR_FULL: there are TER_SFT_MAX_SPACES.
 */
TER_API ter_status ter_sft_map_add_space(const struct ter_sft_map *map,
                                         const struct ter_sft *functions, struct ter_sft **space);

/* ---- Lookup ---- */

/**
 * The entry for `word`. A word above gets the one behind the last; one below finds an entry that
 * stays
 * EMPTY. The choice compiles to a conditional move, so that garbage costs no mispredicted branch.
 *
 * The two empty statements emit no instruction. They are there because compilers like a branch
 * better: the first makes both choices ready before the choice, the second ends the block behind
 * it, since gcc -O3 copies such a block into two arms when a loop ends there. "last < word" takes
 * one flag, "word > last" would take two. docs/decisions/0009-sft-lookup.md has the figures.
 */
TER_API_INLINE uintptr_t ter_sft_index(const struct ter_sft_map *map, unsigned log_region_bytes,
                                       uintptr_t word)
{
    uintptr_t index = word >> log_region_bytes;
    uintptr_t beyond = map->beyond;

    __asm__("" : "+r"(beyond) : "r"(index));
    index = map->last < word ? beyond : index;
    __asm__ goto("" : : "r"(index) : : chosen);
chosen:
    return index;
}

/* The space of one entry, in each form: a pointer, a number, or a distance from EMPTY. */

TER_API_INLINE const struct ter_sft *ter_sft_space_entry(const struct ter_sft_map *map,
                                                         uintptr_t index)
{
    const struct ter_sft *const *table = (const struct ter_sft *const *)map->table;

    return __atomic_load_n(table + index, __ATOMIC_ACQUIRE);
}

TER_API_INLINE const struct ter_sft *ter_sft_dense_entry(const struct ter_sft_map *map,
                                                         uintptr_t index)
{
    const uint8_t *table = (const uint8_t *)map->table;
    uintptr_t number = __atomic_load_n(table + index, __ATOMIC_ACQUIRE);

    return (const struct ter_sft *)(map->empty + (number << map->log_record_bytes));
}

TER_API_INLINE const struct ter_sft *ter_sft_sparse_entry(const struct ter_sft_map *map,
                                                          uintptr_t index)
{
    const uintptr_t *table = (const uintptr_t *)map->table;

    return (const struct ter_sft *)(map->empty + __atomic_load_n(table + index, __ATOMIC_ACQUIRE));
}

/** Does the map have an entry for `word` (EMPTY or not) that can be owned? */
TER_API_INLINE bool ter_sft_map_has_entry(const struct ter_sft_map *map, uintptr_t word)
{
    return word - map->start <= map->last - map->start;
}

/**
 * Whose is `word`? For a map known to be of that form. Defined for every word; never faults, never
 * locks, never NULL. One load after arithmetic; an acquire, so that what was written before the
 * space claimed the address is seen.
 */
TER_API_INLINE const struct ter_sft *ter_sft_space_map_get(const struct ter_sft_map *map,
                                                           uintptr_t word)
{
    return ter_sft_space_entry(map, ter_sft_index(map, map->log_region_bytes, word));
}

TER_API_INLINE const struct ter_sft *ter_sft_dense_map_get(const struct ter_sft_map *map,
                                                           uintptr_t word)
{
    return ter_sft_dense_entry(map, ter_sft_index(map, TER_SFT_LOG_BYTES_IN_CHUNK, word));
}

TER_API_INLINE const struct ter_sft *ter_sft_sparse_map_get(const struct ter_sft_map *map,
                                                            uintptr_t word)
{
    return ter_sft_sparse_entry(map, ter_sft_index(map, TER_SFT_LOG_BYTES_IN_CHUNK, word));
}

/**
 * Whose is `word`? For a map of any form; as total, and as fast but for predicted branches. Their
 * order is the one that compilers lay out with the fewest jumps.
 */
TER_API_INLINE const struct ter_sft *ter_sft_map_get(const struct ter_sft_map *map, uintptr_t word)
{
    if (map->kind == TER_SFT_DENSE_MAP)
        return ter_sft_dense_map_get(map, word);
    if (map->kind == TER_SFT_SPACE_MAP)
        return ter_sft_space_map_get(map, word);
    return ter_sft_sparse_map_get(map, word);
}

/** The same for a word that has an entry (ter_sft_map_has_entry); undefined for any other. */
TER_API_INLINE const struct ter_sft *ter_sft_map_get_unchecked(const struct ter_sft_map *map,
                                                               uintptr_t word)
{
    if (map->kind == TER_SFT_SPACE_MAP)
        return ter_sft_space_entry(map, word >> map->log_region_bytes);
    if (map->kind == TER_SFT_SPARSE_MAP)
        return ter_sft_sparse_entry(map, word >> TER_SFT_LOG_BYTES_IN_CHUNK);
    return ter_sft_dense_entry(map, word >> TER_SFT_LOG_BYTES_IN_CHUNK);
}

/** EMPTY, as this map answers with it. */
TER_API_INLINE const struct ter_sft *ter_sft_map_empty(const struct ter_sft_map *map)
{
    return (const struct ter_sft *)map->empty;
}

/* ---- Ownership ---- */

/** Who was in the way of a claim or release. */
struct ter_sft_conflict {
    const struct ter_sft *claimant; /**< the space of the call */
    const struct ter_sft *owner;    /**< the other */
    uintptr_t start;                /**< of the first region that the other owns */
};

/**
 * Makes `space` the owner of every region that [start, start + bytes) touches; the space may have
 * no memory there yet. All or nothing: when a region belongs to another space, nothing changes,
 * TER_ERROR_OWNED is returned and `*conflict` (if not NULL) names both. Claiming what one owns is
 * no error. TER_ERROR_OUT_OF_RANGE: the range is empty, wraps, or leaves what the map covers. A
 * space that was not added to this map is misuse.
 *
 * Whoever gets the space for a word may rely on what the caller wrote before the claim that made
 * the region the space's; a claim of what one owns stores nothing and so publishes nothing more.
 */
TER_API ter_status ter_sft_map_claim(const struct ter_sft_map *map, const struct ter_sft *space,
                                     uintptr_t start, uintptr_t bytes,
                                     struct ter_sft_conflict *conflict);

/**
 * Makes every region that the range touches EMPTY, by the same rules. Regions that are EMPTY
 * already stay so: to release twice is harmless. Ownership is by region and is not counted: the
 * release of a small range gives up all of its region.
 *
 * A thread that looked up before may still hold the answer: see docs/sft.md before you unmap.
 */
TER_API ter_status ter_sft_map_release(const struct ter_sft_map *map, const struct ter_sft *space,
                                       uintptr_t start, uintptr_t bytes,
                                       struct ter_sft_conflict *conflict);

/** Writes a sentence that names both spaces and the address; returns its length as snprintf. */
TER_API size_t ter_sft_conflict_print(const struct ter_sft_conflict *conflict, char *text,
                                      size_t size);

/* ---- Looking at a map ---- */

/** The name of a form: "space", "dense", "sparse". Static storage. */
TER_API const char *ter_sft_map_kind_name(enum ter_sft_map_kind kind);

/**
 * Side metadata that a map keeps: values of 2^log_bits bits, one a region of 2^log_region_bytes.
 */
struct ter_sft_side_metadata {
    const char *name;
    unsigned log_bits;
    unsigned log_region_bytes;
    uintptr_t table; /**< the value for address 0 */
    size_t bytes;    /**< of the table; mapped since the map was created */
};

/** The side metadata of a map; false when it has none, as all but the dense chunk map. */
TER_API bool ter_sft_map_side_metadata(const struct ter_sft_map *map,
                                       struct ter_sft_side_metadata *metadata);

/** Regions side by side with one owner, as long as they go on. EMPTY is left out. */
typedef void ter_sft_run_visitor(void *context, const struct ter_sft *space, uintptr_t start,
                                 uintptr_t last);
/**
 * Visits the runs in rising order, each with its first and last address. Changes by other threads
 * wait until it returns; the visitor may look up but not change the map.
 */
TER_API void ter_sft_map_for_each_run(const struct ter_sft_map *map, ter_sft_run_visitor *visit,
                                      void *context);

/**
 * Writes the map as text: a line that says what it covers and a line for each run. Returns the
 * length of the whole text, which may be more than fits, as snprintf.
 */
TER_API size_t ter_sft_map_print(const struct ter_sft_map *map, char *text, size_t size);

/** What happened to a map. */
enum ter_sft_event {
    TER_SFT_ADDED,    /**< a space; the range is empty */
    TER_SFT_CLAIMED,  /**< the regions that the range touches */
    TER_SFT_RELEASED, /**< likewise */
    TER_SFT_REFUSED   /**< a claim or release: `owner` is in the way */
};

struct ter_sft_change {
    enum ter_sft_event event;
    const struct ter_sft *space;
    const struct ter_sft *owner; /**< NULL unless refused */
    uintptr_t start;
    uintptr_t bytes;
};

typedef void ter_sft_tracer(void *context, const struct ter_sft_change *change);

/**
 * From now on `tracer` is called after every change, in the thread that made it and before any
 * other change; NULL ends that. It may look up but not change the map.
 */
TER_API void ter_sft_map_trace(const struct ter_sft_map *map, ter_sft_tracer *tracer,
                               void *context);

/* ---- Which form ---- */

/**
 * The form of map that a layout asks for. `slots`: every space has slots of address space to
 * itself. `foreign`: spaces own memory outside of the layout's range too, such as malloc's.
 */
TER_API enum ter_sft_map_kind ter_sft_select(bool slots, bool foreign);

#ifdef __cplusplus
}
#endif
#endif
