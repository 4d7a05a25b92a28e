/* SPDX-License-Identifier: MIT */
/* What bench/clients/watch.c, preloaded into a program, counts in a file that `terrier compare`
 * made: the collections of any libgc, stock or Terrier's. All processes of a run count in the same
 * file. */
#ifndef TERRIER_COMMAND_WATCHED_H
#define TERRIER_COMMAND_WATCHED_H

#include <stdint.h>

/* The variable with the file's path. */
#define WATCHED_FILE_VARIABLE "TERRIER_WATCH_FILE"

/* A collection is from its beginning to its end, which is as long as the thread that asked for
 * memory has to wait; the world is stopped in a part of that. */
struct watched {
    _Atomic uint64_t collections;
    _Atomic uint64_t longest_ns;
    _Atomic uint64_t total_ns;
    _Atomic uint64_t longest_stopped_ns;
    _Atomic uint64_t
        sample_us;            /* set by the command: how often to sample the processor; 0: never */
    _Atomic uint64_t samples; /* and of them: in the library's code */
    _Atomic uint64_t library_samples;
};

#endif
