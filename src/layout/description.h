/* SPDX-License-Identifier: MIT */
/*
 * Layouts as people write them: NAME, or NAME:FIELD=VALUE:FIELD=VALUE... which changes fields of
 * that layout. Colons, because commas stand between options.
 *
 * Invariant: what was read is valid; where it is not, the message names the rule.
 * Any thread; no lock, no memory.
 */
#pragma once

#include "layout/heap_layout.h"

/*
 * Reads `text[0..length)`. NAME is auto, custom, or a preset; custom begins as the preset small, on
 * 32 bits as 32bit. False leaves `layout` as it was and writes a sentence of at most
 * `message_bytes` bytes into `message` (may be NULL with 0).
 */
bool ter_layout_read(const char *text, size_t length, struct ter_layout *layout, char *message,
                     size_t message_bytes);
