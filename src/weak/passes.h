/* SPDX-License-Identifier: MIT */
/*
 * Passes over a table of weak things: through all records, or, where young objects are collected by
 * themselves, through those that are recent. All keys are even.
 *
 * Invariant: each record is met once, but that a sift may ask for one twice. `recent` asks for no
 * more than those; a table that is not watched gives all.
 */
#pragma once

#include "weak/table.h"

typedef void ter_weak_record_step(void *record, void *context);
typedef bool ter_weak_record_test(void *record, void *context);

/* No insertion or removal in between. */
void ter_weak_table_walk(struct ter_weak_table *table, bool recent, ter_weak_record_step *step,
                         void *context);
/* Takes out the records that the test says. */
void ter_weak_table_sift(struct ter_weak_table *table, bool recent, ter_weak_record_test *goes,
                         void *context);
/* Each record gets the key that `now_at` says for its own, which no other record gets. Needs no
 * memory. */
void ter_weak_table_rekey(struct ter_weak_table *table, bool recent,
                          uintptr_t (*now_at)(void *context, uintptr_t key), void *context);
