/* SPDX-License-Identifier: MIT */
/* What a recording (see/recording.h) has of the heap beside events. */
#pragma once

#include "base/base.h"

struct ter_heap;

/* If the options ask for one; false: there is none. */
bool ter_heap_begin_recording(struct ter_heap *heap);
