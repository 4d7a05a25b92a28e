/* SPDX-License-Identifier: MIT */
/*
 * Going through the slots of one part of an object, and reading them. One loop serves lists and
 * bitmaps, so that what is done with a slot is compiled once. Where `form` is a constant, only what
 * it needs is compiled.
 */
#pragma once

#include <terrier/object.h>

#include "object/kind.h"

struct ter_slot_cursor {
    const struct ter_slots *slots;
    size_t next;   /* in the list */
    uint64_t bits; /* of the bitmap that are left */
};

TER_INLINE struct ter_slot_cursor ter_slot_cursor_at(const struct ter_slots *slots)
{
    return (struct ter_slot_cursor){slots, 0, slots->bitmap};
}

/* The next slot's offset in its part; false: there is none. `unit`: bytes of a slot. */
TER_INLINE bool ter_slot_cursor_next(struct ter_slot_cursor *cursor, size_t unit, size_t *offset)
{
    if (cursor->slots->offsets != NULL) {
        if (cursor->next == cursor->slots->count)
            return false;
        *offset = cursor->slots->offsets[cursor->next++];
        return true;
    }
    if (cursor->bits == 0)
        return false;
    *offset = ter_count_trailing_zeros(cursor->bits) * unit;
    cursor->bits &= cursor->bits - 1;
    return true;
}

TER_INLINE size_t ter_slot_form_bytes(enum ter_slot_form form)
{
    return form == TER_SLOTS_OFFSET32 ? sizeof(uint32_t) : sizeof(uintptr_t);
}

/* What object `word`, the contents of a slot, refers to; 0 for none. */
TER_INLINE uintptr_t ter_slot_decode(const struct ter_slot_reading *how, enum ter_slot_form form,
                                     uintptr_t word)
{
    switch (form) {
    case TER_SLOTS_TAGGED:
        return (how->references >> (word & how->mask) & 1) != 0 ? word & ~(uintptr_t)how->mask : 0;
    case TER_SLOTS_OFFSET32: return word == 0 ? 0 : how->base + (word << how->shift);
    default: return word;
    }
}

TER_INLINE uintptr_t ter_slot_contents(enum ter_slot_form form, uintptr_t address)
{
    if (form == TER_SLOTS_OFFSET32)
        return *(const uint32_t *)address;
    return *(const uintptr_t *)address;
}

/* The object that the slot at `address` refers to; 0 for none. */
TER_INLINE uintptr_t ter_slot_read(const struct ter_slot_reading *how, enum ter_slot_form form,
                                   uintptr_t address)
{
    return ter_slot_decode(how, form, ter_slot_contents(form, address));
}

/* From now on the slot, which refers to an object, refers to `object`; a tag stays as it is. */
TER_INLINE void ter_slot_move(const struct ter_slot_reading *how, enum ter_slot_form form,
                              uintptr_t address, uintptr_t object)
{
    if (form == TER_SLOTS_OFFSET32)
        *(uint32_t *)address = (uint32_t)((object - how->base) >> how->shift);
    else if (form == TER_SLOTS_TAGGED)
        *(uintptr_t *)address = object | (*(const uintptr_t *)address & how->mask);
    else
        *(uintptr_t *)address = object;
}
