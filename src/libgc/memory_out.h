/* SPDX-License-Identifier: MIT */
#pragma once

#include "libgc/state.h"

/* What the program says of memory being out, when an allocation of `bytes` bytes fails. */
TER_COLD void *ter_libgc_out_of_memory(size_t bytes);
