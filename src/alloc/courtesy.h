/* SPDX-License-Identifier: MIT */
/*
 * Stopping all mutators for somebody outside, without harm to a program that expects nothing of the
 * kind: its threads may block the signal for ever, or never come to a safepoint.
 *
 * Invariant: who is courteous sends no signal to a thread that blocks it, waits at most for
 * TER_COURTESY_MS until all stand, and lets all go on if one does not. All under the heap lock,
 * which is let go while a heap with safepoints is waited for.
 */
#pragma once

#include "alloc/mutator.h"

#define TER_COURTESY_MS 1000u
/* With safepoints those that have come to one stand meanwhile: a short time, and often. */
#define TER_COURTESY_GATHER_MS 20u

/* X(identifier, what the thread does, in words) */
#define TER_OBSTACLES(X)                                                                           \
    X(NONE, "is no obstacle")                                                                      \
    X(MISSING, "has to come to a safepoint, or to allocate")                                       \
    X(BLOCKS, "blocks the signal that would stop it")                                              \
    X(HALTED, "is kept from running by a debugger or the system")                                  \
    X(SILENT, "does not answer the signal that would stop it")                                     \
    X(ROAMS, "is the heap's only one, and has to allocate")                                        \
    X(BUSY, "is collecting, or in a callback of the heap")                                         \
    X(NOBODY, "has to use the heap first")

#define TER_OBSTACLE_ENUM(identifier, words) TER_OBSTACLE_##identifier,
enum ter_obstacle_kind { TER_OBSTACLES(TER_OBSTACLE_ENUM) TER_OBSTACLE_COUNT };
#undef TER_OBSTACLE_ENUM

/* What keeps all from standing. */
struct ter_obstacle {
    enum ter_obstacle_kind kind;
    unsigned thread; /* the kernel's number; 0: none in particular */
    char name[32];   /* what the system calls it */
};

const char *ter_obstacle_words(enum ter_obstacle_kind kind);

/*
 * Would all mutators but the caller's come to stand now? False: *obstacle says who would not. With
 * safepoints they stood for a moment, and those that have not gone on since stand still. `is_ours`:
 * the caller is a thread of ours, not one of the program's.
 */
bool ter_world_would_stop(struct ter_allocator *allocator, bool is_ours,
                          struct ter_obstacle *obstacle);

/*
 * Until it is ended, ter_world_stop fails, rather than waiting longer or ending the process. The
 * end says whether it did: false, and who did not stand.
 */
void ter_world_begin_courtesy(struct ter_allocator *allocator);
bool ter_world_end_courtesy(struct ter_allocator *allocator, struct ter_obstacle *obstacle);
