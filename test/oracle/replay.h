/* SPDX-License-Identifier: MIT */
/* A run as a text file: its settings, and one line for each operation. */
#pragma once

#include "run.h"

/* False, with a line on standard error, when it cannot be written. */
bool replay_write(const struct run *run, const char *path);
/* NULL, with a line on standard error, when it cannot be read. */
struct run *replay_read(const char *path);
