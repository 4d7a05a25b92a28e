/* SPDX-License-Identifier: MIT */
/* Tracing in spaces of blocks, for loops: a word leads to the block's head, its cell, one mark. */
#pragma once

#include "space/block.h"
#include "trace/trace.h"

struct ter_block_tracing {
    uintptr_t heads; /* bias of the table of block heads */
};

TER_INLINE void ter_block_tracing_begin(struct ter_block_tracing *tracing,
                                        const struct ter_tracer *tracer)
{
    tracing->heads = tracer->arena->side.tables[TER_SIDE_BLOCK].bias;
}

/*
 * A word that lies in a block. A cell that is no object has its mark set already (see
 * block_sweep.c), and so has every granule that no cell begins at: an exact word that is wrong
 * marks nothing, if what does not begin a granule is dropped before.
 */
TER_INLINE uintptr_t ter_block_trace(struct ter_scanning *scanning,
                                     const struct ter_block_tracing *tracing, uintptr_t word,
                                     enum ter_word_form form, enum ter_marking marking)
{
    const struct ter_block_head *head = ter_side_record_at(
        tracing->heads, word, TER_SIDE_LOG_REGION_BLOCK, TER_SIDE_LOG_BITS_BLOCK);
    uintptr_t object = form == TER_WORD_EXACT ? word : ter_block_cell_of(head, word);

    if (form == TER_WORD_EXACT && !ter_is_aligned(word, TER_BYTES_IN_GRANULE))
        return word;
    if (form == TER_WORD_DISPLACED && !ter_scanning_counts(scanning, word - object))
        return word;
    if (!ter_scanning_mark(scanning, object, marking))
        return word;
    if (head->scan != TER_SCAN_NONE)
        ter_scanning_enqueue(scanning, object, head->cell_bytes, head->kind);
    return word;
}
