/* SPDX-License-Identifier: MIT */
/*
 * fork(2): the child has the heaps and one thread. Before a fork every heap's lock is taken, so the
 * child gets them between two changes; there, the mutators of threads that did not come along end.
 */
#pragma once

/* Registers the handlers; further calls do nothing. */
void ter_fork_prepare_once(void);
