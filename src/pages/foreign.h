/* SPDX-License-Identifier: MIT */
/*
 * Foreign memory, which spaces own outside of the layout's range: metadata for chunks anywhere in
 * the address space, and objects described by it alone, so that nothing is asked of whoever made
 * the memory.
 *
 * Invariant: a chunk that the map gives to a space of this kind has an entry in `table`, which
 * leads to a record of its own. The record is in the table before the map's entry is claimed, and
 * leaves it after that is EMPTY; its memory stays readable for ever and is used again. So whoever
 * got such a space for a word may read the word's record: seen means readable. A record that serves
 * another chunk has another `generation`, by which a reader that came late knows; it is odd while
 * in use.
 *
 * Invariant: an object is a bit in `starts` at its first granule and a bit in `ends` at its last.
 * Objects do not overlap, so going down from a word, what comes first tells whether an object
 * covers it. One that was buried has a bit in `dead` in place of that in `starts`: it is no object
 * any more, and its memory is still there. `groups` and `top` have a bit for each word of these
 * three that is not zero.
 *
 * Changes are made under the heap lock; marks with the world stopped, or under it. Questions by
 * anyone, without a lock.
 */
#pragma once

#include <stdatomic.h>

#include "metadata/metadata.h"
#include "sft/sft.h"

/* A group is what one word of bits describes: 64 granules. */
#define TER_FOREIGN_GROUPS ((size_t)1 << (TER_LOG_BYTES_IN_CHUNK - TER_LOG_BYTES_IN_BIT_WORD))
#define TER_FOREIGN_GRANULES ((size_t)1 << (TER_LOG_BYTES_IN_CHUNK - TER_LOG_BYTES_IN_GRANULE))

struct ter_foreign_set;

/* What is known of one chunk. The first part is small; what follows is touched where objects are.
 */
struct ter_foreign_chunk {
    uintptr_t start;
    struct ter_foreign_set *set; /* whose chunk it is; NULL: in the list of free records */
    struct ter_foreign_chunk *next, *previous;
    size_t users;  /* objects or ranges that touch the chunk */
    size_t bytes;  /* of them in this chunk */
    size_t buried; /* that begin here */
    uintptr_t generation;
    uint64_t top;                             /* words of `groups` that are not 0 */
    uint64_t groups[TER_FOREIGN_GROUPS / 64]; /* words of the next and `dead` that are not 0 */
    TER_ALIGNED(4096) uint64_t starts[TER_FOREIGN_GROUPS];
    uint64_t ends[TER_FOREIGN_GROUPS];
    uint64_t marks[TER_FOREIGN_GROUPS];  /* at first granules; elsewhere without meaning */
    uint64_t dead[TER_FOREIGN_GROUPS];   /* first granules of what was buried */
    uint8_t kinds[TER_FOREIGN_GRANULES]; /* at first granules, as are those below */
    /* Bytes of the last granule that are not the object's, and the object's lead by 4, times 16. */
    uint8_t margins[TER_FOREIGN_GRANULES];
};

/* Where the memory of an object begins, and how long it is from there. */
struct ter_foreign_margin {
    size_t lead;  /* bytes before the object that came with it; 0 to 16, a multiple of 4 */
    size_t slack; /* bytes of its last granule that did not */
};

/* What was buried, when it is dug up. */
struct ter_foreign_grave {
    uintptr_t object;
    size_t bytes; /* of its granules */
    unsigned kind;
    struct ter_foreign_margin margin;
};

/* How far one has come who digs up what was buried. */
struct ter_foreign_digging {
    struct ter_foreign_chunk *chunk; /* NULL: none yet */
    size_t group;                    /* those before it have nothing more */
};

/* The chunks of one space. */
struct ter_foreign_set {
    const struct ter_sft *owner;
    struct ter_foreign_chunk *first;
    size_t chunks;
    size_t bytes; /* in use by objects or ranges */
    size_t buried;
};

struct ter_foreign {
    struct ter_foreign_chunk **table; /* by number of the chunk; NULL: no foreign memory */
    size_t count;                     /* of entries: all addresses that the map covers */
    struct ter_foreign_chunk *free;
    size_t free_count;
    uintptr_t low, high; /* the hull of all chunks that were ever used */
    bool exact;          /* objects may have margins */
};

/* For a map that covers [0, last]. */
ter_status ter_foreign_init(struct ter_foreign *foreign, uintptr_t last);
/* Gives all records back. */
void ter_foreign_fini(struct ter_foreign *foreign);

void ter_foreign_set_init(struct ter_foreign_set *set, const struct ter_sft *owner);

/*
 * Notes a user, [start, start + bytes), of every chunk that it touches; chunks that have none yet
 * get a record and are claimed. All or nothing. TER_ERROR_OWNED: a chunk belongs to another space,
 * which
 * `*conflict` names. TER_ERROR_NO_MEMORY: no record. TER_ERROR_OUT_OF_RANGE: as of a claim.
 */
ter_status ter_foreign_use(struct ter_foreign *foreign, const struct ter_sft_map *map,
                           struct ter_foreign_set *set, uintptr_t start, size_t bytes,
                           struct ter_sft_conflict *conflict);
/* Takes the user away again; chunks without any go back to EMPTY. */
void ter_foreign_let_go(struct ter_foreign *foreign, const struct ter_sft_map *map,
                        struct ter_foreign_set *set, uintptr_t start, size_t bytes);

/* ---- Objects; `object` and `bytes` are multiples of a granule ---- */

/* In chunks that have records; nothing may overlap. The object is marked, and has no margin. */
void ter_foreign_add(const struct ter_foreign *foreign, uintptr_t object, size_t bytes,
                     unsigned kind);
/* The same with a margin, in one step. */
void ter_foreign_add_within(const struct ter_foreign *foreign, uintptr_t object, size_t bytes,
                            unsigned kind, struct ter_foreign_margin margin);
/* Returns the bytes that it had. */
size_t ter_foreign_remove(const struct ter_foreign *foreign, uintptr_t object);

/* It is no object any more, but its memory is still to be given back. */
void ter_foreign_bury(const struct ter_foreign *foreign, uintptr_t object);
/*
 * Forgets one that was buried and says what it was; false: there is none. `digging` is zero at
 * first. Between two calls chunks may be let go of, and nothing be added or buried.
 */
bool ter_foreign_dig_up(const struct ter_foreign *foreign, struct ter_foreign_set *set,
                        struct ter_foreign_digging *digging, struct ter_foreign_grave *grave);

/* The object of the space `set` that covers `word`; 0 if none does. */
uintptr_t ter_foreign_find(const struct ter_foreign *foreign, const struct ter_foreign_set *set,
                           uintptr_t word);
/* The first object of the chunk that begins at or above `from`, a multiple of a granule; else 0. */
uintptr_t ter_foreign_next(const struct ter_foreign_chunk *chunk, uintptr_t from);

/* An object, as it is shown. */
struct ter_foreign_found {
    uintptr_t object;
    size_t bytes; /* of its granules */
    unsigned kind;
    bool is_marked;
};
typedef void ter_foreign_visitor(void *context, const struct ter_foreign_found *found);
/* Shows all objects of the set; `visit` may remove or bury the one that it gets. */
void ter_foreign_for_each(const struct ter_foreign *foreign, const struct ter_foreign_set *set,
                          ter_foreign_visitor *visit, void *context);

/* Of an object: */
size_t ter_foreign_bytes(const struct ter_foreign *foreign, uintptr_t object);
unsigned ter_foreign_kind(const struct ter_foreign *foreign, uintptr_t object);
struct ter_foreign_margin ter_foreign_margin(const struct ter_foreign *foreign, uintptr_t object);
/* Makes every object of the set unmarked. */
void ter_foreign_clear_marks(const struct ter_foreign_set *set);

/* The record of a chunk; NULL for one that has none. Any word. */
TER_INLINE struct ter_foreign_chunk *ter_foreign_chunk_of(const struct ter_foreign *foreign,
                                                          uintptr_t word)
{
    size_t index = word >> TER_LOG_BYTES_IN_CHUNK;

    return index < foreign->count ? __atomic_load_n(&foreign->table[index], __ATOMIC_ACQUIRE)
                                  : NULL;
}

/*
 * What an object of any space has of granules of `bytes` bytes, or less than one short of that:
 * those, but for what it has not of the last one. Objects of spaces that are not of this sort have
 * no record.
 */
TER_INLINE size_t ter_foreign_own_bytes(const struct ter_foreign *foreign, uintptr_t object,
                                        size_t bytes)
{
    const struct ter_foreign_chunk *chunk =
        TER_UNLIKELY(foreign->exact) ? ter_foreign_chunk_of(foreign, object) : NULL;
    size_t granule = (object & (TER_BYTES_IN_CHUNK - 1)) >> TER_LOG_BYTES_IN_GRANULE;

    if (chunk == NULL)
        return bytes;
    return ter_align_up(bytes, TER_BYTES_IN_GRANULE) -
           __atomic_load_n(&chunk->margins[granule], __ATOMIC_RELAXED) % TER_BYTES_IN_GRANULE;
}

TER_INLINE size_t ter_foreign_group_of(uintptr_t address)
{
    return (address >> TER_LOG_BYTES_IN_BIT_WORD) & (TER_FOREIGN_GROUPS - 1);
}

TER_INLINE bool ter_foreign_is_marked(const struct ter_foreign *foreign, uintptr_t object)
{
    const struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, object);

    return chunk != NULL &&
           (__atomic_load_n(&chunk->marks[ter_foreign_group_of(object)], __ATOMIC_RELAXED) &
            ter_bits_mask(object)) != 0;
}

/* Does an object of the set begin at the word? While nobody changes the set. */
TER_INLINE bool ter_foreign_is_object(const struct ter_foreign *foreign,
                                      const struct ter_foreign_set *set, uintptr_t word)
{
    const struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, word);

    return chunk != NULL && chunk->set == set && ter_is_aligned(word, TER_BYTES_IN_GRANULE) &&
           (chunk->starts[ter_foreign_group_of(word)] & ter_bits_mask(word)) != 0;
}

/* Sets the mark of an object while nobody else changes marks; false when it was set. */
TER_INLINE bool ter_foreign_mark_alone(const struct ter_foreign *foreign, uintptr_t object)
{
    struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, object);
    uint64_t *word = &chunk->marks[ter_foreign_group_of(object)];
    uint64_t mask = ter_bits_mask(object), old = __atomic_load_n(word, __ATOMIC_RELAXED);

    __atomic_store_n(word, old | mask, __ATOMIC_RELAXED);
    return (old & mask) == 0;
}

/* Sets or clears the mark of an object, beside changes of others; false when it was so before. */
TER_INLINE bool ter_foreign_mark(const struct ter_foreign *foreign, uintptr_t object, bool marked)
{
    struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, object);
    uint64_t *word = &chunk->marks[ter_foreign_group_of(object)];
    uint64_t mask = ter_bits_mask(object), old = __atomic_load_n(word, __ATOMIC_RELAXED);

    if (((old & mask) != 0) == marked)
        return false;
    old = marked ? __atomic_fetch_or(word, mask, __ATOMIC_RELAXED)
                 : __atomic_fetch_and(word, ~mask, __ATOMIC_RELAXED);
    return ((old & mask) != 0) != marked;
}
