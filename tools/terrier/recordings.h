/* SPDX-License-Identifier: MIT */
/* The recordings of a run (src/see/recording.h), which processes on Terrier's heap left in the
 * scratch folder.
 *
 * Nothing in them is believed: a program may have written to its own. What is given out here has
 * texts that end, counts that fit, and no record that was being written when the process ended. */
#ifndef TERRIER_COMMAND_RECORDINGS_H
#define TERRIER_COMMAND_RECORDINGS_H

#include "options.h"

#include "see/recording.h"

/* A page has so many of them: those with the most collections, in the order in which they began. */
enum { CMD_RECORDINGS_SHOWN = 16 };

struct cmd_recordings {
    struct ter_recording *of[CMD_RECORDINGS_SHOWN];
    size_t count;
    size_t left_out;
};

/* Asks the library for them, by its options, under a name in the scratch folder. */
void cmd_recordings_request(struct cmd_options *options, const char *name);

/* Reads those of that name. */
void cmd_recordings_init(struct cmd_recordings *recordings, const char *name);
void cmd_recordings_fini(struct cmd_recordings *recordings);

#endif
