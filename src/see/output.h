/* SPDX-License-Identifier: MIT */
/* Files that options name, for what a heap writes: reports, maps, timelines, dumps. */
#pragma once

#include <terrier/options.h>

#include "os/os.h"

/* Room for the name of a file that an option has, with a number of 32 bits at each %p. */
#define TER_OUTPUT_PATH_BYTES ((size_t)TER_OPTION_TEXT_BYTES * 5)
/* And with a folder before it. */
#define TER_OUTPUT_ABSOLUTE_BYTES (TER_OUTPUT_PATH_BYTES + 4096)

typedef ter_status ter_output_function(void *context, int file);

/* Puts the process id for each %p. */
void ter_output_expand(const char *pattern, char *path, size_t size);

/* The same name from any folder; false, with errno: this one has no name. */
bool ter_output_make_absolute(const char *pattern, char *path, size_t size);

/*
 * Calls `write` with the file of that name, in which %p is the process id, or with standard error
 * if it is empty. What is there stays, and `write` adds to it. A failure is said in the log; `what`
 * was to be written.
 */
void ter_output_to(const char *pattern, const char *what, ter_output_function *write,
                   void *context);
