/* SPDX-License-Identifier: MIT */
/* Which form of map serves: the one place that says so. */
#include "sft/sft.h"

/*
 * slots  foreign   as in
 * yes    no        64 bits: one entry a space is enough
 * yes    yes       64 bits with malloc'ed memory or the program's own: a byte a chunk there is
 * no     either    compressed references, 32 bits: a word for each chunk of the range
 */
enum ter_sft_map_kind ter_sft_select(bool slots, bool foreign)
{
    if (!slots)
        return TER_SFT_SPARSE_MAP;
    return foreign ? TER_SFT_DENSE_MAP : TER_SFT_SPACE_MAP;
}
