/* SPDX-License-Identifier: MIT */
/*
 * Stacks of samples for people, frame by frame.
 *
 * Invariant: it is a copy, made under the heap lock and asked without: the names of code are the
 * loader's.
 */
#pragma once

#include "see/code_names.h"
#include "see/samples.h"

struct ter_stack_text {
    struct ter_interned stacks, frames, texts;
    struct ter_code_names names;
    bool is_named;
};

/* False: no memory, and there is nothing to close. */
bool ter_stack_text_copy(struct ter_stack_text *text, const struct ter_samples *samples);
/* Without the lock, before the first question. */
void ter_stack_text_name(struct ter_stack_text *text);
void ter_stack_text_close(struct ter_stack_text *text);

/* The kind of the objects of a stack. */
unsigned ter_stack_text_kind(const struct ter_stack_text *text, size_t stack);
/* Calls `write` with each frame of the stack, the innermost first: a function with the place where
 * it is, escaped; and a line that says how many more there are. */
void ter_stack_text_each(const struct ter_stack_text *text, size_t stack,
                         void (*write)(void *context, const char *line), void *context);
