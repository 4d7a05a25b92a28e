/* SPDX-License-Identifier: MIT */
/* What objects with ambiguous words lead to, before anything moves. With the world stopped. */
#pragma once

#include "cycle/collector.h"

/*
 * Whatever a word may refer to that lies in an object which pins (ter_kind_pins), dead ones
 * included, does not move in this collection; of young ones, if those are collected. Nothing is
 * reached by that.
 */
void ter_collector_pin_from_objects(struct ter_collector *collector);
/* The same of one that does. */
void ter_collector_pin_from_object(struct ter_collector *collector, uintptr_t object);
