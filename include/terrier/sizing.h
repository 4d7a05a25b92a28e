/* SPDX-License-Identifier: MIT */
/*
 * How much memory the heaps of the process should have together.
 *
 * Threads: any, with and without a mutator; no call here is a safepoint.
 */
#ifndef TERRIER_SIZING_H
#define TERRIER_SIZING_H

#include <stdint.h>

#include <terrier/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** For ter_soft_limit_set: as far as the control groups of the process allow, if they do not allow
 * everything. So it is at first. */
#define TER_SOFT_LIMIT_AUTO UINT64_C(0)
/** No limit, whatever control groups say. */
#define TER_SOFT_LIMIT_NONE UINT64_MAX

/**
 * From now on all heaps of the process should have at most so many bytes of the system's memory
 * together, in use and idle (ter_heaps_bytes), or what control groups allow, if that is less. Also
 * the option soft_limit; what was said last holds.
 *
 * The limit is soft. A heap that comes to it is collected earlier than its own rule says, copies
 * less, and shares with others by how much lives and how fast it allocates; but rather than that
 * collections take more than half of the processor time, and where what lives does not fit, the
 * limit gives way. An allocation fails only at the option heap_max, or when the system has no more.
 * What heaps have already stays until they collect.
 *
 * Limits of control groups (version 2: memory.high, memory.max, of the group and of all that it
 * lies in) are read here, when heaps come to have some MiB, and from then on at collections and
 * where a heap grows, once a second at most.
 * Of them the heaps get what is left below nine tenths of the limit, beside all else that is used
 * in the group.
 */
TER_API void ter_soft_limit_set(uint64_t bytes);

/** The limit that holds, in bytes: the smaller of the program's and the control groups';
 * TER_SOFT_LIMIT_NONE if there is none. */
TER_API uint64_t ter_soft_limit(void);

/** Bytes of the system's memory that objects of all heaps of the process have now, in use and idle:
 * without the heaps' own tables, which are some hundredths of that. */
TER_API uint64_t ter_heaps_bytes(void);

#ifdef __cplusplus
}
#endif
#endif
