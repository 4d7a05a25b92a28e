/* SPDX-License-Identifier: MIT */
/* Answers of records that have nothing to say: no, and no object. */
#pragma once

#include <terrier/sft.h>

#include "base/base.h"

TER_INLINE bool ter_sft_answer_no(const struct ter_sft *space, ter_object object)
{
    (void)space, (void)object;
    return false;
}

/* Of find_object and find_object_from_interior. */
TER_INLINE ter_object ter_sft_find_none(const struct ter_sft *space, uintptr_t word)
{
    (void)space, (void)word;
    return ter_object_none();
}

/* Of forwarded_object. */
TER_INLINE ter_object ter_sft_forwarded_none(const struct ter_sft *space, ter_object object)
{
    (void)space, (void)object;
    return ter_object_none();
}
