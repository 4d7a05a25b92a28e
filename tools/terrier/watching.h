/* SPDX-License-Identifier: MIT */
/* What `terrier top` knows of a heap: the last look, the one before, and how it came to this.
 *
 * No name here moves a cursor (base/escape.h). */
#ifndef TERRIER_COMMAND_WATCHING_H
#define TERRIER_COMMAND_WATCHING_H

#include "terrier.h"

#include "see/inquiry.h"

#include <terrier/statistics.h>

#include <sys/types.h>

enum { CMD_WATCHED_NAME = 64, CMD_WATCHED_HISTORY = 512 };

/* One look. */
struct cmd_look {
    struct ter_statistics statistics;
    char program[CMD_WATCHED_NAME];
    char plan[CMD_WATCHED_NAME];
    uint64_t now_ns, born_ns;
    uint64_t heaps, mutators;
    uint64_t resident_bytes;
};

struct cmd_watched_kind {
    uint64_t bytes, objects;
    char name[CMD_WATCHED_NAME];
};

/* Of the time between two looks. */
struct cmd_rates {
    double collections, young_collections; /* in a second */
    double allocated_bytes;                /* likewise */
    double paused;                         /* part of the time */
    uint64_t pause_ns;                     /* mean of the last collections that there were */
};

struct cmd_watching {
    pid_t pid;
    struct cmd_look now, before;
    unsigned look_count;
    struct cmd_rates rates;
    struct cmd_watched_kind kinds[TER_INQUIRY_MOST_KINDS + 1];
    size_t kind_count;
    uint64_t kinds_bytes;
    struct {
        uint64_t used_bytes, live_bytes, limit_bytes;
    } history[CMD_WATCHED_HISTORY]; /* the last look is at (history_count - 1) % ... */
    size_t history_count;
};

/* Takes an answer to `figures`, and works out the rates since the one before. */
void cmd_watching_figures(struct cmd_watching *watching, const char *text);
/* Takes an answer to `kinds`. */
void cmd_watching_kinds(struct cmd_watching *watching, const char *text);

#endif
