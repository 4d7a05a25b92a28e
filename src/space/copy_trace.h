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
}

/* An ambiguous word: what it leads to stays where it is. */
void ter_copy_trace_ambiguous(struct ter_scanning *scanning, uintptr_t word,
                              enum ter_word_form form, enum ter_marking marking);
/* An object of a block with some that stay. True: it is one of them, and was seen to. */
bool ter_copy_trace_staying(struct ter_scanning *scanning, uintptr_t object,
                            enum ter_marking marking);
/* It stays since there is no room for a copy, if no other worker moves it. Where it is. */
uintptr_t ter_copy_give_up(struct ter_scanning *scanning, uintptr_t object, size_t bytes,
                           enum ter_marking marking);
/* Another worker is moving it. Where it is, as soon as that is known. */
uintptr_t ter_copy_await(const struct ter_scanning *scanning, uintptr_t object);
/* Copies of the kind end there: what follows is none. */
void ter_copy_close(const struct ter_copy_space *space, const struct ter_copier *copier);
/* Another block for this worker's copies of the kind; false: there is none. */
bool ter_copy_open_block(const struct ter_scanning *scanning, struct ter_copier *copier,
                         unsigned kind);

TER_INLINE uint64_t *ter_copy_bits_word(uintptr_t bias, uintptr_t address)
{
    return (uint64_t *)(bias + ((address >> TER_LOG_BYTES_IN_BIT_WORD) << 3));
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

/* Has the object not moved? If it has, its first word says where to. */
TER_INLINE bool ter_copy_is_here(const struct ter_copy_tracing *tracing, uintptr_t object,
                                 enum ter_marking marking)
{
    const uint64_t *word = ter_copy_bits_word(tracing->valid, object);
    uint64_t valid = marking == TER_MARKING_ALONE ? *word : __atomic_load_n(word, __ATOMIC_ACQUIRE);

    return (valid & ter_bits_mask(object)) != 0;
}

/* A piece that is no object where it was: it moved, if its first word says where. */
TER_INLINE uintptr_t ter_copy_follow(const struct ter_copy_tracing *tracing, uintptr_t word)
{
    uintptr_t moved;

    if ((*ter_copy_bits_word(tracing->starts, word) & ter_bits_mask(word)) == 0)
        return word;
    moved = *(const uintptr_t *)word;
    return moved != 0 ? moved : word;
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

/* Leaves word of where it is now: whoever sees the bit clear finds the word, and the copy. */
TER_INLINE void ter_copy_leave_word(const struct ter_copy_tracing *tracing, uintptr_t object,
                                    uintptr_t to, enum ter_marking marking)
{
    uint64_t *word = ter_copy_bits_word(tracing->valid, object);
    uint64_t others = ~ter_bits_mask(object);

    *(uintptr_t *)object = to;
    if (marking == TER_MARKING_OF_MANY)
        (void)__atomic_fetch_and(word, others, __ATOMIC_RELEASE);
    else
        *word &= others;
}

/*
 * Copies it to `to`, where there is room. Bits of there are in words that no other worker changes,
 * since a block is one worker's.
 */
TER_INLINE void ter_copy_move(const struct ter_copy_tracing *tracing, uintptr_t object,
                              uintptr_t to, size_t bytes, enum ter_marking marking)
{
    uintptr_t end = to + bytes;

    ter_copy_bytes(to, object, bytes);
    *ter_copy_bits_word(tracing->valid, to) |= ter_bits_mask(to);
    *ter_copy_bits_word(tracing->starts, end) |= ter_bits_mask(end);
    ter_copy_leave_word(tracing, object, to, marking);
}

/*
 * An object that may move, reached for the first time, or by another worker just now. Room first:
 * between claiming and leaving word nobody waits for anything.
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
        !ter_copy_open_block(scanning, copier, block->kind))
        return ter_copy_give_up(scanning, object, bytes, marking);
    if (marking != TER_MARKING_ALONE && !ter_scanning_mark(scanning, object, marking))
        return ter_copy_await(scanning, object);
    to = copier->cursor;
    copier->cursor = to + bytes;
    ter_copy_move(tracing, object, to, bytes, marking);
    if (block->scan != TER_SCAN_NONE)
        ter_scanning_push(scanning, ter_mark_entry_of(to, bytes, block->kind));
    return to;
}

/* A word that lies in the space's range. By one worker: nothing here is atomic. */
TER_INLINE uintptr_t ter_copy_trace(struct ter_scanning *scanning,
                                    const struct ter_copy_tracing *tracing, uintptr_t word,
                                    enum ter_word_form form, enum ter_marking marking)
{
    const struct ter_copy_block *block = ter_side_record_at(
        tracing->blocks, word, TER_SIDE_LOG_REGION_BLOCK, TER_SIDE_LOG_BITS_BLOCK);

    if (!block->from)
        return word;
    if (form != TER_WORD_EXACT) {
        ter_copy_trace_ambiguous(scanning, word, form, marking);
        return word;
    }
    if (!ter_is_aligned(word, TER_BYTES_IN_GRANULE))
        return word;
    if (!ter_copy_is_here(tracing, word, marking))
        return ter_copy_follow(tracing, word);
    if (TER_UNLIKELY(__atomic_load_n(&block->stays, __ATOMIC_RELAXED)) &&
        ter_copy_trace_staying(scanning, word, marking))
        return word;
    return ter_copy_reach(scanning, tracing, block, word, marking);
}
