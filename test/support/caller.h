/* SPDX-License-Identifier: MIT */
/* Who calls a process that answers (option `live`), as the command does, and as it never would. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CALLER_ANSWER 20000

struct caller {
    int line;
    char answer[CALLER_ANSWER]; /* the last one */
};

/* Processes of this test answer in its folder (own_folder.h) from now on. */
void caller_use_folder(void);
/* Removes what is left there. */
void caller_leave_folder(void);

/* Where this process, or the one of that number, listens. */
void caller_path(unsigned process, char *path, size_t size);
/* False: nobody listens there. */
bool caller_begin(struct caller *caller, unsigned process);
void caller_end(struct caller *caller);

/* Sends these bytes, with a file unless it is -1. */
void caller_say(struct caller *caller, const void *bytes, size_t length, int file);
/* "collect", for heap 0. */
void caller_ask(struct caller *caller, const char *question, int file);
/* Waits for an answer, for very long; false: the other side has hung up. */
bool caller_hear(struct caller *caller);
/* Is there none in the next milliseconds? */
bool caller_hears_nothing(struct caller *caller, int milliseconds);

/* Asks and waits: "ok", "no", "wait" is the beginning of the answer. */
bool caller_is_told(struct caller *caller, const char *question, int file, const char *beginning);
/* The number in the line of that name of the last answer. */
unsigned long long caller_number(const struct caller *caller, const char *name);
