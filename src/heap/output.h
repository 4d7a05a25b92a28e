/* SPDX-License-Identifier: MIT */
/* Files that options name, for what a heap writes: reports and maps. */
#pragma once

#include "base/base.h"

typedef ter_status ter_output_function(void *context, int file);

/*
 * Calls `write` with the file of that name, in which %p is the process id, or with standard error
 * if it is empty. What is there stays, and `write` adds to it. A failure is said in the log; `what`
 * was to be written.
 */
void ter_output_to(const char *pattern, const char *what, ter_output_function *write,
                   void *context);
