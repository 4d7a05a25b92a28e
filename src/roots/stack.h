/* SPDX-License-Identifier: MIT */
/*
 * Roots on stacks.
 *
 * Reading memory that belongs to somebody else's frames is what a conservative scan is; the one
 * function here that does it is kept out of the sanitizers' sight.
 */
#pragma once

#include "roots/ranges.h"

/*
 * Calls `function` with the callee-saved registers of the caller on the stack, and an address below
 * which there is nothing of the caller's. A collector that scans from there up sees all of the
 * mutator and none of its own frames, in which old references may lie.
 */
typedef void ter_stack_function(void *context, uintptr_t stack_pointer);
void ter_stack_call(ter_stack_function *function, void *context);

/* Copies `count` words from memory of any origin. */
void ter_roots_read_words(const uintptr_t *from, uintptr_t *to, size_t count);
