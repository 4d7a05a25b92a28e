/* SPDX-License-Identifier: MIT */
/*
 * Texts of JSON put together fast: what is written millions of times.
 *
 * Invariant: each function writes at `at`, where the caller has room, and returns where the next
 * goes. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "base/base.h"

/* A number of 64 bits in decimal digits. */
#define TER_PUT_NUMBER_BYTES ((size_t)20)

char *ter_put_number(char *at, uint64_t number);
/* Nanoseconds as microseconds with three digits behind the point. */
char *ter_put_microseconds(char *at, uint64_t nanoseconds);
/* A name in quotes, escaped; cut so that it takes at most `room` bytes, at least 2 of them. */
char *ter_put_name(char *at, const char *name, size_t room);

TER_INLINE char *ter_put_bytes(char *at, const char *text, size_t bytes)
{
    memcpy(at, text, bytes);
    return at + bytes;
}

/* A text that is constant where it is compiled. */
#define ter_put_literal(at, literal) ter_put_bytes(at, "" literal, sizeof(literal) - 1)
