/* SPDX-License-Identifier: MIT */
/*
 * Finalizers of kinds: every object of such a kind has one, without being registered. A collection
 * that finds one unreached registers it then, with all others of its time, and what follows is as
 * for any finalizer. With the world stopped, under the heap lock.
 *
 * Invariant: an object that was registered so is in the table `had_finalizer` until it goes: it
 * never is again.
 */
#pragma once

#include "cycle/collector.h"

/* After marking, before finalizers are processed. Walks through the heap if there is such a kind.
 */
void ter_kind_finalizers_find(struct ter_collector *collector, const struct ter_reach *reach);
/* Registers those of all objects that have not had theirs. TER_ERROR_NO_MEMORY: not of all. */
ter_status ter_kind_finalizers_register_all(struct ter_collector *collector);
/* When all is reached: what goes is forgotten, the others are known by where they are now. */
void ter_kind_finalizers_follow(struct ter_collector *collector, const struct ter_reach *reach);
