/* SPDX-License-Identifier: MIT */
/* Tells the program of an event in a collection, under the lock: once, or once a stopped thread. */
#pragma once

#include "libgc/state.h"

void ter_libgc_event(enum GC_EventType event);
void ter_libgc_thread_events(enum GC_EventType event);
