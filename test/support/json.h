/* SPDX-License-Identifier: MIT */
/* A checker of JSON (RFC 8259), so that reports are what they claim to be. */
#pragma once

#include <stdbool.h>

/* Is all of `text` one value, with white space around it? */
bool test_is_json(const char *text);
