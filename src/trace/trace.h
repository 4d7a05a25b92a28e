/* SPDX-License-Identifier: MIT */
/*
 * Floor `trace`: what was reached and not yet scanned, and who scans it. The loop itself is a
 * template, trace/loop.h, which plans include by that name.
 */
#pragma once

#include "trace/mark_stack.h"
#include "trace/packets.h"
#include "trace/tracer.h"
#include "trace/scan.h"
#include "trace/pace.h"
#include "trace/worker_threads.h"
#include "trace/workers.h"
