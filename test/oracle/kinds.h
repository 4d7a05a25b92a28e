/* SPDX-License-Identifier: MIT */
/*
 * The kinds of objects that are tested. One row says all that the oracle knows of a kind: how the
 * heap learns of it, and which words of an object refer to others. A new kind is a new row.
 */
#pragma once

#include <terrier/terrier.h>

#include "run.h"

struct kind {
    const char *name;
    /* The heap's number for it. */
    ter_status (*add)(struct ter_heap *heap, unsigned *number);
    /* Does this word of an object hold a reference? */
    bool (*refers)(size_t word);
    /* The size that an object of about so many bytes can have; NULL: any. */
    size_t (*fit)(size_t bytes);
    bool inner;         /* a reference may lead to any byte; else to the first */
    bool cleared;       /* memory reads zero when it is handed out */
    bool uncollectable; /* there until freed, and a root */
    bool only_slots;    /* its tracer reports slots, so that its objects may move */
    bool ephemerons; /* of the words behind the first two, three are an element: a key, a value */
};

/* What a word that refers does for what it refers to. */
enum word_role { ROLE_KEEPS, ROLE_KEY, ROLE_VALUE };

/* From a key to its value. */
#define WORDS_TO_VALUE 2u

extern const struct kind kinds[];
extern const unsigned kind_count;

/* The size that is asked for when such an object of about so many bytes is wanted. */
TER_INLINE size_t kind_bytes(unsigned kind, size_t bytes)
{
    return kinds[kind].fit == NULL ? bytes : kinds[kind].fit(bytes);
}

/* Is the word a slot, which holds a reference or 0 and nothing else? */
TER_INLINE bool kind_has_slot(unsigned kind, size_t word)
{
    return !kinds[kind].inner && kinds[kind].refers(word);
}

TER_INLINE enum word_role kind_role(unsigned kind, size_t word)
{
    if (!kinds[kind].ephemerons || word < 2)
        return ROLE_KEEPS;
    return (word - 2) % 3 == 0 ? ROLE_KEY : ROLE_VALUE;
}
