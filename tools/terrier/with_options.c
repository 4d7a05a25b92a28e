/* SPDX-License-Identifier: MIT */
/* A command with its options read. */
#include "terrier.h"

#include "commands.h"

int cmd_with_options(const struct cmd_command *command, char **arguments,
                     int (*function)(struct cmd_options *options))
{
    struct cmd_options options;
    cmd_options_init(&options, command->use, arguments);
    int status = CMD_STATUS_OK;
    if (options.help)
        cmd_print_help(command);
    else
        status = function(&options);
    cmd_options_fini(&options);
    return status;
}
