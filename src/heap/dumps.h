/* SPDX-License-Identifier: MIT */
/* Dumps when the options ask for them: at the end, and after a signal. */
#pragma once

#include "base/base.h"

struct ter_heap;
struct ter_ledger;

/* Who allocated objects; NULL where nobody knows. */
const struct ter_ledger *ter_heap_ledger(const struct ter_heap *heap);

/* Reads the options, before the heap is used; an empty or wrong name is said then. */
void ter_heap_begin_dumps(struct ter_heap *heap);
/* At the end of the heap or of the process: the dump that the options ask for, once. */
void ter_heap_write_wanted_dump(struct ter_heap *heap);
/* No signal asks for any more. */
void ter_heap_end_dumps(struct ter_heap *heap);
