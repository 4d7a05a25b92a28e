/* SPDX-License-Identifier: MIT */
/*
 * A text put together in a buffer of a caller, which may be too small, or none (NULL with 0).
 *
 * Invariant: the buffer, if there is one, ends with a zero; `length` is that of the whole text,
 * whether it fitted or not. A name is cut between characters, never inside of one or of what stands
 * for it.
 */
#pragma once

#include "base/compiler.h"
#include "base/escape.h"

struct ter_text {
    char *at;      /* where the next piece goes */
    size_t left;   /* room for it and a zero; 0: no more is written */
    size_t length; /* of all */
};

void ter_text_init(struct ter_text *text, char *buffer, size_t size);
TER_PRINTF(2, 3) void ter_text_print(struct ter_text *text, const char *format, ...);
/* A name as escape.h says. */
void ter_text_add_name(struct ter_text *text, const char *name);
