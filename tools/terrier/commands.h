/* SPDX-License-Identifier: MIT */
/* The commands. Each takes the arguments after its name (NULL at the end) and gives the exit
 * status. */
#ifndef TERRIER_COMMAND_COMMANDS_H
#define TERRIER_COMMAND_COMMANDS_H

#include "options.h"

struct cmd_command {
    const char *name;
    const char *summary;  /* one line */
    const char *synopsis; /* what follows the name */
    const char *help;     /* lines of text below the synopsis */
    enum cmd_use use;     /* which options it has; 0 is none */
    int (*run)(const struct cmd_command *command, char **arguments);
};

/* Runs `function` with the options that are in the arguments, or shows the command's help. */
int cmd_with_options(const struct cmd_command *command, char **arguments,
                     int (*function)(struct cmd_options *options));

int cmd_run(const struct cmd_command *command, char **arguments);
int cmd_map(const struct cmd_command *command, char **arguments);
int cmd_leaks(const struct cmd_command *command, char **arguments);
int cmd_why(const struct cmd_command *command, char **arguments);
int cmd_top(const struct cmd_command *command, char **arguments);
int cmd_signal(const struct cmd_command *command, char **arguments);
int cmd_compare(const struct cmd_command *command, char **arguments);

/* What `terrier help COMMAND` shows. */
void cmd_print_help(const struct cmd_command *command);

#endif
