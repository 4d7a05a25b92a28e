/* SPDX-License-Identifier: MIT */
/*
 * Spaces of small objects: blocks cut into cells of one size class and, as a rule, one kind. Two
 * policies share them: native mark-sweep, which a sweep empties, and immortal, which only its owner
 * empties.
 *
 * What is an object: a cell whose valid-object bit is set and that does not lie in the part of a
 * mutator's run that is still to be handed out. The bits of a run are set when the run is taken, so
 * handing out a cell touches nothing but the run.
 *
 * Cells of a block below its `resume` offset have been looked at since the last sweep: they are
 * objects, in a run, or in the list of a mutator that freed them. Cells above have not, so a freed
 * one there must not enter a list: it will be found where it is. Only the block's owner moves
 * `resume`, so who frees a cell reads it first and then clears the bit. All under the heap lock,
 * but for the hot head, which the collector reads with the world stopped, the owner's next runs,
 * and freeing and taking a freed cell: those may be in any number of threads, but not in one that
 * stands in the middle of it while the world is stopped.
 *
 * Free runs come from a bitmap and not from threaded lists, as in Go's runtime and JavaScriptCore.
 */
#pragma once

#include "space/ageing.h"
#include "space/cell_run.h"
#include "space/size_class.h"

/* How to scan an object of the block depends on the object. */
#define TER_BLOCK_OF_SEVERAL 0xffu

/* What the marking loop needs of a block: 16 bytes, so that those of 64 MiB fit the first cache. */
struct ter_block_head {
    uint32_t reciprocal;
    uint32_t cell_bytes;
    uint16_t cells; /* 0: the block is free */
    uint8_t kind;   /* TER_KIND_ATOMIC if it has several: see block_several.c */
    uint8_t scan;   /* an enum ter_scan, or TER_BLOCK_OF_SEVERAL */
    uint32_t unused;
};

struct ter_block_state {
    const struct ter_cell_run *owner; /* the run of the mutator that allocates here, or NULL */
    uint16_t resume;                  /* next granule of the block to look at for free cells */
    uint8_t size_class;
    bool zeroed;    /* never used since it came from the system */
    uint8_t rested; /* sweeps since the block was taken, while it is available */
    uint8_t gone;   /* its pages without memory: see block_holes.c */
    uint8_t taker;  /* of a block of several kinds: the kind that runs of it are taken for */
    bool is_old;    /* free cells have bits of old objects: see space/ageing.h */
};

/* Blocks with free cells, by kind and size class; first those of several kinds. */
struct ter_block_lists {
    struct ter_block_list of[1 + TER_MAX_KINDS][TER_SIZE_CLASSES];
};

struct ter_block_space {
    struct ter_space space;
    struct ter_blocks blocks;
    struct ter_block_lists *available; /* apart, so that the records of the map stay small */
    unsigned kind_end; /* one past the last kind that ever had a block: others have no lists */
    size_t due; /* blocks that have rested so long at the last sweep that they may lose pages */
    bool ages;  /* it has young objects, which lie in the blocks taken */
    struct ter_block_list taken; /* by mutators since the last collection, if anything is old */
    size_t live_bytes;           /* after it */
};

TER_INLINE struct ter_block_space *ter_block_space_of(const struct ter_space *space)
{
    TER_ASSERT(space->policy->cells);
    return (struct ter_block_space *)(uintptr_t)space;
}

/* ---- Allocation; under the heap lock ---- */

/* A block that was available is for a mutator's next runs: young objects will be in it. */
void ter_block_space_take(struct ter_block_space *space, uintptr_t block);
/* A block with free cells for the class, or 0. */
uintptr_t ter_block_space_take_available(struct ter_block_space *space, unsigned kind,
                                         unsigned size_class);
/* The same of those that are for other kinds, which is of several kinds from then on. */
uintptr_t ter_block_space_take_others(struct ter_block_space *space, unsigned kind,
                                      unsigned size_class);
/* A fresh block for the class. */
ter_status ter_block_space_take_fresh(struct ter_block_space *space, unsigned kind,
                                      unsigned size_class, uintptr_t *block);
/*
 * The next free run of the block, of at most `max_bytes` (but at least one cell); its cells become
 * valid objects, its memory zero if the kind wants that. `run` is also where the block's owner is
 * known to allocate from. False, with the block let go, when none is left. `alone`: nobody else
 * changes valid bits meanwhile.
 */
bool ter_block_space_next_run(struct ter_block_space *space, uintptr_t block, size_t max_bytes,
                              bool alone, struct ter_cell_run *run);
/*
 * The same without the heap lock, by the owner of the block, which took a run of it before, and
 * holds off stops; when none is left the block stays its own.
 */
bool ter_block_space_refill(struct ter_block_space *space, uintptr_t block, size_t max_bytes,
                            bool alone, struct ter_cell_run *run);
/*
 * Likewise: up to `bytes` of the block's next free cells become objects, each linked behind the one
 * before through its first word, the first at **last; the last has 0 there, and is *last then. How
 * many bytes they have: less only when the block has no more. `bytes` is a multiple of a cell.
 */
size_t ter_block_space_take_list(struct ter_block_space *space, uintptr_t block, size_t bytes,
                                 bool alone, uintptr_t **last);
/* Makes what is left of `run` free again, before a collection or at the end of a mutator. */
void ter_block_space_return_run(struct ter_block_space *space, uintptr_t block,
                                struct ter_cell_run *run);

/* ---- Collection; with the world stopped and every run returned ---- */

/* Between collections every mark of a block is set: what is there counts as live. */
void ter_block_fill_marks(const struct ter_side_table *marks, uintptr_t block);

/* Mark bits := not valid-object bits, for all blocks. */
void ter_block_space_prepare(struct ter_space *space);
/* Valid-object bits &= mark bits; empty blocks go back; lists of available blocks are made anew. */
void ter_block_space_sweep(struct ter_space *space, struct ter_live *live);
/* The same of young objects, which lie in blocks that mutators took since the last collection. */
void ter_block_space_prepare_young(struct ter_space *space);
void ter_block_space_sweep_young(struct ter_space *space, struct ter_live *live);
void ter_block_space_for_each_young(const struct ter_space *space, ter_object_visitor *visit,
                                    void *context);
/* Bytes of free cells in blocks in use. */
size_t ter_block_space_open_bytes(const struct ter_space *space);

/* ---- Holes; under the heap lock ---- */

/* So many sweeps must find a block untouched: what is used again soon would only be faulted in. */
#define TER_BLOCK_RESTS 2u

/* Of the pages in such a mask. */
TER_INLINE size_t ter_block_gone_bytes(unsigned mask)
{
    return ter_count_ones(mask) * ter_os_page_size();
}

/*
 * A sweep finds the block without an owner: has it rested so long that its free pages are worth a
 * look? Not at each sweep from then on, but each time that it has rested twice as long.
 */
bool ter_block_rests(struct ter_block_state *state);
/* The block is taken, or nothing is in it any more: its pages count as having memory. */
void ter_block_wake(struct ter_block_space *space, struct ter_block_state *state);
/*
 * Gives free pages inside available blocks back to the system: of those that were found to rest by
 * the last sweep, or of all. Returns the bytes.
 */
size_t ter_block_space_hollow(struct ter_space *space, bool resting);

/* ---- The rest of what both policies have in their records ---- */

ter_status ter_block_space_init(struct ter_space *space);
void ter_block_space_fini(struct ter_space *space);
size_t ter_block_space_trim(struct ter_space *space, size_t bytes);
void ter_block_space_for_each(const struct ter_space *space, ter_object_visitor *visit,
                              void *context);
void ter_block_space_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                                     void *context);
void ter_block_space_check(const struct ter_space *space);
size_t ter_block_space_used(const struct ter_space *space);
size_t ter_block_space_used_in_chunk(const struct ter_space *space, uintptr_t chunk);
size_t ter_block_space_object_bytes(const struct ter_space *space, uintptr_t object);
unsigned ter_block_space_object_kind(const struct ter_space *space, uintptr_t object);
ter_object ter_block_space_find(const struct ter_sft *sft, uintptr_t word);

/* ---- Questions ---- */

TER_INLINE struct ter_block_head *ter_block_head_of(const struct ter_arena *arena,
                                                    uintptr_t address)
{
    return TER_SIDE_RECORD(arena->side, BLOCK, address);
}

TER_INLINE struct ter_block_state *ter_block_state_of(const struct ter_arena *arena,
                                                      uintptr_t address)
{
    return TER_SIDE_RECORD(arena->side, BLOCK_STATE, address);
}

TER_INLINE bool ter_block_is_of_several(const struct ter_block_head *head)
{
    return __atomic_load_n(&head->scan, __ATOMIC_ACQUIRE) == TER_BLOCK_OF_SEVERAL;
}

/* The kind of an object. A block becomes one of several kinds at any time: see block_several.c. */
TER_INLINE unsigned ter_block_kind_of(const struct ter_arena *arena, uintptr_t object)
{
    const struct ter_block_head *head = ter_block_head_of(arena, object);
    unsigned kind = __atomic_load_n(&head->kind, __ATOMIC_ACQUIRE);

    if (TER_LIKELY(!ter_block_is_of_several(head)))
        return kind;
    return ter_object_kinds_load(&arena->kinds, object);
}

/* In which of the lists of available blocks it is when it is in one. */
TER_INLINE unsigned ter_block_list_number(const struct ter_block_head *head)
{
    return ter_block_is_of_several(head) ? 0 : 1 + head->kind;
}

/* Of a block of several kinds: what lies in [start, end) is to be of the kind that takes it. */
void ter_block_set_kinds(const struct ter_block_space *space, uintptr_t start, uintptr_t end);
/* Nothing is in such a block any more. */
void ter_block_forget_kinds(const struct ter_block_space *space, uintptr_t block);

/* A cell of a mutator's run that was not handed out yet is valid by its bit, but no object. */
TER_INLINE bool ter_block_is_handed_out(const struct ter_arena *arena, uintptr_t cell)
{
    const struct ter_cell_run *run =
        __atomic_load_n(&ter_block_state_of(arena, cell)->owner, __ATOMIC_ACQUIRE);

    return run == NULL || !ter_cell_run_holds(run, cell);
}

/*
 * Does an object begin exactly at `word`, for which the map answered with this space? Only first
 * granules of cells have valid bits, so no cell needs to be worked out. `arena` is the space's: who
 * knows it does not wait until it is loaded.
 */
TER_INLINE bool ter_block_space_is_object_in(const struct ter_arena *arena,
                                             const struct ter_block_space *space, uintptr_t word)
{
    return ter_is_aligned(word, TER_BYTES_IN_GRANULE) &&
           ter_range_covers(&space->space.range, word) &&
           ter_bits_test(&arena->side.tables[TER_SIDE_VALID_OBJECT], word) &&
           ter_block_is_handed_out(arena, word);
}

TER_INLINE bool ter_block_space_is_object(const struct ter_block_space *space, uintptr_t word)
{
    return ter_block_space_is_object_in(space->space.arena, space, word);
}

/* First byte of the cell that covers `address`; meaningless, but harmless, in a free block. */
TER_INLINE uintptr_t ter_block_cell_of(const struct ter_block_head *head, uintptr_t address)
{
    uintptr_t block = ter_align_down(address, TER_BYTES_IN_BLOCK);
    uint64_t cell = ((uint64_t)(address - block) * head->reciprocal) >> 32;

    return block + (uintptr_t)cell * head->cell_bytes;
}

/* ---- Freeing; by the rule at the top. `alone`: nobody else changes valid bits meanwhile ---- */

/*
 * Frees an object; false when somebody else did. *passed: its cell lies below the block's resume
 * point, so that the caller may keep it in a list of its own; otherwise the block's next runs will
 * hold it.
 */
TER_INLINE bool ter_block_space_free(const struct ter_block_space *space, uintptr_t object,
                                     bool alone, bool *passed)
{
    const struct ter_side_table *valid = ter_space_table(&space->space, TER_SIDE_VALID_OBJECT);
    const struct ter_block_state *state = ter_block_state_of(space->space.arena, object);
    size_t granule = (object & (TER_BYTES_IN_BLOCK - 1)) >> TER_LOG_BYTES_IN_GRANULE;

    /* Before the bit: once that is clear, the block's owner may find the cell and move on. */
    *passed = granule < __atomic_load_n(&state->resume, __ATOMIC_ACQUIRE);
    return alone ? ter_bits_clear_lone(valid, object) : ter_bits_clear_shared(valid, object);
}

/* A cell from such a list becomes an object again. */
TER_INLINE void ter_block_space_reuse(const struct ter_block_space *space, uintptr_t cell,
                                      bool alone)
{
    const struct ter_side_table *valid = ter_space_table(&space->space, TER_SIDE_VALID_OBJECT);

    if (alone)
        ter_bits_set_lone(valid, cell);
    else
        ter_bits_set_shared(valid, cell);
}
