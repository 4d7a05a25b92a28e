/* SPDX-License-Identifier: MIT */
/*
 * A run: what is to be tested, the operations that were done, and how it ended.
 *
 * Invariant: a run lies in memory that parent and child share, and an operation is written down
 * before it is done, so that the parent knows all of them however the child ends. A run with the
 * same settings and operations does the same again: operations name objects by the number of the
 * operation that made them, and one that makes no sense any more, since another was left out, does
 * nothing.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum { MOST_OPERATIONS = 2000000, OPTION_BYTES = 160, MESSAGE_BYTES = 600 };

struct settings {
    char plan[40];
    bool exact;                 /* roots: exact ones only, or ambiguous ones beside them */
    bool free_running;          /* threads run as they like; such a run cannot be replayed */
    char options[OPTION_BYTES]; /* of the heap */
    uint64_t seed;
    uint32_t steps;
    unsigned fault; /* planted: faults.h; 0: none */
};

struct operation {
    uint32_t number; /* from 1; an object or link that this makes has it as its name */
    uint16_t code;
    uint8_t actor;   /* the thread that does it */
    uint8_t outside; /* afterwards the thread waits outside the heap */
    uint32_t a;
    uint32_t b;
    uint64_t c;
};

struct run {
    struct settings settings;
    bool replayed; /* the operations are given; else they are chosen and written down */
    uint32_t count;
    _Atomic uint32_t done; /* begun, that is */
    _Atomic uint32_t message_written;
    char message[MESSAGE_BYTES];
    /* What was looked at, so that silence says something; by all threads. */
    _Atomic uint32_t collections;
    _Atomic uint32_t objects_checked;
    _Atomic uint32_t objects_gone;
    _Atomic uint32_t links_cleared;
    _Atomic uint32_t finalizers_run;
    _Atomic uint32_t refused; /* requests for which there was no memory */
    struct operation operations[];
};

/* In memory that children share; room for `most` operations. Never freed: a program has few. */
struct run *run_new(uint32_t most);

/* Ends the process, which is a child, with a message that says which operation was the last. */
TER_NORETURN TER_PRINTF(2, 3) void run_fail(struct run *run, const char *format, ...);
