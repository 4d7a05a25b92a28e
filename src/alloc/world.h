/* SPDX-License-Identifier: MIT */
/*
 * Stopping the world: all mutators of a heap but the caller's.
 *
 * Invariant: between stop and resume, under the heap lock, every mutator is the caller's, outside
 * the heap, or stopped by a signal; the first two have no runs, the last keep theirs. In a heap
 * with safepoints all are outside by then (ter_safepoints_gather), and no signal is sent. Guests,
 * which are outside, stand too if they answer. A thread that has ended has no mutator any more. One
 * that is to be stopped and does not answer ends the process with a line that names it, after 15 s.
 */
#pragma once

#include "alloc/mutator.h"

/* Stops the others and takes the runs of those that allow it. May fail before anything changed. */
ter_status ter_world_stop(struct ter_allocator *allocator);
void ter_world_resume(struct ter_allocator *allocator);
/* In the child of a fork that the caller made in between: those that stood are not there to go on.
 */
void ter_world_forget_stopped(struct ter_allocator *allocator);

/*
 * From now on no mutator is alone (freeing.h): before a second one joins the heap. Where the system
 * has no barrier for all threads, those that there are stand for a moment. May fail; they are not
 * alone then all the same.
 */
ter_status ter_world_share(struct ter_allocator *allocator);

/* Marks what the stopped ones keep for themselves. */
void ter_world_mark_cell_runs(const struct ter_allocator *allocator,
                              const struct ter_side_table *marks);

/* Visits the stacks of all mutators, the caller's from `own_end` up. */
void ter_world_visit_stacks(const struct ter_allocator *allocator, uintptr_t own_end,
                            ter_root_visitor *visitor, void *context);
/* What the program reports of its mutators, slot by slot: frames, and what their visitors say. */
void ter_world_visit_frames(const struct ter_allocator *allocator, struct ter_root_visit *visit);
void ter_world_call_visitors(const struct ter_allocator *allocator, struct ter_root_visit *visit);
/* Visits their thread-local data, those of `modules` too. */
void ter_world_visit_thread_data(const struct ter_allocator *allocator,
                                 const struct ter_module_list *modules, ter_root_visitor *visitor,
                                 void *context);

/* Sum of the sizes of the stacks, as they were when last visited. */
size_t ter_world_stack_bytes(const struct ter_allocator *allocator);
