/* SPDX-License-Identifier: MIT */
/* Barriers in all threads at once, by membarrier(2). */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool have_barrier(int command)
{
    int saved_errno = errno;
    bool done = syscall(SYS_membarrier, command, 0, 0) == 0;

    errno = saved_errno;
    return done;
}

/* With more threads the kernel would take some milliseconds. */
void ter_os_order_prepare(void)
{
    if (ter_os_is_single_threaded())
        (void)have_barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

/* ThreadSanitizer does not know of it: there is no order then that it would believe in. */
bool ter_os_order_threads(void)
{
    return !TER_HAS_TSAN && have_barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}
