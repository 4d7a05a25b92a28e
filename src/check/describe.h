/* SPDX-License-Identifier: MIT */
/* Sentences about objects and words, for the lines with which a check stops. */
#pragma once

#include "check/checking.h"

/* Room for what one of these writes, with its zero. */
#define TER_CHECK_TEXT 400u

/* "object 0x7f.. (kind "pair", the 17th, from main+0x20)", for one that is or was there. */
void ter_check_describe(const struct ter_checking *checking, uintptr_t object, char *text,
                        size_t size);
/* Where an object was allocated: ", allocated by main+0x20 (program+0x1234)". */
void ter_check_add_site(struct ter_text *text, uintptr_t site);
/*
 * What a word is that should be the address of an object and is not, and which call would have been
 * right: a part of a sentence that begins with a verb.
 */
void ter_check_explain(const struct ter_checking *checking, uintptr_t word, char *text,
                       size_t size);
