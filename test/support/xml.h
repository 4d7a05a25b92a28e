/* SPDX-License-Identifier: MIT */
/*
 * A checker of the part of XML that pictures use: elements, attributes, text. No declarations,
 * comments, sections or processing instructions.
 */
#pragma once

#include <stdbool.h>

/* Is all of `text` one element, with white space around it? */
bool test_is_xml(const char *text);
