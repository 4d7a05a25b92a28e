/* SPDX-License-Identifier: MIT */
#include "terrier.h"

#include "scratch.h"
#include "watch.h"
#include "watched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SAMPLE_US = 997 };

static struct watched *watched;

static void set_variable(const char *name, char *value)
{
    if (setenv(name, value, 1) != 0)
        cmd_die(CMD_STATUS_FAILED, "cannot set %s: %s", name, strerror(errno));
    free(value);
}

static void preload(const char *object_path)
{
    const char *old = getenv("LD_PRELOAD");
    char *path = realpath(object_path, NULL);
    if (path == NULL)
        cmd_die(CMD_STATUS_USAGE, "--watch: %s: %s", object_path, strerror(errno));
    set_variable("LD_PRELOAD",
                 cmd_format("%s%s%s", path, old == NULL ? "" : ":", old == NULL ? "" : old));
    free(path);
}

void cmd_watch_init(const char *object_path)
{
    static const char name[] = "watched";
    int file = cmd_scratch_create(name);
    if (ftruncate(file, sizeof *watched) != 0)
        cmd_die(CMD_STATUS_FAILED, "cannot make room for counters: %s", strerror(errno));
    watched = mmap(NULL, sizeof *watched, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (watched == MAP_FAILED)
        cmd_die(CMD_STATUS_FAILED, "cannot map counters: %s", strerror(errno));
    close(file);
    set_variable(WATCHED_FILE_VARIABLE, cmd_format("%s/%s", cmd_scratch_path(), name));
    preload(object_path);
}

void cmd_watch_begin(bool sample)
{
    memset((void *)watched, 0, sizeof *watched);
    watched->sample_us = sample ? SAMPLE_US : 0;
}

struct cmd_watch_counts cmd_watch_end(void)
{
    struct cmd_watch_counts counts = {
        .collections = (double)watched->collections,
        .longest_ns = (double)watched->longest_ns,
        .total_ns = (double)watched->total_ns,
        .longest_stopped_ns = (double)watched->longest_stopped_ns,
        .library_share = -1,
    };
    if (watched->samples != 0)
        counts.library_share = (double)watched->library_samples / (double)watched->samples;
    return counts;
}
