/* SPDX-License-Identifier: MIT */
/* What memory the machine has. */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

/*
 * Set by whoever runs the machine: memory is promised without end, and who asks for too much is
 * killed.
 */
static bool promises_everything(void)
{
    int file = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
    char mode = '0';

    if (file < 0)
        return false;
    if (read(file, &mode, 1) != 1)
        mode = '0';
    close(file);
    return mode == '1';
}

size_t ter_os_memory_bytes(void)
{
    TER_KEEP_ERRNO;
    struct sysinfo machine;
    uint64_t bytes;

    if (sysinfo(&machine) != 0)
        return SIZE_MAX;
    bytes = ((uint64_t)machine.totalram + machine.totalswap) * machine.mem_unit;
    return bytes > SIZE_MAX ? SIZE_MAX : (size_t)bytes;
}

bool ter_os_can_promise(size_t bytes)
{
    TER_KEEP_ERRNO;
    size_t injected = ter_os_injected_memory();

    if (injected != 0)
        return bytes <= injected;
    return bytes <= ter_os_memory_bytes() || promises_everything();
}
