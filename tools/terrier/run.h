/* SPDX-License-Identifier: MIT */
/* What commands share that run one program on Terrier's heap and wait for it. */
#ifndef TERRIER_COMMAND_RUN_H
#define TERRIER_COMMAND_RUN_H

#include "child.h"
#include "options.h"

/* Runs the program of the options, with the library's options as they are there. Signals are
 * relayed and the scratch folder is there by then. */
struct cmd_outcome cmd_run_to_end(const struct cmd_options *options);

/* Says by which signal the program ended, if it did. */
void cmd_run_tell_signal(const struct cmd_options *options, int wait_status);

#endif
