/* SPDX-License-Identifier: MIT */
/*
 * A sink that writes events as the trace-event JSON that Perfetto and Chrome open.
 *
 * Invariant: events wait in a buffer that holds whole ones, and go to a shared list: so the file is
 * whole at each moment, however the process ends. Writing takes at most a hundredth of the time,
 * but for what was saved up, and where the buffer is full, and at the end: so who does not collect
 * all the time has everything in the file at once. What cannot be written is left out; the program
 * goes on. Under the heap lock.
 */
#pragma once

#include "see/event.h"
#include "see/output.h"

struct ter_timeline {
    struct ter_sink sink;
    char pattern
        [TER_OUTPUT_ABSOLUTE_BYTES]; /* absolute, so that the program may change its folder */
    char *buffer;
    size_t used;
    unsigned process;   /* whose events are in the buffer */
    bool is_named;      /* the process has its name in the file */
    bool has_failed;    /* it was said, and nothing more is written */
    uint64_t lost;      /* events for which there was no room while another process had the file */
    uint64_t credit_ns; /* that writing may take */
    uint64_t credited_ns; /* when that was last added to */
};

/* TER_ERROR_SYSTEM, after a line in the log: there is no such file to write to. */
ter_status ter_timeline_init(struct ter_timeline *timeline, const char *pattern);
/* Whoever writes to the file may have been killed in the middle: it becomes whole. */
ter_status ter_timeline_mend(const char *path);
void ter_timeline_fini(struct ter_timeline *timeline);
