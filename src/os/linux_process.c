/* SPDX-License-Identifier: MIT */
/* Time and process on Linux. */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic(ter_os_time *) injected_time;

void ter_os_set_time(ter_os_time *time)
{
    atomic_store_explicit(&injected_time, time, memory_order_release);
}

static uint64_t read_clock(enum ter_os_clock clock)
{
    static const clockid_t numbers[] = {[TER_OS_CLOCK_NOW] = CLOCK_MONOTONIC,
                                        [TER_OS_CLOCK_PROCESS] = CLOCK_PROCESS_CPUTIME_ID,
                                        [TER_OS_CLOCK_THREAD] = CLOCK_THREAD_CPUTIME_ID};
    ter_os_time *injected = atomic_load_explicit(&injected_time, memory_order_acquire);
    struct timespec now;

    if (TER_UNLIKELY(injected != NULL))
        return injected(clock);
    clock_gettime(numbers[clock], &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t ter_os_now_ns(void)
{
    return read_clock(TER_OS_CLOCK_NOW);
}

uint64_t ter_os_process_cpu_ns(void)
{
    return read_clock(TER_OS_CLOCK_PROCESS);
}

uint64_t ter_os_thread_cpu_ns(void)
{
    return read_clock(TER_OS_CLOCK_THREAD);
}

unsigned ter_os_process_id(void)
{
    return (unsigned)getpid();
}

unsigned ter_os_thread_number(void)
{
    return (unsigned)syscall(SYS_gettid);
}

const char *ter_os_program_name(void)
{
    TER_KEEP_ERRNO;
    const char *program = program_invocation_short_name;

    return program == NULL ? "" : program;
}
