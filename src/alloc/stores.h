/* SPDX-License-Identifier: MIT */
/*
 * What barriers have logged: where the next collection of young objects has to look beside the
 * roots. Which stores those are is the business of the floor above (barrier/log.h).
 *
 * Invariant: a mutator's thread alone writes to its chunk; a full one goes to the heap's list under
 * the mutex, which is held for a moment. With the world stopped all belongs to the collector. When
 * there is no memory for a chunk, `lost` says that the log does not have all.
 */
#pragma once

#include "alloc/allocator.h"

/* In the low bits of an entry. */
enum {
    TER_STORE_SLOT = 0,   /* the address of a plain slot */
    TER_STORE_OBJECT = 1, /* of an object: all that it holds */
    TER_STORE_RANGE = 2,  /* of the first of some plain slots; the next entry is their end */
    TER_STORE_RUN = 3,    /* of the first of some cells, likewise: all that they hold */
    TER_STORE_FORMS = 3,  /* mask */
    /* As a range, of words in an object of ephemerons; the lowest bit of its end tells. */
    TER_STORE_ELEMENTS = 4
};

struct ter_mutator;

typedef void ter_store_visitor(void *context, uintptr_t address, unsigned form, uintptr_t end);
typedef bool ter_store_test(void *context, uintptr_t address, unsigned form);

void ter_stores_init(struct ter_stores *stores);
void ter_stores_fini(struct ter_stores *stores);

/* No thread changes the lists between the two; around a fork, under the heap lock. */
void ter_stores_hold(struct ter_stores *stores);
void ter_stores_let_go(struct ter_stores *stores);
/* Some may be missing, and the next collection is to be of all objects. */
void ter_stores_lose(struct ter_stores *stores);

/* One entry, or two where there is an end. By the mutator's thread. */
void ter_stores_log(struct ter_mutator *mutator, uintptr_t address, unsigned form, uintptr_t end);
/* Objects that are old from the beginning: all that they hold at the next collection. */
void ter_stores_log_born_old(struct ter_mutator *mutator, uintptr_t object);
/* What is left of a run of such cells, which inline code will hand out. */
void ter_stores_log_run(struct ter_mutator *mutator, const struct ter_cell_run *run);
/* What the mutator has goes to the heap's list: it ends, or the world stands. */
void ter_stores_hand_over(struct ter_mutator *mutator);

/* ---- With the world stopped, when all was handed over ---- */

/* What was logged up to now is this collection's, and nothing is logged. */
void ter_stores_take(struct ter_stores *stores);
/* How many words the log of this collection has. */
size_t ter_stores_count_taken(const struct ter_stores *stores);
void ter_stores_visit_taken(const struct ter_stores *stores, ter_store_visitor *visit,
                            void *context);
/* Forgets those of them for which the test says no. */
void ter_stores_sift_taken(struct ter_stores *stores, ter_store_test *stays, void *context);
/* An object to look at in the next collection too. */
void ter_stores_keep(struct ter_stores *stores, uintptr_t object);
void ter_stores_forget_taken(struct ter_stores *stores);
