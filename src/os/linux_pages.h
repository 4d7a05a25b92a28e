/* SPDX-License-Identifier: MIT */
/*
 * Which pages of the process have memory, as /proc/self/pagemap says, and reading such a file.
 *
 * Invariant: nothing here allocates, takes a lock or is a point where a thread is cancelled.
 */
#pragma once

#include <sys/types.h>

#include "os/os.h"

/* The file; negative, with errno: there is none. */
int ter_pages_open_file(const char *path);
ssize_t ter_pages_read_file(int file, void *buffer, size_t bytes);
void ter_pages_close_file(int file);

/* The list of all pages of the process; negative: it cannot be had, or says nothing. */
int ter_pages_open(void);
/* The words of the `count` pages from `address` on. */
bool ter_pages_read(int file, uintptr_t address, uint64_t *pages, size_t count);

/* Has memory now. */
TER_INLINE bool ter_page_is_present(uint64_t page)
{
    return page >> 63 != 0;
}

/* In memory or swapped out: it may read something else than 0. */
TER_INLINE bool ter_page_was_touched(uint64_t page)
{
    return page >> 62 != 0;
}
