/* SPDX-License-Identifier: MIT */
/*
 * The part of a mutator that inline code reads and writes. It lies at the mutator's address, so a
 * pointer to a mutator points to it. What lies where is a promise to code generators;
 * TER_ABI_VERSION counts its changes.
 */
#ifndef TERRIER_MUTATOR_H
#define TERRIER_MUTATOR_H

#include <stdint.h>

#include <terrier/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Grows when anything that inline code relies on changes. */
#define TER_ABI_VERSION 2u

struct ter_frame;
struct ter_mutator;

/** The first words of every mutator. */
struct ter_mutator_head {
    uintptr_t poll;           /**< 0: go on; else a safepoint is wanted. Others write it */
    struct ter_frame *frames; /**< innermost frame of exact roots; NULL: none. Its thread's own */
    uintptr_t barrier;        /**< 0: stores need nothing first. Stays as it is in a collection */
    /* Else a store needs a call first if its bit is set. Of a slot: bit n % 8 of the byte at
     * slot_log + (n / 8 & log_mask), where n is its address / sizeof(void *). Of a store that is
     * announced for a whole object: likewise in object_log, where n is the object's address / 16.
     * The three never change. */
    uintptr_t slot_log;
    uintptr_t object_log;
    uintptr_t log_mask;
};

/**
 * A run of free cells of one kind and size, from which a mutator allocates. Its thread alone moves
 * the cursor; a collection may change cursor and limit.
 */
struct ter_window {
    uintptr_t cursor; /**< the next object */
    uintptr_t limit;  /**< the cursor gets here exactly: there is none. Both 0 at first */
    uintptr_t bytes;  /**< of a cell; never changes once ter_window has given the window out */
} __attribute__((may_alias));

/** So many windows a kind has; the first 32 are for objects of up to 16, 32, ... 512 bytes. */
#define TER_WINDOWS_OF_KIND 58u

/** The word of a mutator for inline code. */
TER_API_INLINE const struct ter_mutator_head *ter_mutator_head_word(
    const struct ter_mutator *mutator)
{
    return (const struct ter_mutator_head *)(const void *)mutator;
}

/** The windows of kind 0, behind the head; those of other kinds follow in order. */
TER_API_INLINE struct ter_window *ter_mutator_windows(struct ter_mutator *mutator)
{
    return (struct ter_window *)(void *)((struct ter_mutator_head *)(void *)mutator + 1);
}

#ifdef __cplusplus
}
#endif
#endif
