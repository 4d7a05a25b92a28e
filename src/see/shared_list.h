/* SPDX-License-Identifier: MIT */
/*
 * A file that is a JSON array at each moment, and that several processes add to.
 *
 * Invariant: what is added goes in the place of the closing bracket, with a new one behind it, by
 * one write under a lock on the file; when that fails, the file becomes what it was. A process that
 * is killed inside of that write, which the kernel may cut where a page ends, leaves half an
 * element, and who comes next takes that away. The file is open only meanwhile, since a program may
 * close files that it does not know, and have another one of the same number. Nothing waits: while
 * another process has the lock, nothing is added.
 */
#pragma once

#include <stdbool.h>

#include "os/os.h"

/* Room that the caller leaves behind a text. */
#define TER_SHARED_LIST_TAIL ((size_t)3)

enum ter_shared_list_result {
    TER_SHARED_LIST_ADDED,
    TER_SHARED_LIST_BUSY,  /* another process has it: later */
    TER_SHARED_LIST_FAILED /* errno says why; 0: what is there is no such list */
};

/* Makes an empty list if nothing is there, and mends one. `head`: what each element begins with. */
enum ter_shared_list_result ter_shared_list_begin(const char *path, const char *head);

/*
 * Adds `bytes` of elements, each ",\n{...}". The text is changed, and has room behind it.
 */
enum ter_shared_list_result ter_shared_list_add(const char *path, const char *head, char *text,
                                                size_t bytes);
