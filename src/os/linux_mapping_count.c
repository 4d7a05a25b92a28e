/* SPDX-License-Identifier: MIT */
/* How many mappings there may be, and how many there are of a sort that heaps can do without. */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* What Linux has, unless somebody changed it. */
#define USUAL_MOST 65530u

static _Atomic size_t most_mappings;    /* 0: not asked yet */
static _Atomic size_t counted_mappings; /* in the child of a fork as many as in its parent */

static size_t read_most_mappings(void)
{
    int file = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    char digits[24] = "";
    unsigned long most = 0;

    if (file >= 0) {
        if (read(file, digits, sizeof digits - 1) > 0)
            most = strtoul(digits, NULL, 10);
        close(file);
    }
    return most == 0 ? USUAL_MOST : most;
}

size_t ter_os_most_mappings(void)
{
    TER_KEEP_ERRNO;
    size_t injected = ter_os_injected_mappings();
    size_t most = atomic_load_explicit(&most_mappings, memory_order_relaxed);

    if (injected != 0)
        return injected;
    if (most == 0) {
        most = read_most_mappings();
        atomic_store_explicit(&most_mappings, most, memory_order_relaxed);
    }
    return most;
}

size_t ter_os_count_mappings(ptrdiff_t more)
{
    return atomic_fetch_add_explicit(&counted_mappings, (size_t)more, memory_order_relaxed) +
           (size_t)more;
}
