/* SPDX-License-Identifier: MIT */
/*
 * Roots on stacks.
 *
 * Reading memory that belongs to somebody else's frames is what a conservative scan is; the one
 * function here that does it is kept out of the sanitizers' sight.
 */
#pragma once

#include "roots/ranges.h"

/* Visits this thread's stack up to `base`, with the callee-saved registers spilled below it. */
void ter_stack_visit_current(uintptr_t base, ter_root_visitor *visitor, void *context);

/* Copies `count` words from memory of any origin. */
void ter_roots_read_words(const uintptr_t *from, uintptr_t *to, size_t count);
