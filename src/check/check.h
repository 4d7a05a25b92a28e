/* SPDX-License-Identifier: MIT */
/*
 * Floor `check`: finds mistakes of an embedder, when the options ask for it. A ledger of objects, a
 * walk through the heap that is not the collector's, and poison for memory that objects left.
 */
#pragma once

#include "check/ledger.h"
#include "check/checking.h"
#include "check/seen.h"
#include "check/describe.h"
#include "check/told.h"
#include "check/frames.h"
#include "check/walk.h"
#include "check/poison.h"
#include "check/unreported.h"
#include "check/phases.h"
