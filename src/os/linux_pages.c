/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "os/linux_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int ter_pages_open_file(const char *path)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
}

ssize_t ter_pages_read_file(int file, void *buffer, size_t bytes)
{
    ssize_t count;

    do
        count = syscall(SYS_read, file, buffer, bytes);
    while (count < 0 && errno == EINTR);
    return count;
}

void ter_pages_close_file(int file)
{
    syscall(SYS_close, file);
}

bool ter_pages_read(int file, uintptr_t address, uint64_t *pages, size_t count)
{
    size_t bytes = count * sizeof pages[0];
    uintptr_t number = address / (uintptr_t)sysconf(_SC_PAGESIZE);

    return syscall(SYS_lseek, file, number * sizeof pages[0], SEEK_SET) >= 0 &&
           ter_pages_read_file(file, pages, bytes) == (ssize_t)bytes;
}

/* An emulator passes on the list of its own memory: what it says of this frame's page shows that.
 */
int ter_pages_open(void)
{
    int file = ter_pages_open_file("/proc/self/pagemap");
    uint64_t page;

    if (file >= 0 && ter_pages_read(file, TER_FRAME_ADDRESS(), &page, 1) &&
        ter_page_was_touched(page))
        return file;
    if (file >= 0)
        ter_pages_close_file(file);
    return -1;
}
