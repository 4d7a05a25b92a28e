/* SPDX-License-Identifier: MIT */
/*
 * What is known of each object: where it came from, and, when it is gone, where to.
 *
 * Invariant: a record's key is an address at which an object is or was; when another object comes
 * to lie there, the record is that one's. The gone are forgotten after some collections. Memory
 * that cannot be had makes the ledger incomplete, never wrong. Under the heap lock.
 */
#pragma once

#include "cycle/cycle.h"

enum ter_fate {
    TER_FATE_ALIVE = 0,
    TER_FATE_COLLECTED, /* a collection did not reach it */
    TER_FATE_FREED,     /* the program freed it */
    TER_FATE_LEFT       /* it has moved elsewhere */
};

struct ter_origin {
    uintptr_t object;    /* the key */
    uintptr_t site;      /* where the call that allocated it returns to; 0: not known */
    uintptr_t number;    /* it was the heap's so-and-so-many-th; 0: not known */
    size_t asked;        /* bytes that were asked for; 0: not known */
    size_t given;        /* bytes that it has */
    uintptr_t now_at;    /* of one that has moved */
    uint32_t collection; /* since which it is gone */
    uint8_t fate;        /* an enum ter_fate */
    uint8_t kind;        /* a row of the heap's kinds */
};

struct ter_ledger {
    struct ter_weak_table table;
    struct ter_weak_table other; /* empty but in a collection */
    uintptr_t count;             /* objects ever */
};

void ter_ledger_init(struct ter_ledger *ledger);
void ter_ledger_fini(struct ter_ledger *ledger);

/* A new object; its record is `origin` but for the number. */
void ter_ledger_add(struct ter_ledger *ledger, const struct ter_origin *origin);
/* NULL: nothing is known of the address. */
const struct ter_origin *ter_ledger_find(const struct ter_ledger *ledger, uintptr_t address);
/* The program frees it. */
void ter_ledger_freed(struct ter_ledger *ledger, uintptr_t object, uint32_t collection);

/* Before a collection: objects that came by other ways, and their sizes. */
void ter_ledger_refresh(struct ter_ledger *ledger, struct ter_collector *collector);
/* When all is reached and nothing is released: what is gone, and what has moved. */
void ter_ledger_follow(struct ter_ledger *ledger, const struct ter_collector *collector,
                       uint32_t collection);
