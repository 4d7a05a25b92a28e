/* SPDX-License-Identifier: MIT */
/* `terrier leaks`: one program on Terrier's heap, and what the library says of what grew. */
#include "terrier.h"

#include "commands.h"
#include "text_run.h"

/* A growth of a few hundred KiB is seen then. */
#define INTERVAL "16384"

static void request_growth(struct cmd_options *options, const char *pattern)
{
    if (options->values.profile_interval == 0)
        cmd_options_pass(options, "profile_interval", INTERVAL);
    cmd_options_pass(options, "growth", pattern);
}

static int run_for_leaks(struct cmd_options *options)
{
    return cmd_run_for_text(options, options->output_path, "growth", "nothing is known",
                            request_growth);
}

int cmd_leaks(const struct cmd_command *command, char **arguments)
{
    return cmd_with_options(command, arguments, run_for_leaks);
}
