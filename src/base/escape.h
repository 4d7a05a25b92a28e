/* SPDX-License-Identifier: MIT */
/*
 * Names from outside (programs, files, values of options, spaces of an embedder) as they may stand
 * in a line for people or in a string of JSON.
 *
 * Invariant: what comes out is UTF-8 and holds no character that ends or turns a line, moves a
 * cursor or changes the direction of writing; so no name looks like a row that it is not. What is
 * harmless comes out as it is.
 *
 *                                            text               JSON
 *   control characters, DEL                  \x0a               \u000a
 *   those of Unicode, directions, U+2028     \u202e             \u202e
 *   bytes that are no UTF-8                  \xff               \ufffd for each wrong sequence
 *   backslash, in JSON also a quote          \\                 \\, \"
 */
#pragma once

#include <stddef.h>

enum ter_escape_form { TER_ESCAPE_TEXT, TER_ESCAPE_JSON };

/* The longest piece with its closing zero. */
#define TER_ESCAPE_BYTES 16

/*
 * Takes the next character from *text and writes what stands for it, with a closing zero; its
 * length. 0 at the end of the text.
 */
size_t ter_escape_next(const char **text, enum ter_escape_form form, char piece[TER_ESCAPE_BYTES]);
