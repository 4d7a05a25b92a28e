/* SPDX-License-Identifier: MIT */
/* Time, process and stacks on Linux. */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

/* glibc's loader leaves the first word of the main thread's stack here; other C libraries do not. */
extern void *__libc_stack_end __attribute__((weak));

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

size_t ter_os_memory_bytes(void)
{
    struct sysinfo info;
    uint64_t units;

    if (sysinfo(&info) != 0 || info.mem_unit == 0)
        return SIZE_MAX;
    units = (uint64_t)info.totalram + info.totalswap;
    return units > SIZE_MAX / info.mem_unit ? SIZE_MAX : (size_t)units * info.mem_unit;
}

static bool is_main_thread(void)
{
    return (long)getpid() == syscall(SYS_gettid);
}

uintptr_t ter_os_stack_base(void)
{
    TER_KEEP_ERRNO;
    pthread_attr_t attributes;
    void *lowest = NULL;
    size_t bytes = 0;

    if (&__libc_stack_end != NULL && is_main_thread())
        return (uintptr_t)__libc_stack_end;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return 0;
    if (pthread_attr_getstack(&attributes, &lowest, &bytes) != 0)
        bytes = 0;
    pthread_attr_destroy(&attributes);
    return bytes == 0 ? 0 : (uintptr_t)lowest + bytes;
}
