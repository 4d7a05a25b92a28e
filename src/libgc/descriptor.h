/* SPDX-License-Identifier: MIT */
/* Mark descriptors, as gc_mark.h defines their bits. */
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
