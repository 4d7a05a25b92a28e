/* SPDX-License-Identifier: MIT */
/* Commands that run one program on Terrier's heap and then write a text that the library made of
 * it. The text lies in the scratch folder until the program has ended, as a report does. */
#ifndef TERRIER_COMMAND_TEXT_RUN_H
#define TERRIER_COMMAND_TEXT_RUN_H

#include "options.h"

/* `what` the file at `path` is to hold, and `nothing`, what to say first where there is no text.
 * `request` asks the library for it, in files of that pattern. The exit status of the command. */
int cmd_run_for_text(struct cmd_options *options, const char *path, const char *what,
                     const char *nothing,
                     void (*request)(struct cmd_options *options, const char *pattern));

#endif
