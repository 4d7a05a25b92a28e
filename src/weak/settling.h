/* SPDX-License-Identifier: MIT */
/* Settling ephemerons by key. */
#pragma once

#include "weak/ephemeron_state.h"

/*
 * Reaches values whose keys are reached, until nothing more is. The tracer has nothing left. False:
 * there was no memory, and the tracer may have something left.
 */
bool ter_settle_by_key(const struct ter_settling *settling);
