/* SPDX-License-Identifier: MIT */
/* Waiting for a number to change, on Linux: futexes. */
#define _GNU_SOURCE
#include "os/os.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void ter_os_wait_while(_Atomic uint32_t *word, uint32_t value, unsigned milliseconds)
{
    TER_KEEP_ERRNO;
    struct timespec patience = {.tv_sec = milliseconds / 1000,
                                .tv_nsec = (long)(milliseconds % 1000) * 1000 * 1000};

    syscall(SYS_futex, (uint32_t *)word, FUTEX_WAIT_PRIVATE, value,
            milliseconds == 0 ? NULL : &patience, NULL, 0);
}

void ter_os_wake_waiting(_Atomic uint32_t *word)
{
    TER_KEEP_ERRNO;
    syscall(SYS_futex, (uint32_t *)word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
