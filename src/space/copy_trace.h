/* SPDX-License-Identifier: MIT */
/* Tracing in spaces of objects that move, for loops: copying, or the new place. */
#pragma once

#include "space/copy_block.h"
#include "trace/trace.h"

struct ter_copy_tracing {
    uintptr_t blocks; /* biases of tables */
    uintptr_t valid;
    uintptr_t starts;
    struct ter_copier *copiers; /* of this worker, one a kind */
    uintptr_t start;            /* where the space may lie */
    size_t extent;
};

TER_INLINE void ter_copy_tracing_begin(struct ter_copy_tracing *tracing,
                                       const struct ter_tracer *tracer)
{
    const struct ter_side_table *tables = tracer->arena->side.tables;
    struct ter_copiers *copiers = tracer->context;

    tracing->blocks = tables[TER_SIDE_BLOCK].bias;
    tracing->valid = tables[TER_SIDE_VALID_OBJECT].bias;
    tracing->starts = tables[TER_SIDE_START].bias;
    tracing->copiers = copiers->of[tracer->worker];
    tracing->start = copiers->space->space.range.start;
    tracing->extent = copiers->space->space.range.extent_bytes;
}

/* An ambiguous word: what it leads to stays where it is. */
void ter_copy_trace_ambiguous(struct ter_scanning *scanning, const struct ter_copy_tracing *tracing,
                              uintptr_t word, enum ter_word_form form, enum ter_marking marking);
/* The same of a block whose objects are marked in place. */
void ter_copy_mark_ambiguous(struct ter_scanning *scanning, const struct ter_copy_tracing *tracing,
                             uintptr_t word, enum ter_word_form form, enum ter_marking marking);
/* An object of a block with some that stay. True: it is one of them, and was seen to. */
bool ter_copy_trace_staying(struct ter_scanning *scanning, uintptr_t object,
                            enum ter_marking marking);
/* It stays since there is no room for a copy, if no other worker moves it. Where it is. */
uintptr_t ter_copy_give_up(struct ter_scanning *scanning, uintptr_t object, size_t bytes,
                           enum ter_marking marking);
/* Copies of the kind end there: what follows is none. */
void ter_copy_close(struct ter_copy_space *space, struct ter_copier *copier);
/* Another block, or a hole, for this worker's copies of the kind; false: there is none. */
bool ter_copy_open_block(const struct ter_scanning *scanning, struct ter_copier *copier,
                         unsigned kind, size_t bytes);

/* ---- With several workers ---- */

/* Could a word where the space may lie be a new place? For what the first range does not tell. */
bool ter_copy_is_place_by_map(const struct ter_scanning *scanning, uintptr_t word);
/* An object with such a first word: it stays, or that is where another worker just moved it. */
uintptr_t ter_copy_trace_odd(struct ter_scanning *scanning, uintptr_t object, uintptr_t first);
/* This worker claimed the object: was it given up before? Then the claim is taken back. */
bool ter_copy_is_given_up(const struct ter_scanning *scanning, uintptr_t object);
/* Another worker claimed it. Where it is, as soon as that is known; `object` also for none. */
uintptr_t ter_copy_await(const struct ter_scanning *scanning,
                         const struct ter_copy_tracing *tracing, uintptr_t object);

/* ---- Bits and blocks ---- */

TER_INLINE uint64_t *ter_copy_bits_word(uintptr_t bias, uintptr_t address)
{
    return (uint64_t *)(bias + ((address >> TER_LOG_BYTES_IN_BIT_WORD) << 3));
}

TER_INLINE const struct ter_copy_block *ter_copy_block_at(const struct ter_copy_tracing *tracing,
                                                          uintptr_t address)
{
    return ter_side_record_at(tracing->blocks, address, TER_SIDE_LOG_REGION_BLOCK,
                              TER_SIDE_LOG_BITS_BLOCK);
}

/* The next bit of the word behind that of `object` tells; else one of another word. */
TER_INLINE size_t ter_copy_bytes_at(const struct ter_scanning *scanning,
                                    const struct ter_copy_tracing *tracing, uintptr_t object)
{
    unsigned bit = (unsigned)(object >> TER_LOG_BYTES_IN_GRANULE) & 63;
    uint64_t later = *ter_copy_bits_word(tracing->starts, object) >> bit >> 1;

    if (TER_LIKELY(later != 0))
        return ((size_t)ter_count_trailing_zeros(later) + 1) << TER_LOG_BYTES_IN_GRANULE;
    return ter_copy_piece_bytes(scanning->arena, object);
}

/* Is there an object that has not moved, and that no other worker is moving? */
TER_INLINE bool ter_copy_is_here(const struct ter_copy_tracing *tracing, uintptr_t object,
                                 enum ter_marking marking)
{
    const uint64_t *word = ter_copy_bits_word(tracing->valid, object);
    uint64_t valid = marking == TER_MARKING_ALONE ? *word : __atomic_load_n(word, __ATOMIC_ACQUIRE);

    return (valid & ter_bits_mask(object)) != 0;
}

/* ---- Claims, with several workers ---- */

TER_INLINE uintptr_t ter_copy_first_word(uintptr_t object)
{
    return __atomic_load_n((const uintptr_t *)object, __ATOMIC_ACQUIRE);
}

/* Could that word be a new place? The same is true of it as long as the workers trace. */
TER_INLINE bool ter_copy_is_place(const struct ter_scanning *scanning,
                                  const struct ter_copy_tracing *tracing, uintptr_t word)
{
    if (word - tracing->start >= tracing->extent || !ter_is_aligned(word, TER_BYTES_IN_GRANULE))
        return false;
    if (TER_LIKELY(word - scanning->first < scanning->first_span))
        return ter_copy_block_at(tracing, word)->fate == TER_COPY_REACHED;
    return ter_copy_is_place_by_map(scanning, word);
}

/* Would others who find it in an object that is being moved be misled? */
TER_INLINE bool ter_copy_is_odd(const struct ter_scanning *scanning,
                                const struct ter_copy_tracing *tracing, uintptr_t first)
{
    return first == TER_COPY_NONE || ter_copy_is_place(scanning, tracing, first);
}

/* True: this worker moves it. */
TER_INLINE bool ter_copy_claim(const struct ter_copy_tracing *tracing, uintptr_t object,
                               enum ter_marking marking)
{
    uint64_t *word = ter_copy_bits_word(tracing->valid, object), mask = ter_bits_mask(object);

    if (marking == TER_MARKING_OF_MANY)
        return (__atomic_fetch_and(word, ~mask, __ATOMIC_ACQUIRE) & mask) != 0;
    return true;
}

/* ---- Moving ---- */

/* A piece that is no object where it was: it moved, if its first word says where. */
TER_INLINE uintptr_t ter_copy_follow(const struct ter_scanning *scanning,
                                     const struct ter_copy_tracing *tracing, uintptr_t word,
                                     enum ter_marking marking)
{
    uintptr_t moved;

    if ((*ter_copy_bits_word(tracing->starts, word) & ter_bits_mask(word)) == 0)
        return word;
    if (marking == TER_MARKING_ALONE) {
        moved = *(const uintptr_t *)word;
        return moved != TER_COPY_NONE ? moved : word;
    }
    moved = ter_copy_first_word(word);
    if (TER_LIKELY(ter_copy_is_place(scanning, tracing, moved)))
        return moved;
    return ter_copy_await(scanning, tracing, word);
}

TER_INLINE void ter_copy_bytes(uintptr_t to, uintptr_t from, size_t bytes)
{
    typedef uint64_t granule __attribute__((vector_size(16), may_alias));
    uintptr_t end = from + bytes;

    do {
        *(granule *)to = *(const granule *)from;
        to += sizeof(granule);
        from += sizeof(granule);
        __asm__("" : "+r"(from)); /* or the compiler makes it a call */
    } while (from != end);
}

/*
 * Copies it to `to`, where there is room, and leaves word of it. Bits of the new place are in words
 * that no other worker changes, since a block is one worker's; the object's own was cleared when it
 * was claimed.
 */
TER_INLINE void ter_copy_move(const struct ter_copy_tracing *tracing, uintptr_t object,
                              uintptr_t to, size_t bytes, enum ter_marking marking)
{
    uintptr_t end = to + bytes;

    ter_copy_bytes(to, object, bytes);
    *ter_copy_bits_word(tracing->valid, to) |= ter_bits_mask(to);
    *ter_copy_bits_word(tracing->starts, end) |= ter_bits_mask(end);
    if (marking == TER_MARKING_ALONE)
        *ter_copy_bits_word(tracing->valid, object) &= ~ter_bits_mask(object);
    __atomic_store_n((uintptr_t *)object, to, __ATOMIC_RELEASE);
}

/*
 * An object that may move, reached for the first time, or by another worker just now. Room first:
 * between the claim and the word that is left nobody waits for anything.
 */
TER_INLINE uintptr_t ter_copy_reach(struct ter_scanning *scanning,
                                    const struct ter_copy_tracing *tracing,
                                    const struct ter_copy_block *block, uintptr_t object,
                                    enum ter_marking marking)
{
    struct ter_copier *copier = &tracing->copiers[block->kind];
    size_t bytes = ter_copy_bytes_at(scanning, tracing, object);
    uintptr_t to;

    if (TER_UNLIKELY(bytes > copier->limit - copier->cursor) &&
        !ter_copy_open_block(scanning, copier, block->kind, bytes))
        return ter_copy_give_up(scanning, object, bytes, marking);
    if (marking != TER_MARKING_ALONE && !ter_copy_claim(tracing, object, marking))
        return ter_copy_await(scanning, tracing, object);
    if (marking != TER_MARKING_ALONE &&
        TER_UNLIKELY(__atomic_load_n(&block->stays, __ATOMIC_RELAXED)) &&
        ter_copy_is_given_up(scanning, object))
        return object;
    to = copier->cursor;
    copier->cursor = to + bytes;
    ter_copy_move(tracing, object, to, bytes, marking);
    if (block->scan != TER_SCAN_NONE)
        ter_scanning_push(scanning, ter_mark_entry_of(to, bytes, block->kind));
    return to;
}

/* ---- Marking in place ---- */

/* An object of a block that is not left. It was prefetched on the way here, so it goes on top. */
TER_INLINE void ter_copy_mark(struct ter_scanning *scanning, const struct ter_copy_tracing *tracing,
                              const struct ter_copy_block *block, uintptr_t object,
                              enum ter_marking marking)
{
    if (!ter_copy_is_here(tracing, object, marking) ||
        !ter_scanning_mark(scanning, object, marking) || block->scan == TER_SCAN_NONE)
        return;
    ter_scanning_push(
        scanning,
        ter_mark_entry_of(object, ter_copy_bytes_at(scanning, tracing, object), block->kind));
}

/* ---- A word ---- */

/* Of a block that is being left. By one worker: nothing here is atomic. */
TER_INLINE uintptr_t ter_copy_trace_left(struct ter_scanning *scanning,
                                         const struct ter_copy_tracing *tracing,
                                         const struct ter_copy_block *block, uintptr_t word,
                                         enum ter_word_form form, enum ter_marking marking)
{
    uintptr_t first;

    if (form != TER_WORD_EXACT) {
        ter_copy_trace_ambiguous(scanning, tracing, word, form, marking);
        return word;
    }
    if (!ter_is_aligned(word, TER_BYTES_IN_GRANULE))
        return word;
    if (!ter_copy_is_here(tracing, word, marking))
        return ter_copy_follow(scanning, tracing, word, marking);
    if (TER_UNLIKELY(__atomic_load_n(&block->stays, __ATOMIC_RELAXED)) &&
        ter_copy_trace_staying(scanning, word, marking))
        return word;
    if (marking != TER_MARKING_ALONE) {
        first = ter_copy_first_word(word);
        if (TER_UNLIKELY(ter_copy_is_odd(scanning, tracing, first)))
            return ter_copy_trace_odd(scanning, word, first);
    }
    return ter_copy_reach(scanning, tracing, block, word, marking);
}

/* A word that lies in the space's range, of a plan that leaves all blocks. */
TER_INLINE uintptr_t ter_copy_trace(struct ter_scanning *scanning,
                                    const struct ter_copy_tracing *tracing, uintptr_t word,
                                    enum ter_word_form form, enum ter_marking marking)
{
    const struct ter_copy_block *block = ter_copy_block_at(tracing, word);

    if (block->fate == TER_COPY_REACHED)
        return word;
    return ter_copy_trace_left(scanning, tracing, block, word, form, marking);
}

/* The same of one that leaves some. */
TER_INLINE uintptr_t ter_copy_trace_or_mark(struct ter_scanning *scanning,
                                            const struct ter_copy_tracing *tracing, uintptr_t word,
                                            enum ter_word_form form, enum ter_marking marking)
{
    const struct ter_copy_block *block = ter_copy_block_at(tracing, word);

    if (block->fate == TER_COPY_LEFT)
        return ter_copy_trace_left(scanning, tracing, block, word, form, marking);
    if (block->fate == TER_COPY_REACHED)
        return word;
    if (form != TER_WORD_EXACT)
        ter_copy_mark_ambiguous(scanning, tracing, word, form, marking);
    else if (ter_is_aligned(word, TER_BYTES_IN_GRANULE))
        ter_copy_mark(scanning, tracing, block, word, marking);
    return word;
}
