/* SPDX-License-Identifier: MIT */
/*
 * Runs in children of this process, which has no heap and no threads itself, so that a run may end
 * in any way.
 */
#pragma once

#include "run.h"

/*
 * Plays the run in a child. True when it came to its end; else `message` says what happened. A
 * quiet one writes nothing to standard error.
 */
bool supervise(struct run *run, bool quiet);

/*
 * Leaves out operations of a failed run as long as what is left still fails, and for at most so
 * many seconds. The run is then the short one, with its message.
 */
void supervise_shrink(struct run *run, unsigned seconds);
