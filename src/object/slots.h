/* SPDX-License-Identifier: MIT */
/*
 * Going through the slots of one part of an object. One loop serves lists and bitmaps, so that what
 * is done with a slot is compiled once.
 */
#pragma once

#include <terrier/object.h>

#include "base/base.h"

struct ter_slot_cursor {
    const struct ter_slots *slots;
    size_t next;   /* in the list */
    uint64_t bits; /* of the bitmap that are left */
};

TER_INLINE struct ter_slot_cursor ter_slot_cursor_at(const struct ter_slots *slots)
{
    return (struct ter_slot_cursor){slots, 0, slots->bitmap};
}

/* The next slot's offset in its part; false: there is none. */
TER_INLINE bool ter_slot_cursor_next(struct ter_slot_cursor *cursor, size_t *offset)
{
    if (cursor->slots->offsets != NULL) {
        if (cursor->next == cursor->slots->count)
            return false;
        *offset = cursor->slots->offsets[cursor->next++];
        return true;
    }
    if (cursor->bits == 0)
        return false;
    *offset = ter_count_trailing_zeros(cursor->bits) * sizeof(uintptr_t);
    cursor->bits &= cursor->bits - 1;
    return true;
}
