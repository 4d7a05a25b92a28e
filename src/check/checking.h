/* SPDX-License-Identifier: MIT */
/* What a heap that is checked has. */
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
