/* SPDX-License-Identifier: MIT */
/*
 * Floor `mmapper`: what state each chunk of one reserved range is in.
 *
 * Invariant: a chunk is RESERVED (no access, no memory) or MAPPED (readable and writable); what
 * lies outside the range is UNMAPPED. A state is stored after the system call that makes it true
 * when it rises, and before it when it falls, so whoever reads MAPPED may read the chunk. While a
 * call maps several runs of chunks, those done are MAPPING: nobody may count on them, since they
 * are taken back when a later run is refused. Reading a state takes no lock; changing one does.
 *
 * A mapper may keep states of smaller pieces than chunks: its grain. It may also reserve nothing:
 * then RESERVED means that a piece has its turn when it is needed, if nobody else lies there by
 * then.
 */
#pragma once

#include <stdatomic.h>

#include "layout/layout.h"
#include "mmapper/placement.h"
#include "os/os.h"

/* Reserved is 0, so that a fresh table says it without being written. */
enum ter_chunk_state {
    TER_CHUNK_RESERVED = 0,
    TER_CHUNK_MAPPED = 1,
    TER_CHUNK_UNMAPPED = 2,
    TER_CHUNK_MAPPING = 3
};

/*
 * A chunk that is mapped piece by piece as it is used, so that a small heap takes few addresses.
 * `start` is 0 when there is none; `pieces` has a bit for each that is mapped.
 */
struct ter_mmapper_part {
    _Atomic uintptr_t start;
    _Atomic uint32_t pieces;
};

#define TER_MMAPPER_PARTS 4u
#define TER_LOG_BYTES_IN_PIECE 18u
#define TER_BYTES_IN_PIECE ((size_t)1 << TER_LOG_BYTES_IN_PIECE)

/* The end looks at the states of groups of pieces in which something was ever mapped. */
#define TER_MMAPPER_GROUPS 512u

struct ter_mmapper {
    uintptr_t start; /* multiple of a grain */
    size_t chunks;   /* pieces of a grain */
    unsigned log_grain;
    _Atomic uint8_t *states;
    unsigned log_group;                        /* pieces of a group */
    uint64_t touched[TER_MMAPPER_GROUPS / 64]; /* a bit for each group */
    struct ter_lock lock;
    bool by_need;    /* nothing is reserved */
    bool huge_pages; /* asked for when chunks are mapped */
    struct ter_mmapper_part parts[TER_MMAPPER_PARTS];
};

/* Reserves `bytes` (a multiple of a chunk) at `hint` if possible. */
ter_status ter_mmapper_init(struct ter_mmapper *mmapper, uintptr_t hint, size_t bytes);
/* The same in pieces of 2^log_grain bytes, at least a page of the system. */
ter_status ter_mmapper_init_grain(struct ter_mmapper *mmapper, uintptr_t hint, size_t bytes,
                                  unsigned log_grain);
/* At `start`, a multiple of a grain, without asking the system for anything but the states. */
ter_status ter_mmapper_init_by_need(struct ter_mmapper *mmapper, uintptr_t start, size_t bytes,
                                    unsigned log_grain);
/* Gives everything back to the system. */
void ter_mmapper_fini(struct ter_mmapper *mmapper);

/*
 * Maps every chunk that [start, start + bytes) touches; those that are mapped stay as they are.
 * When the system refuses part of it, nothing has changed. TER_ERROR_OWNED: without a reservation,
 * somebody else lies there.
 */
ter_status ter_mmapper_map(struct ter_mmapper *mmapper, uintptr_t start, size_t bytes,
                           const char *name);

/*
 * Of a mapper by need: the chunk at `start`, if it is not MAPPED, becomes so, but has memory only
 * where ter_mmapper_fill was asked for it since. TER_ERROR_OWNED: somebody else lies there.
 * TER_ERROR_FULL: there are as many such chunks as there may be.
 */
ter_status ter_mmapper_map_in_parts(struct ter_mmapper *mmapper, uintptr_t start);
/* Makes sure of the memory of [start, start + bytes), all of it in chunks that are MAPPED. */
ter_status ter_mmapper_fill(struct ter_mmapper *mmapper, uintptr_t start, size_t bytes,
                            const char *name);

/* Takes memory and access from whole chunks; `start` and `bytes` are multiples of a chunk. */
ter_status ter_mmapper_unmap(struct ter_mmapper *mmapper, uintptr_t start, size_t bytes);

/* Total: any word; any thread; no lock. */
TER_INLINE enum ter_chunk_state ter_mmapper_state(const struct ter_mmapper *mmapper, uintptr_t word)
{
    size_t chunk = (word - mmapper->start) >> mmapper->log_grain;

    if (chunk >= mmapper->chunks)
        return TER_CHUNK_UNMAPPED;
    return (enum ter_chunk_state)atomic_load_explicit(&mmapper->states[chunk],
                                                      memory_order_acquire);
}

/* Total: is there memory behind the word? A MAPPED chunk may be so in part. */
TER_INLINE bool ter_mmapper_has_memory(const struct ter_mmapper *mmapper, uintptr_t word)
{
    if (ter_mmapper_state(mmapper, word) != TER_CHUNK_MAPPED)
        return false;
    for (unsigned i = 0; i < TER_MMAPPER_PARTS; i++) {
        const struct ter_mmapper_part *part = &mmapper->parts[i];
        uintptr_t start = atomic_load_explicit(&part->start, memory_order_acquire);

        if (start != 0 && word - start < TER_BYTES_IN_CHUNK)
            return (atomic_load_explicit(&part->pieces, memory_order_acquire) >>
                        ((word - start) >> TER_LOG_BYTES_IN_PIECE) &
                    1) != 0;
    }
    return true;
}
