/* SPDX-License-Identifier: MIT */
/*
 * A profile in the form of pprof (profile.proto):
 * https://github.com/google/pprof/blob/main/proto/profile.proto
 *
 * Invariant: what is written is as the samples were at one moment. Names are asked of the loader
 * later, without the heap lock.
 */
#pragma once

#include "see/samples.h"

struct ter_profile;

/* The samples as they are now. Under the heap lock. To be finished if it is TER_OK. */
ter_status ter_profile_begin(struct ter_profile **profile, const struct ter_samples *samples);
/*
 * Writes it, and gives memory back. Not under the lock. TER_ERROR_SYSTEM, with errno: it cannot be
 * written.
 */
ter_status ter_profile_finish(struct ter_profile *profile, int file);
