/* SPDX-License-Identifier: MIT */
/*
 * Whether marking together with helpers is worth it, as measured: on a machine whose other
 * processors are busy it is slower than marking alone, and it always takes more processor time.
 *
 * Each way has an estimate of nanoseconds per KiB of live memory, which later collections correct.
 * The better way is taken; the other one is tried again now and then, less often each time that it
 * does not win.
 */
#pragma once

#include "base/base.h"

struct ter_pace {
    uint64_t alone;       /* 1/16 nanoseconds per KiB; 0: never measured */
    uint64_t together;    /* the same */
    unsigned until_trial; /* collections before the worse way is tried again */
    unsigned trial_interval;
    bool is_together; /* of the collection under way */
    bool is_chosen;
};

/* Before marking: true to ask helpers. */
bool ter_pace_choose(struct ter_pace *pace);
/* After marking, as chosen: it took so long, and so much is live. */
void ter_pace_learn(struct ter_pace *pace, uint64_t nanoseconds, size_t live_bytes);
