/* SPDX-License-Identifier: MIT */
/* The command line after the name of a command: options, then the program and its arguments.
 *
 * One table in options.c holds every option; the parser and the help text are both read from it.
 * Options of the library are given to the library's own parser too, those of TERRIER_OPTIONS as
 * well, so that what is wrong is said before a program starts. */
#ifndef TERRIER_COMMAND_OPTIONS_H
#define TERRIER_COMMAND_OPTIONS_H

#include <terrier/options.h>

/* Which command an option belongs to; a set of bits. */
enum cmd_use {
    CMD_USE_RUN = 1,
    CMD_USE_COMPARE = 2,
    CMD_USE_MAP = 4,
    CMD_USE_LEAKS = 8,
};

enum cmd_report_form {
    CMD_REPORT_NONE,
    CMD_REPORT_TEXT,
    CMD_REPORT_JSON,
};

enum cmd_map_form {
    CMD_MAP_TEXT,
    CMD_MAP_SVG,
};

struct cmd_options {
    enum cmd_report_form report;
    const char *report_path; /* NULL is standard error */
    char *timeline_path;     /* absolute; NULL is none */
    char *dump_path;         /* likewise */
    const char *page_path;   /* NULL is none */
    char *profile_path;      /* likewise */
    const char *output_path; /* leaks: NULL is standard error */
    enum cmd_map_form map;
    const char *map_path;      /* likewise */
    char *library_options;     /* for TERRIER_OPTIONS, the environment's first; NULL is none */
    struct ter_options values; /* what the library will make of them */
    unsigned runs;
    bool json;
    bool help;
    char *watch;   /* compare: an object to preload, which counts collections; NULL is none */
    char *against; /* compare: options of the library for the other side; NULL: the stock one */
    char *base_program; /* compare: its cost is taken off; NULL is none */
    char **program;     /* NULL at its end; empty only if help is asked for */
};

/* Reads `arguments` (NULL at its end). Ends the command with a usage error if they are wrong. */
void cmd_options_init(struct cmd_options *options, enum cmd_use use, char **arguments);

void cmd_options_fini(struct cmd_options *options);

/* Appends "NAME=VALUE" to the options for the library. */
void cmd_options_pass(struct cmd_options *options, const char *name, const char *value);

/* Prints the options of the library, which are set by --option and TERRIER_OPTIONS. */
void cmd_options_print_library_help(FILE *out);

/* Prints the options of a command, one or more lines each. */
void cmd_options_print_help(FILE *out, enum cmd_use use);

#endif
