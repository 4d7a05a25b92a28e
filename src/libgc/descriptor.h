/* SPDX-License-Identifier: MIT */
/*
 * Mark descriptors: words whose low two bits are a tag, as gc_mark.h defines them. 0: a length in
 * bytes; 1: a bitmap from the top bit down; 2: a procedure with an argument; 3: where in the object
 * the descriptor lies.
 */
#pragma once

#include "libgc/state.h"

#define DESCRIPTOR_TAG_BITS 2u
#define DESCRIPTOR_TAG_MASK 3u
#define DESCRIPTOR_LENGTH 0u
#define DESCRIPTOR_BITMAP 1u
#define DESCRIPTOR_PROCEDURE 2u
#define DESCRIPTOR_PER_OBJECT 3u
#define DESCRIPTOR_LOG_PROCEDURES 6u
#define DESCRIPTOR_INDIRECT_BIAS 0x10

/* Traces what the descriptor says of the object. During a collection. */
void ter_libgc_trace_descriptor(struct ter_trace *trace, uintptr_t object, GC_word descriptor);
/* Puts a mark procedure at a reserved index. */
void ter_libgc_set_procedure(unsigned index, GC_mark_proc procedure);
