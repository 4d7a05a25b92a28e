/* SPDX-License-Identifier: MIT */
/* Dumps when the options ask for them: at the end, and after a signal. */
#pragma once

#include "see/see.h"

struct ter_heap;

/* Who knows, by the options, who allocated objects. */
struct ter_dump_origins ter_heap_origins(const struct ter_heap *heap);

/* Reads the options, before the heap is used; an empty or wrong name is said then. */
void ter_heap_begin_dumps(struct ter_heap *heap);
/* At the end of the heap or of the process: the dump that the options ask for, once. */
void ter_heap_write_wanted_dump(struct ter_heap *heap);
/* No signal asks for any more. */
void ter_heap_end_dumps(struct ter_heap *heap);
