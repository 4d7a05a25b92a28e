/* SPDX-License-Identifier: MIT */
/*
 * Stacks that the program declares, and which of them a mutator is on.
 *
 * Invariant: frames of a stack that nobody is on (switching.h) are in its record. The processor's
 * stack pointer is a matter of its own: the program changes it after a switch. So a stack on which
 * a stack pointer lies is scanned from there, and every other one from where it was left, with the
 * registers of then, whatever its record says of users. Lists change under the heap lock.
 */
#pragma once

#include "roots/roots.h"

struct ter_mutator;

/* What lies below the caller's frame when a stack is left: callee-saved registers, and little else.
 */
#define TER_STACK_WORDS 64u

struct ter_stack {
    struct ter_stack *next, *previous; /* of those that are declared; or free records by `next` */
    struct ter_mutator *user;          /* who is on it; NULL: nobody */
    struct ter_frame *frames;          /* while nobody is */
    uintptr_t low, high;               /* 0, 0: a thread's, or nothing of it is scanned */
    uintptr_t pointer;                 /* where it was left; `high`: nothing ran on it yet */
    bool is_stood_on;                  /* in this collection: somebody's pointer lies in it */
    unsigned saved_count;
    uintptr_t saved[TER_STACK_WORDS];
};

struct ter_stack_chunk;

/* Of a heap. */
struct ter_stacks {
    struct ter_stack *declared;
    struct ter_stack *free;
    struct ter_stack_chunk *chunks; /* what all records lie in */
};

void ter_stacks_fini(struct ter_stacks *stacks);

/* Declares a stack that nobody is on; NULL: no memory. Under the heap lock. */
struct ter_stack *ter_stacks_declare(struct ter_stacks *stacks, uintptr_t low, uintptr_t high);
void ter_stacks_forget(struct ter_stacks *stacks, struct ter_stack *stack);

/*
 * The caller's caller leaves the stack: registers that it may need are in the words from `low` to
 * `end`, and what it holds lies from `end` up.
 */
void ter_stack_note(struct ter_stack *stack, uintptr_t low, uintptr_t end);

/* The declared stack that holds the pointer of a thread which is on `current`; NULL: none. */
struct ter_stack *ter_stacks_find(const struct ter_stacks *stacks, struct ter_stack *current,
                                  uintptr_t pointer);
/* What was saved when the stack was left. */
void ter_stack_visit_saved(const struct ter_stack *stack, ter_root_visitor *visitor, void *context);
/* Declared stacks on which no thread stands, after is_stood_on was set for the others. */
void ter_stacks_visit_left(const struct ter_stacks *stacks, ter_root_visitor *visitor,
                           void *context);
/* Frames of declared stacks that nobody is on. */
void ter_stacks_visit_frames(const struct ter_stacks *stacks, struct ter_root_visit *visit);
