/* SPDX-License-Identifier: MIT */
/*
 * The types of a reference to an object and of the place where one is kept, apart from the type of
 * an arbitrary word; and how a runtime says where its objects keep references.
 */
#ifndef TERRIER_OBJECT_H
#define TERRIER_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A reference to an object: the address of its first byte, or 0 for none. A word that may or may
 * not refer to an object is a plain `uintptr_t` until a space has said what it is.
 */
typedef struct ter_object {
    uintptr_t bits;
} ter_object;

/** No object. */
static inline ter_object ter_object_none(void)
{
    ter_object none = {0};

    return none;
}

/** The reference with the address `address`, which the caller knows to be an object's. */
static inline ter_object ter_object_at(uintptr_t address)
{
    ter_object object = {address};

    return object;
}

static inline bool ter_object_is_none(ter_object object)
{
    return object.bits == 0;
}

/* ---- Slots ---- */

/**
 * A slot: the address of a word that holds a reference, exactly, or 0 for none. Collectors that
 * move objects write the new reference there. Slots are read and written by the functions below
 * alone.
 */
typedef struct ter_slot {
    uintptr_t address;
} ter_slot;

/** The slot at `address`, which is aligned to a word. */
static inline ter_slot ter_slot_at(uintptr_t address)
{
    ter_slot slot = {address};

    return slot;
}

/** The reference that the slot holds. */
static inline ter_object ter_slot_load(ter_slot slot)
{
    return ter_object_at(*(const uintptr_t *)slot.address);
}

/** From now on the slot holds `object`. */
static inline void ter_slot_store(ter_slot slot, ter_object object)
{
    *(uintptr_t *)slot.address = object.bits;
}

/* ---- Where objects have slots ---- */

/**
 * Which words of a part of an object are slots: a list of offsets, or a bitmap of its first 64
 * words. Words that are no slots are never looked at.
 */
struct ter_slots {
    /** Bytes from the first byte of the part, ascending; NULL: the bitmap says it. */
    const uint32_t *offsets;
    size_t count;    /**< of the offsets; 0 with a bitmap */
    uint64_t bitmap; /**< bit 0 for the first word; 0 with a list */
};

/**
 * How an object is laid out: a header, and then, up to its end, elements that are all alike. An
 * object that ends earlier has only the slots before its end, and only whole elements count. Memory
 * between what was asked for and the end of the object reads zero, and so has no references.
 */
struct ter_object_layout {
    size_t header_bytes; /**< a multiple of a word */
    struct ter_slots header;
    size_t element_bytes; /**< a multiple of a word; 0: there are no elements */
    struct ter_slots element;
};

#ifdef __cplusplus
}
#endif
#endif
