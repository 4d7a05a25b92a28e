/* SPDX-License-Identifier: MIT */
/*
 * For Valgrind: what is on stacks and in objects need not be defined, and so are marks set after
 * it. From when roots are read until all is marked it says nothing.
 */
#pragma once

#include "cycle/collector.h"

void ter_unchecked_begin(void);
/* Marks are as defined as the collector will ever have them. */
void ter_unchecked_end(const struct ter_collector *collector);
