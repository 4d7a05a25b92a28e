/* SPDX-License-Identifier: MIT */
/* The soft limit of the process, as options and the public interface name it. */
#pragma once

#include <terrier/options.h>
#include <terrier/sizing.h>

#include "base/base.h"

/*
 * Reads what the option soft_limit may be: nothing (*automatic, 0 bytes), "auto", "none" (neither),
 * or a size that is not 0, beside which limits of control groups count as well.
 */
bool ter_soft_limit_parse(const char *text, size_t length, uint64_t *bytes, bool *automatic);

/* What the options of a heap say of the process; nothing changes if that is nothing. */
void ter_heap_read_soft_limit(const struct ter_options *options);
