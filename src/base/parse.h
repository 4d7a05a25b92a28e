/* SPDX-License-Identifier: MIT */
/* Reading numbers that people write. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads `text[0..length)` as an unsigned decimal number with an optional binary suffix K, M, G or T
 * (either case). False, with *value untouched, for anything else and for numbers over 64 bits.
 */
bool ter_parse_size(const char *text, size_t length, uint64_t *value);
