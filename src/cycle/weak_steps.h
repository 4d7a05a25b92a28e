/* SPDX-License-Identifier: MIT */
/* Weak things in a collection, in the order of Boehm's collector. With the world stopped. */
#pragma once

#include "cycle/collector.h"

/* Was the object, or the one that covers the word, reached? True for what lies outside the heap. */
bool ter_collector_is_reached(const struct ter_collector *collector, uintptr_t object);

/* Of a heap with young objects, at its beginning: what came since a collection is noted. */
void ter_weak_steps_watch(struct ter_collector *collector);
/* Data of finalizers, and what is queued for them. */
void ter_weak_steps_reach(struct ter_collector *collector);
/* Clears links, queues finalizers and keeps what they need. */
void ter_weak_steps_process(struct ter_collector *collector);

/*
 * Of a plan that moves objects when all is reached: before and after that. What was processed knows
 * objects by where they are now.
 */
void ter_weak_steps_before_moving(struct ter_collector *collector);
void ter_weak_steps_after_moving(struct ter_collector *collector);
