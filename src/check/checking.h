/* SPDX-License-Identifier: MIT */
/* What a heap that is checked has; and what calls of the program tell it. */
#pragma once

#include "check/ledger.h"

/* Found to be the first byte of an object that is gone, and of one that was never filled. */
#define TER_POISON_GONE 0xdb
#define TER_POISON_NEW 0xcd

struct ter_checking {
    struct ter_collector *collector;
    bool poisons;
    bool sites;          /* the ledger says where objects came from */
    unsigned walks;      /* 0: none; 2: also for words that no visitor reports */
    uintptr_t own_stack; /* in a collection: where the stack of the thread that collects ends */
    struct ter_ledger ledger;
    struct ter_weak_table seen_objects; /* of a walk; empty else */
    struct ter_weak_table seen_slots;
    struct ter_callbacks callbacks;
    /* Does the word lie in another heap? */
    bool (*is_foreign)(const struct ter_collector *collector, uintptr_t word);
};

void ter_checking_init(struct ter_checking *checking, struct ter_collector *collector);
void ter_checking_fini(struct ter_checking *checking);

/* ---- What the program does; without the heap lock ---- */

/* `object`, of `asked` bytes (0: not known), was allocated by a call that returns to `site`. */
void ter_checking_allocated(struct ter_checking *checking, uintptr_t object, unsigned kind,
                            size_t asked, uintptr_t site);
/* It took the place of `before` (0: of none), which is gone. */
void ter_checking_moved(struct ter_checking *checking, uintptr_t before, uintptr_t object,
                        unsigned kind, size_t asked, uintptr_t site);
/* The program frees an object; what is none stops with a line that says more than usual. */
void ter_checking_free(struct ter_checking *checking, uintptr_t object, const char *call);
/* The heap ends: stops when something is still pinned. */
void ter_checking_end(struct ter_checking *checking);
