/* SPDX-License-Identifier: MIT */
/*
 * Whole runs of random object graphs against their shadows, on a heap with the options
 * "name=value,...". Nothing reachable is lost or changed; what is dropped comes back.
 */
#pragma once

#include "shadow.h"

void shadow_run(const char *options, unsigned steps);
/* Every refusal must leave a whole graph; dropping makes room again. */
void shadow_run_in_a_small_heap(const char *options, uint64_t most_bytes);
/* Call number k of the system fails, for every k that there is. */
void shadow_run_with_one_refusal(const char *options, unsigned steps);
/* From call k on, the system gives nothing more; then it does again. */
void shadow_run_with_lasting_refusals(const char *options, unsigned steps);
