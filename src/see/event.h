/* SPDX-License-Identifier: MIT */
/*
 * Events of a heap, and who takes them: the recorder makes them and tells each sink.
 *
 * Invariant: an event and what it points to are gone when the sink returns. Sinks are called under
 * the heap lock, also while the world stands, so they call neither malloc nor stdio.
 */
#pragma once

#include <stdbool.h>

#include "base/base.h"

enum ter_event_form {
    TER_EVENT_SLICE,      /* of a thread, from start to end */
    TER_EVENT_COUNTER,    /* one value, from the start on */
    TER_EVENT_THREAD_NAME /* the thread is called as the first value says */
};

struct ter_event_value {
    const char *key;
    const char *text; /* NULL: the number */
    uint64_t number;
};

struct ter_event {
    enum ter_event_form form;
    const char *name;
    unsigned heap; /* its number in the process, from 1 */
    unsigned thread;
    uint64_t start_ns, end_ns;
    const struct ter_event_value *values;
    unsigned value_count;
};

struct ter_passage;

struct ter_sink {
    void (*event)(struct ter_sink *sink, const struct ter_event *event);
    /* A good moment for what takes long: nobody stands. `last`: there may be none after this. */
    void (*settle)(struct ter_sink *sink, bool last);
    /* In the child of a fork: what was not written yet is the parent's to write. */
    void (*forked)(struct ter_sink *sink);
    /* What happens, before it is put into events; NULL: the sink does with those. */
    void (*sized)(struct ter_sink *sink, uint64_t now);
    void (*passed)(struct ter_sink *sink, const struct ter_passage *passage,
                   const uint64_t *parts_ns);
    struct ter_sink *next;
};
