/* SPDX-License-Identifier: MIT */
/*
 * What a policy is: one constant record that says how a space of that sort behaves. A space is a
 * record in the map of its arena, which begins with struct ter_space and points to its policy.
 *
 * Invariant: whoever stands above this floor asks the policy; only a plan knows which policies its
 * spaces have. A function that is said to be optional is NULL where a space has nothing to do.
 *
 * `object` below is the address of an object of the space, `word` any word for which the map
 * answered with the space. Threads: changes and visits under the heap lock; prepare and release
 * with the world stopped too; questions in any thread, without a lock.
 */
#pragma once

#include <terrier/parcels.h>

#include "metadata/metadata.h"
#include "object/object.h"
#include "sft/sft.h"
#include "space/cell_run.h"
#include "trace/trace.h"

struct ter_space;

/* Live bytes after a collection, as the trigger wants them. */
struct ter_live {
    size_t objects;
    size_t scanned_bytes; /* of objects that may hold references */
    size_t atomic_bytes;  /* of objects that hold none */
};

TER_INLINE void ter_live_count(struct ter_live *live, enum ter_scan scan, size_t objects,
                               size_t bytes)
{
    live->objects += objects;
    if (scan == TER_SCAN_NONE)
        live->atomic_bytes += bytes;
    else
        live->scanned_bytes += bytes;
}

/* How an object came to be none. */
enum ter_loss { TER_LOSS_NONE = 0, TER_LOSS_COLLECTED, TER_LOSS_FREED, TER_LOSS_MOVED };

/* What is known of a place that must not be touched. */
struct ter_lost {
    uintptr_t object; /* that lies there, or before it; or did */
    size_t bytes;     /* that it has or had */
    unsigned kind;
    uint32_t number;     /* it was the space's so-and-so-many-th */
    uint32_t collection; /* in which it was lost, or the last one before that */
    enum ter_loss loss;
    uintptr_t now_at; /* of one that has moved */
};

/* Called for an object; `kind` is a row of the heap's kinds. */
typedef void ter_object_visitor(void *context, uintptr_t object, size_t bytes,
                                const struct ter_kind *kind);
typedef void ter_space_range_visitor(void *context, uintptr_t start, uintptr_t end);
typedef void ter_parcel_visitor(void *context, const struct ter_parcel *parcel);

struct ter_policy {
    /* ---- What it is ---- */

    const char *help;    /* for people: what lives in such a space */
    size_t record_bytes; /* of a space's record */
    ter_side_set side;   /* side metadata that its chunks need */
    size_t header_bytes; /* before the first byte of each object */
    bool moves;          /* objects may change their address in a collection */
    bool in_layout;      /* its chunks are of the layout's range; else it is foreign memory */
    /*
     * Each object has pages of its own, and ends where they do. They are what counts as live, and a
     * quarter of them, since collections take long, as allocated when one may be due. The size of
     * an object that is to lie at a multiple is a multiple of that too.
     */
    bool own_pages;
    bool cells;            /* a struct ter_block_space: mutators allocate and free without a lock */
    bool owned_by_program; /* the memory is the program's: nothing in it is ever freed */
    /* The first so many bytes of what is no object any more are the space's own. */
    size_t gone_bytes;
    /*
     * The functions that differ from those of a space that never moves objects (space/common.c);
     * those left NULL are completed. `kind` and `name` are always set.
     */
    struct ter_sft functions;

    /* ---- Life ---- */

    /* What is behind the common part is zero. Optional. */
    ter_status (*init)(struct ter_space *space);
    /* Gives back what init and allocation took, but for chunks of the arena. Optional. */
    void (*fini)(struct ter_space *space);

    /* ---- Allocation, unless `cells`; a space that serves no allocation has neither ---- */

    /* What of the heap's limit an object of that size takes when there is no place for it. */
    size_t (*admit_bytes)(size_t bytes);
    /*
     * Takes that much, which was admitted, and makes the object. `window` is a word of the
     * mutator's for this kind that is the policy's to use, 0 at first. *zeroed: its memory reads
     * zero; else clearing it, if its kind wants that, is the caller's.
     */
    ter_status (*allocate)(struct ter_space *space, uintptr_t *window, unsigned kind, size_t bytes,
                           uintptr_t *object, bool *zeroed);
    /*
     * In place of `allocate`: runs, so that small ones are allocated as cells are. `fill_run` takes
     * one of cells of the size class, of at most `most` bytes but one cell at least, of the block
     * in the window; false: that has no room, and the window is 0. By the mutator's thread, which
     * holds off stops, or under the lock. `run` stands among the mutator's runs of the kind, where
     * the first is the one of the first class.
     */
    bool (*fill_run)(struct ter_space *space, uintptr_t *window, unsigned kind, unsigned size_class,
                     size_t most, struct ter_cell_run *run);
    /*
     * A block for the window that has room for some of the kind and is in use already: it takes
     * nothing of the heap's limit. Optional.
     */
    bool (*take_kept)(struct ter_space *space, uintptr_t *window, unsigned kind,
                      const struct ter_cell_run *owner);
    /* A fresh block for the window, which was admitted; `owner`: the mutator's runs of the kind. */
    ter_status (*take_fresh)(struct ter_space *space, uintptr_t *window, unsigned kind,
                             const struct ter_cell_run *owner);
    /* What is left of a run is no object; the run is empty. Under the lock. */
    void (*return_run)(struct ter_space *space, struct ter_cell_run *run);
    /* After `prepare`: cells of `bytes` bytes stay as they are, and in the run. */
    void (*keep_run)(struct ter_space *space, const struct ter_cell_run *run, size_t bytes);
    /* The mutator with that window ends. Optional. */
    void (*give_up)(struct ter_space *space, uintptr_t *window, unsigned kind);
    /* Frees an object by hand; returns its bytes. NULL where `cells` or `owned_by_program`. */
    size_t (*free)(struct ter_space *space, uintptr_t object);
    /* Grows an object where it is; what is new is zero if the kind wants that. Optional. */
    bool (*extend)(struct ter_space *space, uintptr_t object, size_t bytes);
    /* From now on only words that lead to its first page keep the object. Optional. */
    void (*keep_by_first_page)(struct ter_space *space, uintptr_t object);

    /* ---- Collection; with the world stopped ---- */

    /* Nothing is reached. Optional. */
    void (*prepare)(struct ter_space *space);
    /*
     * Reaches the object that the word refers to: marks it and, if that is new, hands it to
     * ter_scanning_enqueue. Returns the word, or where an exact one leads now. Optional: mark bits
     * of the side metadata tell what was reached. For ter_policy_loop.
     */
    uintptr_t (*trace)(struct ter_scanning *scanning, const struct ter_sft *sft, uintptr_t word,
                       enum ter_word_form form);
    /* Lets go of what was not reached, and counts what was. Optional. */
    void (*release)(struct ter_space *space, struct ter_live *live);
    /*
     * The same of a collection of young objects alone: what was there after the last collection
     * counts as reached, and `live` has it already. Without prepare_young objects are old from the
     * beginning.
     */
    void (*prepare_young)(struct ter_space *space);
    void (*release_young)(struct ter_space *space, struct ter_live *live);
    /* Before that: as for_each, of young objects at least. Set where prepare_young is. */
    void (*for_each_young)(const struct ter_space *space, ter_object_visitor *visit, void *context);
    /* What mutators find in memory in use before more is taken. Optional: nothing. */
    size_t (*open_bytes)(const struct ter_space *space);
    /* What a collection is likely to take beside what is in use. Optional: nothing. */
    size_t (*reserve_bytes)(const struct ter_space *space);
    /*
     * Where that byte of an object is, which may have moved in this collection; no matter whose it
     * is. Set if `moves`.
     */
    uintptr_t (*now_at)(const struct ter_space *space, uintptr_t address);
    /*
     * The object that covers the word does not move in this collection, whether it is reached or
     * not: its first byte, 0 for none. Set if `moves`.
     */
    uintptr_t (*hold)(const struct ter_space *space, uintptr_t word);
    /* When threads run again: what could not be done while they stood. Optional. */
    void (*resumed)(struct ter_space *space);

    /* ---- Looking at it ---- */

    /* Calls `visit` for every object; it may not change the space. */
    void (*for_each)(const struct ter_space *space, ter_object_visitor *visit, void *context);
    /* Is there an object of an uncollectable kind? Optional: there may be. */
    bool (*has_uncollectable)(const struct ter_space *space);
    /* Bytes in use: of blocks, page runs, objects. And of one chunk. */
    size_t (*used_bytes)(const struct ter_space *space);
    size_t (*used_in_chunk)(const struct ter_space *space, uintptr_t chunk);
    /*
     * Calls `visit` for each 32 KiB of the space's memory, from low to high addresses; the number
     * of them and their states change under the heap lock alone. Optional: objects are looked for
     * (space/parcels.h).
     */
    void (*for_each_parcel)(const struct ter_space *space, ter_parcel_visitor *visit,
                            void *context);
    /* Gives up to about `bytes` of free memory back to the system; returns how much. Optional. */
    size_t (*trim)(struct ter_space *space, size_t bytes);
    /*
     * Likewise memory that lies free inside what is in use: where nothing was allocated for some
     * collections, when `resting`, else wherever it can. After a collection. Optional.
     */
    size_t (*hollow)(struct ter_space *space, bool resting);
    /* Memory of the space that is roots, and how much. Optional, both or neither. */
    void (*visit_roots)(const struct ter_space *space, ter_space_range_visitor *visit,
                        void *context);
    size_t (*root_bytes)(const struct ter_space *space);
    /*
     * Stops with a line if what the space keeps about itself does not agree. With the world
     * stopped. Optional.
     */
    void (*check)(const struct ter_space *space);

    /* ---- Questions about an object ---- */

    size_t (*object_bytes)(const struct ter_space *space, uintptr_t object);
    unsigned (*object_kind)(const struct ter_space *space, uintptr_t object);
    bool (*is_marked)(const struct ter_space *space, uintptr_t object);
    void (*set_mark)(const struct ter_space *space, uintptr_t object, bool marked);
    /* No object covers `word`: may one have, that is gone? Else it is like any other. */
    bool (*is_gone)(const struct ter_space *space, uintptr_t word);
    /*
     * What was at a word of the space that somebody touched and could not. In a signal handler, and
     * any thread may change the space meanwhile. False: nothing is known. Optional: a space takes
     * access from nothing.
     */
    bool (*lost)(const struct ter_space *space, uintptr_t word, struct ter_lost *lost);
};
