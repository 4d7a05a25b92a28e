/* SPDX-License-Identifier: MIT */
/*
 * Waiting times of a process without memory (Poisson's), without the library of mathematics.
 *
 * Pure but for the generator; any thread. Relative errors are below 10^-9.
 */
#pragma once

#include "base/random.h"

/* How long it takes until the next event, where one comes in each unit on average. */
double ter_exponential(struct ter_random *random);
/* The chance that one comes within `time` (>= 0): 1 - exp(-time). */
double ter_exponential_chance(double time);
