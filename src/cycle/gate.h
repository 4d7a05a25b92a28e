/* SPDX-License-Identifier: MIT */
/* The gate of the allocator: admits memory, collects when that is due, or lets the heap grow. */
#pragma once

#include "cycle/collector.h"

void ter_gate_init(struct ter_collector *collector);
