/* SPDX-License-Identifier: MIT */
/*
 * The part of a mutator that inline code reads and writes. It lies at the mutator's address, so a
 * pointer to a mutator points to it. What lies where is a promise to code generators;
 * TER_ABI_VERSION counts its changes.
 */
#ifndef TERRIER_MUTATOR_H
#define TERRIER_MUTATOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Grows when anything that inline code relies on changes. */
#define TER_ABI_VERSION 1u

struct ter_frame;

/** The first words of every mutator. */
struct ter_mutator_head {
    uintptr_t poll;           /**< 0: go on; else a safepoint is wanted. Others write it */
    struct ter_frame *frames; /**< innermost frame of exact roots; NULL: none. Its thread's own */
    uintptr_t barrier;        /**< 0: stores need nothing first. Stays as it is in a collection */
};

#ifdef __cplusplus
}
#endif
#endif
