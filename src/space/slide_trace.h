/* SPDX-License-Identifier: MIT */
/*
 * Tracing where objects slide when all is marked, for loops: exact words mark, and what ambiguous
 * ones lead to stays. Nothing moves meanwhile.
 */
#pragma once

#include "space/copy_trace.h"
#include "trace/trace.h"

/* An ambiguous word: what it leads to is marked, and stays where it is. */
void ter_slide_trace_ambiguous(struct ter_scanning *scanning,
                               const struct ter_copy_tracing *tracing, uintptr_t word,
                               enum ter_word_form form, enum ter_marking marking);

/* What is new waits in the queue while it is prefetched: no loop that moves nothing has seen it. */
TER_INLINE void ter_slide_mark(struct ter_scanning *scanning,
                               const struct ter_copy_tracing *tracing, uintptr_t object,
                               enum ter_marking marking)
{
    const struct ter_copy_block *block = ter_copy_block_at(tracing, object);

    if (ter_copy_is_here(tracing, object, marking) &&
        ter_scanning_mark(scanning, object, marking) && block->scan != TER_SCAN_NONE)
        ter_scanning_enqueue(scanning, object, ter_copy_bytes_at(scanning, tracing, object),
                             block->kind);
}

/* A word that lies in the space's range. */
TER_INLINE void ter_slide_trace(struct ter_scanning *scanning,
                                const struct ter_copy_tracing *tracing, uintptr_t word,
                                enum ter_word_form form, enum ter_marking marking)
{
    if (form != TER_WORD_EXACT)
        ter_slide_trace_ambiguous(scanning, tracing, word, form, marking);
    else if (ter_is_aligned(word, TER_BYTES_IN_GRANULE))
        ter_slide_mark(scanning, tracing, word, marking);
}
