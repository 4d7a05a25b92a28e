/* SPDX-License-Identifier: MIT */
/* What `terrier help COMMAND` and `terrier COMMAND --help` show. */
#include "terrier.h"

#include "commands.h"

static void print_environment(void)
{
    fputs("\nEnvironment:\n"
          "  TERRIER_OPTIONS  options for the library: NAME=VALUE,NAME=VALUE; the command line's\n"
          "                   come after them and win\n"
          "  TERRIER_LIBGC    path of Terrier's libgc.so.1, if it is not found by itself\n"
          "  TMPDIR           where a private folder is made while a program runs\n",
          stdout);
}

void cmd_print_help(const struct cmd_command *command)
{
    printf("Usage: terrier %s %s\n\n%s", command->name, command->synopsis,
           command->help == NULL ? "" : command->help);
    if (command->use == 0)
        return;
    fputs("\nOptions:\n", stdout);
    cmd_options_print_help(stdout, command->use);
    fputs("\nOptions of the library (and their defaults):\n", stdout);
    cmd_options_print_library_help(stdout);
    print_environment();
}
