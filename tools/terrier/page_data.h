/* SPDX-License-Identifier: MIT */
/* What a page shows, as JSON: the tables that name things, and one or two runs. */
#ifndef TERRIER_COMMAND_PAGE_DATA_H
#define TERRIER_COMMAND_PAGE_DATA_H

#include "child.h"
#include "comparison.h"
#include "recordings.h"
#include "resident.h"

/* A run of a program. */
struct cmd_page_run {
    const char *title; /* what is compared; NULL: one run alone */
    char *const *program;
    const struct cmd_outcome *outcome;
    struct cmd_resident *resident; /* as seen from outside; NULL: it was not looked at */
    struct cmd_recordings recordings;
};

/* `comparison` may be NULL. */
void cmd_page_data_write(FILE *out, const struct cmd_page_run *runs, size_t run_count,
                         struct cmd_comparison *comparison);

#endif
