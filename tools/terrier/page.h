/* SPDX-License-Identifier: MIT */
/* A page: one HTML file that needs nothing else, made of recordings when the program has ended.
 *
 * Its parts (tools/terrier/page/) and the library of charts are put into the command when that is
 * built; a build without the charts has no pages and says so. The file gets its name when it is
 * whole. */
#ifndef TERRIER_COMMAND_PAGE_H
#define TERRIER_COMMAND_PAGE_H

#include "page_data.h"

/* Ends the command if this build has no pages, or if none can be written there. */
void cmd_page_check(const char *path);

/* A failure is said; what was there stays then. */
void cmd_page_write(const char *path, const struct cmd_page_run *runs, size_t run_count,
                    struct cmd_comparison *comparison);

#endif
