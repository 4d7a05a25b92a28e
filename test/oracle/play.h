/* SPDX-License-Identifier: MIT */
/*
 * Plays a run in this process, which is a child made for it: a failure ends it (run_fail), and so
 * may a fault of the heap.
 */
#pragma once

#include "run.h"

void play(struct run *run);
