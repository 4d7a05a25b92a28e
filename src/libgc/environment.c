/* SPDX-License-Identifier: MIT */
/*
 * The environment: the variables of Boehm's collector that have a meaning here (docs/libgc.md lists
 * all), then TERRIER_OPTIONS, which wins, also over what the program set before.
 *
 * Read once, in the first call, before there is a heap. In a program with raised rights
 * (ter_os_environment) there is nothing to read: not one of the variables is believed.
 */
#include "libgc/environment.h"

#include <errno.h>
#include <string.h>

static bool read_size(const char *name, uint64_t *value)
{
    const char *text = ter_os_environment(name);

    if (text == NULL)
        return false;
    if (ter_parse_size(text, strlen(text), value))
        return true;
    ter_log(TER_LOG_WARNING, "%s='%s' is no size and is ignored", name, text);
    return false;
}

static bool is_set(const char *name)
{
    return ter_os_environment(name) != NULL;
}

static void read_log(struct ter_options *options)
{
    const char *path = ter_os_environment("GC_LOG_FILE");
    int file;

    if (is_set("GC_PRINT_STATS") || is_set("GC_PRINT_VERBOSE_STATS"))
        options->log = TER_LOG_TRACE;
    if (path == NULL)
        return;
    file = ter_os_open_to_append(path);
    if (file < 0)
        ter_log(TER_LOG_WARNING, "GC_LOG_FILE='%s' cannot be written: %s", path, strerror(errno));
    else
        GC_set_log_fd(file);
}

/* Numbers that are only kept, and switches. */
static void read_settings(void)
{
    uint64_t value;

    if (read_size("GC_FREE_SPACE_DIVISOR", &value) && value > 0)
        GC_free_space_divisor = (GC_word)value;
    if (read_size("GC_PAUSE_TIME_TARGET", &value) && value > 0)
        GC_time_limit = (unsigned long)value;
    if (read_size("GC_FULL_FREQUENCY", &value) && value > 0)
        GC_full_freq = (int)value;
    if (is_set("GC_DONT_GC"))
        GC_dont_gc = 1;
    if (is_set("GC_FIND_LEAK"))
        GC_find_leak = 1;
    if (is_set("GC_ALL_INTERIOR_POINTERS"))
        GC_all_interior_pointers = 1;
    ter_libgc.dump_regularly = is_set("GC_DUMP_REGULARLY");
    ter_libgc.loop_on_abort = is_set("GC_LOOP_ON_ABORT");
    if (is_set("GC_FORCE_UNMAP_ON_GCOLLECT"))
        ter_libgc.force_unmap = 1;
    if (is_set("GC_USE_ENTIRE_HEAP"))
        GC_use_entire_heap = 1;
    if (is_set("GC_ENABLE_INCREMENTAL"))
        ter_log(TER_LOG_DECISION, "incremental collection was asked for and is not built");
}

/* The first that is set of what the environment and the program say. */
static void read_markers(struct ter_options *options)
{
    uint64_t count = ter_libgc.markers;

    if (!read_size("GC_MARKERS", &count))
        read_size("GC_NPROCS", &count);
    options->markers = count < TER_HEAP_MARKERS ? count : TER_HEAP_MARKERS;
}

void ter_libgc_read_environment(struct ter_options *options)
{
    char message[256];
    uint64_t value;

    if (read_size("GC_INITIAL_HEAP_SIZE", &value))
        options->heap_initial = value;
    if (read_size("GC_MAXIMUM_HEAP_SIZE", &value))
        options->heap_max = value;
    /* 0: what is free is never given back. */
    if (read_size("GC_UNMAP_THRESHOLD", &value))
        options->give_back = value != 0;
    read_markers(options);
    read_log(options);
    read_settings();
    options->free_space_divisor = GC_free_space_divisor;
    options->scan_libraries = GC_no_dls == 0;
    if (ter_options_read_environment(options, message, sizeof message) != TER_OK)
        ter_fatal("TERRIER_OPTIONS: %s", message);
    if (strcmp(options->stacks, "exact") == 0 || strcmp(options->stop, "safepoints") == 0)
        ter_fatal("TERRIER_OPTIONS: programs of Boehm's interface have references in their stacks "
                  "and no safepoints: stacks=exact and stop=safepoints are not for them");
    GC_free_space_divisor = (GC_word)options->free_space_divisor;
    GC_no_dls = options->scan_libraries == 0;
}
