/* SPDX-License-Identifier: MIT */
/* Tracing in spaces of objects that move, for loops: copying, or the new place. */
#pragma once

#include "space/copy_block.h"
#include "trace/trace.h"

struct ter_copy_tracing {
    uintptr_t blocks; /* biases of tables */
    uintptr_t valid;
    uintptr_t starts;
    struct ter_copiers *copiers;
};

TER_INLINE void ter_copy_tracing_begin(struct ter_copy_tracing *tracing,
                                       const struct ter_tracer *tracer)
{
    const struct ter_side_table *tables = tracer->arena->side.tables;

    tracing->blocks = tables[TER_SIDE_BLOCK].bias;
    tracing->valid = tables[TER_SIDE_VALID_OBJECT].bias;
    tracing->starts = tables[TER_SIDE_START].bias;
    tracing->copiers = tracer->context;
}

/* An ambiguous word: what it leads to stays where it is. */
void ter_copy_trace_ambiguous(struct ter_scanning *scanning, uintptr_t word,
                              enum ter_word_form form);
/* An object of a block with some that stay. True: it is one of them, and was seen to. */
bool ter_copy_trace_staying(struct ter_scanning *scanning, uintptr_t object);
/* It stays since there is no room for a copy. */
void ter_copy_give_up(struct ter_scanning *scanning, uintptr_t object, size_t bytes);
/* Copies of the kind end there: what follows is none. */
void ter_copy_close(const struct ter_copy_space *space, const struct ter_copier *copier);
/* Another block for copies of the kind; false: there is none. */
bool ter_copy_open_block(struct ter_copiers *copiers, unsigned kind);

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

/* Copies it to `to`, where there is room, and leaves word of it. */
TER_INLINE void ter_copy_move(const struct ter_copy_tracing *tracing, uintptr_t object,
                              uintptr_t to, size_t bytes)
{
    uintptr_t end = to + bytes;

    ter_copy_bytes(to, object, bytes);
    *ter_copy_bits_word(tracing->valid, to) |= ter_bits_mask(to);
    *ter_copy_bits_word(tracing->starts, end) |= ter_bits_mask(end);
    *ter_copy_bits_word(tracing->valid, object) &= ~ter_bits_mask(object);
    *(uintptr_t *)object = to;
}

/* An object that may move, reached for the first time. */
TER_INLINE uintptr_t ter_copy_reach(struct ter_scanning *scanning,
                                    const struct ter_copy_tracing *tracing,
                                    const struct ter_copy_block *block, uintptr_t object)
{
    struct ter_copier *copier = &tracing->copiers->of[block->kind];
    size_t bytes = ter_copy_bytes_at(scanning, tracing, object);
    uintptr_t to = copier->cursor;

    if (TER_UNLIKELY(bytes > copier->limit - to)) {
        if (!ter_copy_open_block(tracing->copiers, block->kind)) {
            ter_copy_give_up(scanning, object, bytes);
            return object;
        }
        to = copier->cursor;
    }
    copier->cursor = to + bytes;
    ter_copy_move(tracing, object, to, bytes);
    if (block->scan != TER_SCAN_NONE)
        ter_scanning_push(scanning, ter_mark_entry_of(to, bytes, block->kind));
    return to;
}

/* A word that lies in the space's range. By one worker: nothing here is atomic. */
TER_INLINE uintptr_t ter_copy_trace(struct ter_scanning *scanning,
                                    const struct ter_copy_tracing *tracing, uintptr_t word,
                                    enum ter_word_form form)
{
    const struct ter_copy_block *block = ter_side_record_at(
        tracing->blocks, word, TER_SIDE_LOG_REGION_BLOCK, TER_SIDE_LOG_BITS_BLOCK);

    if (!block->from)
        return word;
    if (form != TER_WORD_EXACT) {
        ter_copy_trace_ambiguous(scanning, word, form);
        return word;
    }
    if (!ter_is_aligned(word, TER_BYTES_IN_GRANULE))
        return word;
    if ((*ter_copy_bits_word(tracing->valid, word) & ter_bits_mask(word)) == 0)
        return ter_copy_follow(tracing, word);
    if (TER_UNLIKELY(block->stays) && ter_copy_trace_staying(scanning, word))
        return word;
    return ter_copy_reach(scanning, tracing, block, word);
}
