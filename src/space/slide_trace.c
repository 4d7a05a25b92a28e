/* SPDX-License-Identifier: MIT */
/* Tracing where objects slide: what the loop calls seldom. By any worker. */
#include "space/space.h"

TER_NOINLINE void ter_slide_trace_ambiguous(struct ter_scanning *scanning,
                                            const struct ter_copy_tracing *tracing, uintptr_t word,
                                            enum ter_word_form form, enum ter_marking marking)
{
    const struct ter_space *space = ter_space_of(ter_sft_map_get(&scanning->map, word));
    struct ter_copy_block *block = ter_copy_block_of(space->arena, word);
    uintptr_t object;

    if (block->state == TER_COPY_FREE)
        return;
    object = ter_copy_piece_of(space, word);
    if (!ter_scanning_refers(scanning, word - object, form) ||
        !ter_bits_test(ter_space_table(space, TER_SIDE_VALID_OBJECT), object))
        return;
    __atomic_store_n(&block->stays, true, __ATOMIC_RELAXED);
    ter_bits_set_shared(ter_space_table(space, TER_SIDE_STAY), object);
    ter_slide_mark(scanning, tracing, object, marking);
}
