/* SPDX-License-Identifier: MIT */
#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "faults.h"
#include "operations.h"

#define FIRST_LINE "terrier oracle, form 1"

/* ---- Writing ---- */

static void write_settings(FILE *file, const struct settings *settings)
{
    fprintf(file, "plan %s\nroots %s\noptions %s\nfault %s\nseed %" PRIu64 "\nsteps %" PRIu32 "\n",
            settings->plan, settings->exact ? "exact" : "ambiguous",
            settings->options[0] == '\0' ? "-" : settings->options,
            fault_name((enum fault)settings->fault), settings->seed, settings->steps);
}

static void write_operation(FILE *file, const struct operation *operation)
{
    fprintf(file, "%" PRIu32 " %s thread %u %s %" PRIu32 " %" PRIu32 " %" PRIu64 "\n",
            operation->number, operation_name(operation->code), operation->actor,
            operation->outside ? "outside" : "inside", operation->a, operation->b, operation->c);
}

bool replay_write(const struct run *run, const char *path)
{
    FILE *file = fopen(path, "w");
    bool written;

    if (file == NULL) {
        fprintf(stderr, "oracle: %s: %s\n", path, strerror(errno));
        return false;
    }
    fprintf(file, "%s\n", FIRST_LINE);
    write_settings(file, &run->settings);
    for (uint32_t i = 0; i < run->count; i++)
        write_operation(file, &run->operations[i]);
    written = ferror(file) == 0;
    return fclose(file) == 0 && written;
}

/* ---- Reading ---- */

static bool read_settings(FILE *file, struct settings *settings)
{
    char first[40], roots[16], fault[40];

    if (fgets(first, sizeof first, file) == NULL || strcmp(first, FIRST_LINE "\n") != 0)
        return false;
    if (fscanf(file,
               "plan %39s roots %15s options %159s fault %39s seed %" SCNu64 " steps %" SCNu32,
               settings->plan, roots, settings->options, fault, &settings->seed,
               &settings->steps) != 6)
        return false;
    settings->exact = strcmp(roots, "exact") == 0;
    settings->fault = fault_find(fault);
    if (strcmp(settings->options, "-") == 0)
        settings->options[0] = '\0';
    return settings->fault < FAULT_COUNT;
}

static bool read_operation(FILE *file, struct operation *operation)
{
    char name[40], place[16];
    unsigned actor;

    if (fscanf(file, "%" SCNu32 " %39s thread %u %15s %" SCNu32 " %" SCNu32 " %" SCNu64,
               &operation->number, name, &actor, place, &operation->a, &operation->b,
               &operation->c) != 7)
        return false;
    operation->code = (uint16_t)operation_find(name);
    operation->actor = (uint8_t)(actor % ACTORS);
    operation->outside = strcmp(place, "outside") == 0;
    return operation->code < OPERATION_COUNT;
}

static struct run *read_run(FILE *file)
{
    struct run *run = run_new(MOST_OPERATIONS);

    if (!read_settings(file, &run->settings))
        return NULL;
    run->replayed = true;
    while (run->count < MOST_OPERATIONS && read_operation(file, &run->operations[run->count]))
        run->count++;
    return feof(file) ? run : NULL;
}

struct run *replay_read(const char *path)
{
    FILE *file = fopen(path, "r");
    struct run *run;

    if (file == NULL) {
        fprintf(stderr, "oracle: %s: %s\n", path, strerror(errno));
        return NULL;
    }
    run = read_run(file);
    if (run == NULL)
        fprintf(stderr, "oracle: %s is no run of this program\n", path);
    fclose(file);
    return run;
}
