/* SPDX-License-Identifier: MIT */
/* The environment that puts a program on Terrier's heap: this process's own, with the library's
 * folder in front of LD_LIBRARY_PATH and the library's options in TERRIER_OPTIONS. */
#ifndef TERRIER_COMMAND_ENVIRONMENT_H
#define TERRIER_COMMAND_ENVIRONMENT_H

struct cmd_environment {
    char **entries; /* NULL at its end */
    char *library_path;
    char *options;
};

/* No options: NULL. */
void cmd_environment_init(struct cmd_environment *environment, const char *library_folder,
                          const char *library_options);

void cmd_environment_fini(struct cmd_environment *environment);

#endif
