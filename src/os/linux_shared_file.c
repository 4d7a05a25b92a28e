/* SPDX-License-Identifier: MIT */
/*
 * A file that is memory of this process: what is stored there is in the file, however the process
 * ends, and no system call is made for it.
 *
 * Invariant: all of its disk space is reserved before anything is stored, since a store to a page
 * that gets none is a signal that kills.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static void *map_reserved(int file, size_t bytes)
{
    void *memory;

    if (!ter_os_may_grow_file(bytes)) {
        errno = EFBIG;
        return NULL;
    }
    while (fallocate(file, 0, 0, (off_t)bytes) != 0)
        if (errno != EINTR)
            return NULL;
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void *ter_os_map_new_file(const char *path, size_t bytes)
{
    struct ter_os_cancel before = ter_os_cancel_off();
    int file = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    void *memory = file < 0 ? NULL : map_reserved(file, bytes);
    int error = errno;

    if (file >= 0)
        close(file);
    if (file >= 0 && memory == NULL)
        unlink(path);
    ter_os_cancel_back(before);
    errno = error;
    return memory;
}
