/* SPDX-License-Identifier: MIT */
/* What the heap asks when it takes a sample for a profile: which functions run. */
#ifndef lprofile_h
#define lprofile_h

#include "lheap.h"

/* A ter_frames_function; the context is a struct lheap_home. */
LUAI_FUNC size_t lprofile_frames(void *context, struct ter_mutator *mutator,
                                 struct ter_profile_frame *frames, size_t room);

#endif
