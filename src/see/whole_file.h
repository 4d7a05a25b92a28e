/* SPDX-License-Identifier: MIT */
/*
 * Files that are there when they are whole.
 *
 * Invariant: a file gets its name when it is written, and no part of one is left; what is no plain
 * file (a pipe, a terminal) is written to as it is.
 */
#pragma once

#include "see/output.h"

/* Calls `write` with a file that will have that name. A failure is said in the log; `what` was to
 * be written. The thread is not cancelled meanwhile, and errno is as it was. */
void ter_whole_file(const char *path, const char *what, ter_output_function *write, void *context);
