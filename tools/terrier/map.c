/* SPDX-License-Identifier: MIT */
/* `terrier map`: one program on Terrier's heap, and what the library says of the heap's blocks. */
#include "terrier.h"

#include "commands.h"
#include "text_run.h"

static void request_map(struct cmd_options *options, const char *pattern)
{
    cmd_options_pass(options, "map", options->map == CMD_MAP_SVG ? "svg" : "text");
    cmd_options_pass(options, "map_file", pattern);
}

static int run_with_map(struct cmd_options *options)
{
    return cmd_run_for_text(options, options->map_path, "map", "no map", request_map);
}

int cmd_map(const struct cmd_command *command, char **arguments)
{
    return cmd_with_options(command, arguments, run_with_map);
}
