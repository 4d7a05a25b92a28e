/* SPDX-License-Identifier: MIT */
/* What a heap is made of. */
#pragma once

#include <terrier/collections.h>
#include <terrier/heap.h>

#include "check/check.h"
#include "heap/figures.h"
#include "plan/plan.h"
#include "see/see.h"

struct ter_client_callbacks;

/* The floor above, if it uses client.h. */
struct ter_client {
    const struct ter_client_callbacks *callbacks; /* NULL: there is none */
    struct ter_callbacks record;                  /* the collector's, which calls those */
};

/* Whom the program has told of collections. */
struct ter_listener {
    ter_collection_function *function; /* NULL: nobody */
    void *context;
    struct ter_callbacks callbacks; /* the collector's, once it was asked for */
    bool is_told;                   /* the function runs */
};

/* What the options want to be seen while the heap lives. */
struct ter_seeing {
    struct ter_recorder recorder;
    struct ter_timeline timeline;
    struct ter_recording_sink recording;
    char dump_pattern[TER_OUTPUT_ABSOLUTE_BYTES];    /* "": there is no dump to write */
    unsigned dumps;                                  /* that a signal asked for */
    struct ter_samples samples;                      /* of the options profile, profile_interval */
    char profile_pattern[TER_OUTPUT_ABSOLUTE_BYTES]; /* "": there is no profile to write */
    struct ter_growth growth;                        /* of the option growth */
    char growth_pattern[TER_OUTPUT_ABSOLUTE_BYTES];  /* likewise */
};

/* What a caller wants done in the heap; under its lock. */
struct ter_errand {
    enum ter_inquiry_verb verb;
    bool wanted;             /* and nobody has begun */
    bool is_done;            /* `failure` says how it went */
    struct ter_os_line file; /* that it writes to */
    char failure[80];        /* "": it went well */
};

struct ter_heap {
    struct ter_collector collector;
    struct ter_callbacks callbacks; /* the heap's own: figures */
    struct ter_callbacks barrier_callbacks;
    struct ter_barrier_check barrier_check; /* of the option check_barriers */
    struct ter_checking checking;           /* of check_heap, poison and origins */
    struct ter_options options;
    struct ter_figures figures;
    struct ter_client client;
    struct ter_listener listener;
    struct ter_seeing seeing;       /* of the option timeline */
    struct ter_errand errand;       /* of the option live */
    struct ter_heap *next_answered; /* likewise; of the answerer */
    uint64_t born_ns;
    bool watches;            /* faults of the program are told (touches.h) */
    unsigned ephemeron_kind; /* of ter_ephemeron_new; 0: none yet */
    unsigned process;        /* that made it: a forked child writes no report in its name */
};

/* The name of an option with a value that it cannot have; NULL when all is well. */
const char *ter_options_invalid(const struct ter_options *options);

/* Fills in everything; under the heap lock. */
void ter_heap_statistics_locked(const struct ter_heap *heap, struct ter_statistics *statistics);
