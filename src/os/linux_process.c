/* SPDX-License-Identifier: MIT */
/* Time and process on Linux. */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

uint64_t ter_os_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

unsigned ter_os_process_id(void)
{
    return (unsigned)getpid();
}

const char *ter_os_program_name(void)
{
    TER_KEEP_ERRNO;
    const char *program = program_invocation_short_name;

    return program == NULL ? "" : program;
}
