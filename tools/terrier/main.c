/* SPDX-License-Identifier: MIT */
/* The command `terrier`: one table of commands; usage, help and dispatch are read from it. */
#include "terrier.h"

#include "commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int run_help(const struct cmd_command *command, char **arguments);
static int run_version(const struct cmd_command *command, char **arguments);

static const struct cmd_command commands[] = {
    {"run", "run a program on Terrier's heap", "[OPTIONS] [--] PROGRAM [ARGUMENTS]",
     "Runs PROGRAM with Terrier's libgc.so.1 in place of the Boehm collector's. The\n"
     "exit status and the signals are the program's own; nothing is changed on disk.\n"
     "A program that is not linked to libgc.so.1 runs as ever; so does one that gets another\n"
     "one (by LD_PRELOAD, a path of its own, or because it gains rights), which is said.\n",
     CMD_USE_RUN, cmd_run},
    {"map", "run a program on Terrier's heap and show the heap's blocks",
     "[OPTIONS] [--] PROGRAM [ARGUMENTS]",
     "Runs PROGRAM as `terrier run` does and then shows what each block of 32 KiB of\n"
     "its heap was used for when it ended, or after one of its collections: as text on\n"
     "standard error, or as a picture. What the letters mean stands above the map.\n",
     CMD_USE_MAP, cmd_map},
    {"leaks", "run a program on Terrier's heap and say what grew",
     "[OPTIONS] [--] PROGRAM [ARGUMENTS]",
     "Runs PROGRAM as `terrier run` does and then says of which places in it more and more\n"
     "objects were found alive from collection to collection, the worst first, with the\n"
     "calls that allocated them. It takes a sample, so little growth is not seen.\n",
     CMD_USE_LEAKS, cmd_leaks},
    {"top", "watch the heap of a program that runs", "[OPTIONS] [PID]",
     "Shows once a second what the heap of process PID does: sizes, allocation, collections,\n"
     "pauses, and what it is full of. The program must have been started for that, by\n"
     "'terrier run --live' or with TERRIER_OPTIONS=live=1. Without PID, lists the processes of\n"
     "this user that answer. q or Ctrl-C ends it.\n"
     "\n"
     "  -d, --delay=SECONDS       time between two looks, from 0.1 on (default 1)\n"
     "  -n, --count=N             end after N looks\n"
     "  --lines                   a line for each look, as where there is no terminal\n"
     "  --heap=N                  which heap of the process, from 0 on (default 0)\n",
     0, cmd_top},
    {"signal", "have a program that runs collect, dump or report", "PID DO [FILE]",
     "DO is collect; dump, to FILE or terrier-PID.heapsnapshot; report or report=json, to FILE\n"
     "or standard output. Returns when it is done, and says after two seconds what is waited\n"
     "for. The program must have been started by 'terrier run --live' or with\n"
     "TERRIER_OPTIONS=live=1; one that was started with --dump-signal is sent that for a dump.\n",
     0, cmd_signal},
    {"why", "say what keeps an object of a dump or a process", "DUMP|PID OBJECT",
     "DUMP is a file that `terrier run --dump` wrote; PID is a process that `terrier run --live`\n"
     "started, which is dumped to a file that is gone afterwards. OBJECT is an address, as "
     "0x7f0012345670, "
     "any\n"
     "byte of it; the number that DevTools shows, as @134217728; or what its name begins\n"
     "with, and then the one nearest to a root. Prints a shortest path of references to it, the\n"
     "root first. Exits with 1 if there is no such object.\n",
     0, cmd_why},
    {"compare", "run a program with and without Terrier and compare",
     "[OPTIONS] [--] PROGRAM [ARGUMENTS]",
     "Runs PROGRAM in turn on the library it has and on Terrier, once each to warm up\n"
     "and then N times each, checks that standard output and exit status are equal, and\n"
     "prints medians: wall time, processor time, peak resident memory. Collections and\n"
     "pauses are from one more run on Terrier. Standard input is empty. Exits with 1 if\n"
     "the outputs or the exit statuses differ.\n",
     CMD_USE_COMPARE, cmd_compare},
    {"help", "show help on a command", "[COMMAND]", NULL, 0, run_help},
    {"version", "show the version", "", NULL, 0, run_version},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static const struct cmd_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    cmd_die(CMD_STATUS_USAGE, "unknown command '%s'", name);
}

static void print_usage(FILE *out)
{
    fputs("Usage: terrier COMMAND [ARGUMENTS]\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].summary);
    fputs("\n'terrier help COMMAND' shows more.\n", out);
}

static int run_help(const struct cmd_command *command, char **arguments)
{
    (void)command;
    if (arguments[0] == NULL)
        print_usage(stdout);
    else
        cmd_print_help(find_command(arguments[0]));
    return CMD_STATUS_OK;
}

static int run_version(const struct cmd_command *command, char **arguments)
{
    (void)command;
    (void)arguments;
    puts("terrier " TERRIER_VERSION);
    return CMD_STATUS_OK;
}

/* `--help` and `--version` are the commands of these names. */
static const char *command_name(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return "help";
    return strcmp(word, "--version") == 0 ? "version" : word;
}

/* Help that nobody received was not given. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    cmd_warn("cannot write to standard output: %s", strerror(errno));
    return CMD_STATUS_FAILED;
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 2) {
        print_usage(stderr);
        return CMD_STATUS_USAGE;
    }
    const struct cmd_command *command = find_command(command_name(arguments[1]));
    return finish(command->run(command, arguments + 2));
}
