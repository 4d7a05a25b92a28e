/* SPDX-License-Identifier: MIT */
/*
 * Weak words: what they name is not kept by them, and when it goes they become 0.
 *
 * Threads: any thread that is bound to the heap. No call here is a safepoint.
 */
#ifndef TERRIER_WEAK_H
#define TERRIER_WEAK_H

#include <terrier/api.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;

/**
 * `word` holds the address of `object`, and is not itself scanned: it lies in an object of a kind
 * without references, or in memory of the program that is no root. When a collection finds the
 * object unreachable it writes 0 there, before finalizers run. When `word` lies in an object that
 * dies, the heap forgets it; memory of the program has to stay until ter_weak_remove. A word that
 * was added before names the new object now. TER_ERROR_INVALID: `object` is no object of the heap,
 * or `word` not aligned to a word. TER_ERROR_NO_MEMORY.
 */
TER_API ter_status ter_weak_add(struct ter_heap *heap, void **word, void *object);

/** The word is the program's alone again, and stays as it is. TER_ERROR_INVALID: it was not added.
 */
TER_API ter_status ter_weak_remove(struct ter_heap *heap, void **word);

#ifdef __cplusplus
}
#endif
#endif
