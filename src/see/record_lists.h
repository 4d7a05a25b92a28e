/* SPDX-License-Identifier: MIT */
/*
 * The lists of a recording (recording.h): what is added to them, and how they become thinner.
 *
 * Invariant: a list never has more records than fit, and at each moment its record of what was done
 * tells a reader which ones are good, so the process may end in the middle. Under the heap lock.
 */
#pragma once

#include <stdbool.h>

#include "base/base.h"
#include "see/recording.h"

/* A moment: sizes that are the same at its start and end. The last record may stand for it too. */
void ter_record_sample(struct ter_recording *recording, const struct ter_recorded_sample *sample,
                       uint32_t *in_last);
/* One collection (`count` is 1); likewise. */
void ter_record_collection(struct ter_recording *recording,
                           const struct ter_recorded_collection *collection, uint32_t *in_last);
/* Counts a pause. */
void ter_record_pause(struct ter_recording *recording, bool young, uint64_t pause_ns);
/* Where the next `count` snapshots, 1 or 2, go; they are there when they are committed. */
struct ter_recorded_snapshot *ter_record_snapshots(struct ter_recording *recording);
void ter_record_commit_snapshots(struct ter_recording *recording, uint32_t count);
