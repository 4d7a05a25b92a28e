/* SPDX-License-Identifier: MIT */
/* The type of a reference to an object, apart from the type of an arbitrary word. */
#ifndef TERRIER_OBJECT_H
#define TERRIER_OBJECT_H

#include <stdbool.h>
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

#ifdef __cplusplus
}
#endif
#endif
