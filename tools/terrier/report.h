/* SPDX-License-Identifier: MIT */
/* The report on one run: the heap's part, which the library writes into a file when a process
 * ends, and the process's part, which only its parent knows.
 *
 * Every process on the heap writes its own file, named by its process id, into the scratch folder;
 * the program's own is told from those of other processes by that id. */
#ifndef TERRIER_COMMAND_REPORT_H
#define TERRIER_COMMAND_REPORT_H

#include "child.h"
#include "options.h"

/* Asks the library, through its options, for reports in this form in the scratch folder. */
void cmd_report_request(struct cmd_options *options, enum cmd_report_form form);

/* The report the program itself wrote, or NULL; free() it. */
char *cmd_report_read(pid_t pid);

/* The same, or, if there is none and just one other process wrote one, that; free() it. */
char *cmd_report_read_any(pid_t pid);

/* Opens where a report or a map, `what`, goes, so that a bad path is told before the program runs;
 * NULL is standard error. */
FILE *cmd_report_open(const char *path, const char *what);

/* Closes it, and says so if something could not be written. */
void cmd_report_close(FILE *out, const char *path, const char *what);

/* Writes the whole report and closes `out`. */
void cmd_report_write(FILE *out, const struct cmd_options *options,
                      const struct cmd_outcome *outcome);

#endif
