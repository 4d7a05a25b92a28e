/* SPDX-License-Identifier: MIT */
/*
 * A space of small objects that move: a collection copies what it reaches to fresh blocks and frees
 * the blocks that it left. Which ones are left is the plan's choice (copy_choose.h); in the others
 * what is reached is marked where it is, and what lies between is free. Objects of one kind and of
 * all sizes lie one after another in a block, without headers; what there is to know of them are
 * bits beside the heap.
 *
 * A block consists of pieces. Bits of the table START say where one begins; it ends where the next
 * one does, or with the block. The block's first granule has its bit, and so has what lies behind
 * the last object; the last granule of a block is never part of an object, so that there is such a
 * place. A piece is an object if its valid-object bit is set.
 *
 * In a collection, of a block that is being left:
 *
 * - The valid-object bit is set: the object has not moved. If its bit of STAY is set it never will,
 *   and that of MARK tells whether it was reached.
 * - It is clear, and the piece's first word says where: the object moved there.
 * - It is clear, and the first word is TER_COPY_NONE: there is no object. Whoever makes an object
 *   none writes that, at the latest before the collection.
 *
 * Where several workers trace, whoever clears the valid-object bit moves the object, and nobody
 * else. When the copy is there he stores its address in the first word; until then the others find
 * there what the object had, and wait. So they must know one from the other: an object whose first
 * word could be a new place, an address in no block that is being left, does not move, which all
 * workers see alike. Nor does one for which there is no room: then STAY is set, and the bit again.
 * Between clearing the bit and that a worker waits for nothing and nobody.
 *
 * In a block whose objects are marked in place, MARK tells which of the valid objects were reached.
 * Objects in all other blocks were. Between collections there are no others, and the bits of MARK
 * and STAY are clear.
 *
 * Invariant: an ambiguous word sets STAY before the first object moves, so none ever leads to one
 * that moved. A copy that finds no room sets STAY instead; so moving never fails.
 */
#pragma once

#include "space/ageing.h"
#include "space/cell_run.h"

#define TER_GRANULES_IN_BLOCK (TER_BYTES_IN_BLOCK >> TER_LOG_BYTES_IN_GRANULE)

/* No place of an object, and rare as a number. */
#define TER_COPY_NONE ((uintptr_t)UINT64_C(0x3d6b81f54ea9c7b3))

enum ter_copy_state {
    TER_COPY_FREE = 0,
    TER_COPY_CLOSED, /* nothing is added to it */
    TER_COPY_OPEN,   /* its owner takes runs of it, behind `used` */
    TER_COPY_REUSED  /* likewise, also of pieces without objects before that */
};

/* What becomes of a block's objects in a collection. */
enum ter_copy_fate {
    TER_COPY_REACHED = 0, /* nothing: copies were put there, or nobody collects */
    TER_COPY_LEFT,        /* they move, or stay if they must */
    TER_COPY_MARKED       /* they are marked where they are */
};

/* Of a block: the first 8 bytes are what tracing reads. */
struct ter_copy_block {
    uint8_t fate;
    uint8_t kind;
    uint8_t scan;
    uint8_t stays; /* bits of PIN or STAY are set in it; workers set it and read it side by side */
    uint8_t state;
    bool zeroed;   /* what lies behind `used` reads zero; of a free block: all of it, not used */
    uint16_t used; /* granules from the first on that have had objects */
    /* The runs of the mutator that filled it, one a size class; NULL: none. They stay readable. */
    const struct ter_cell_run *owner;
};

/* Further of a block, for allocation and for choosing. */
struct ter_copy_figures {
    uint16_t live;  /* granules of objects after the last collection; 0: it is newer */
    bool has_words; /* pieces that are no objects may have any first word */
    bool is_old;    /* it has bits of SLOT_LOG and OBJECT_LOG */
    bool is_mixed;  /* or had, until mutators took up its holes again */
};

/* Where objects of a kind are copied to: [cursor, limit) of a block; nowhere at first. */
struct ter_copier {
    uintptr_t cursor;
    uintptr_t limit;
    uintptr_t start; /* of what it has filled since it was given the block, or the hole */
};

struct ter_copiers {
    struct ter_copy_space *space;
    struct ter_mutex taking;                   /* of blocks: one worker at a time */
    struct ter_block_list kept[TER_MAX_KINDS]; /* blocks with room that nobody takes runs of */
    TER_ALIGNED(64) struct ter_copier of[TER_MAX_HELPERS + 1][TER_MAX_KINDS]; /* by worker */
};

struct ter_copy_space {
    struct ter_space space;
    struct ter_blocks blocks;
    struct ter_copiers *copiers; /* apart, so that the records of the map stay small */
    size_t blocks_to_take;       /* that this collection may take */
    size_t blocks_after;         /* in use after the last collection */
    size_t bytes_after;          /* of objects, then */
    size_t reused_bytes;         /* that lay free in blocks which mutators took up again since */
    bool in_place;               /* the plan marks in place what it does not leave */
    bool ages;                   /* it has young blocks and old ones; copies are old */
    bool slides;                 /* objects move together when all is marked: space/slide.h */
    bool minor;                  /* a collection of young objects runs */
    struct ter_block_list young; /* blocks that mutators took since the last collection */
    size_t young_blocks;
    struct ter_live promoted; /* copied in this collection */
    unsigned most_live;       /* then blocks with less are left; granules */
    unsigned survived;        /* of 256 bytes allocated before it */
};

TER_INLINE struct ter_copy_space *ter_copy_space_of(const struct ter_space *space)
{
    return (struct ter_copy_space *)(uintptr_t)space;
}

TER_INLINE struct ter_copy_block *ter_copy_block_of(const struct ter_arena *arena,
                                                    uintptr_t address)
{
    return TER_SIDE_RECORD(arena->side, BLOCK, address);
}

TER_INLINE struct ter_copy_figures *ter_copy_figures_of(const struct ter_arena *arena,
                                                        uintptr_t address)
{
    return TER_SIDE_RECORD(arena->side, BLOCK_STATE, address);
}

TER_INLINE uintptr_t ter_copy_start_of_block(uintptr_t address)
{
    return ter_align_down(address, TER_BYTES_IN_BLOCK);
}

/* Where objects of the block end at the latest. */
TER_INLINE uintptr_t ter_copy_limit_of_block(uintptr_t address)
{
    return ter_copy_start_of_block(address) + TER_BYTES_IN_BLOCK - TER_BYTES_IN_GRANULE;
}

/* The piece that begins there is no object. Between collections nobody may use what it has. */
TER_INLINE void ter_copy_make_empty(uintptr_t piece)
{
    ter_asan_access(piece, TER_BYTES_IN_GRANULE);
    *(uintptr_t *)piece = TER_COPY_NONE;
    ter_asan_no_access(piece, TER_BYTES_IN_GRANULE);
}

/* The piece that covers `word` begins there; the block is in use. */
uintptr_t ter_copy_piece_of(const struct ter_space *space, uintptr_t word);
/* Bytes of the piece that begins at `start`. */
size_t ter_copy_piece_bytes(const struct ter_arena *arena, uintptr_t start);

/*
 * The first piece from `from` on, in its block, that is no object and has so many bytes; *end: how
 * far. 0: there is none.
 */
uintptr_t ter_copy_find_hole(const struct ter_space *space, uintptr_t from, size_t bytes,
                             uintptr_t *end);
typedef void ter_copy_block_step(struct ter_copy_space *space, uintptr_t block, void *context);

/* Those in use, from the top down: blocks that become free are taken from the bottom up. */
void ter_copy_for_each_block(struct ter_copy_space *space, ter_copy_block_step *step,
                             void *context);

/* ---- Granules of objects ---- */

/* From one word of bits to the next. */
struct ter_copy_filling {
    uint64_t carry, behind;
};

/*
 * All granules of the objects that begin at `first`, of a word in which pieces begin at `starts`:
 * to where none begins, a one is added behind the first granule of each object. It is carried to
 * where the next piece begins, and what it went over is the object.
 */
TER_INLINE uint64_t ter_copy_fill_granules(struct ter_copy_filling *filling, uint64_t first,
                                           uint64_t starts)
{
    uint64_t inside = ~starts, second = first << 1 | filling->behind;
    uint64_t sum = inside + filling->carry;

    filling->carry = sum < inside;
    sum += second;
    filling->carry |= sum < second;
    filling->behind = first >> 63;
    return first | (inside & ~sum);
}

/* ---- In a collection, with the world stopped ---- */

/* The object that begins at `object` does not move in this collection. Not beside other workers. */
void ter_copy_stay(const struct ter_space *space, uintptr_t object);
/* The same for the object that covers `word`, if any: its first byte, or 0. */
uintptr_t ter_copy_hold_covering(const struct ter_space *space, uintptr_t word);
/* Where an object moved to in this collection; 0: it did not. */
uintptr_t ter_copy_new_place(const struct ter_space *space, uintptr_t object);
