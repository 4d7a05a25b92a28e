/* SPDX-License-Identifier: MIT */
#pragma once

#include "libgc/state.h"

/* Reads the environment into options and variables, before the heap is made. */
void ter_libgc_read_environment(struct ter_options *options);
