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

/* A word that lies in the space's range. */
TER_INLINE void ter_slide_trace(struct ter_scanning *scanning,
                                const struct ter_copy_tracing *tracing, uintptr_t word,
                                enum ter_word_form form, enum ter_marking marking)
{
    if (form != TER_WORD_EXACT)
        ter_slide_trace_ambiguous(scanning, tracing, word, form, marking);
    else if (ter_is_aligned(word, TER_BYTES_IN_GRANULE))
        ter_copy_mark(scanning, tracing, ter_copy_block_at(tracing, word), word, marking);
}
