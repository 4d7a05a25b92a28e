/* SPDX-License-Identifier: MIT */
/* Messages of the library itself; those of the interface are in abi.h. Any thread, any time. */
#pragma once

#include "libgc/state.h"

/* Sends a message of the form "GC Warning: ..." with one number where it says %lu. */
TER_COLD void ter_libgc_warn(const char *message, GC_word argument);

/* From now on GC_on_abort is called before the program stops for good. */
void ter_libgc_take_last_words(void);
