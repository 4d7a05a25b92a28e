/* SPDX-License-Identifier: MIT */
#include "see/shared_list.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define EMPTY "[\n]\n"
#define EMPTY_BYTES ((off_t)4)
#define TAIL "\n]\n"
#define TAIL_BYTES ((off_t)TER_SHARED_LIST_TAIL)
#define MOST_HEAD ((size_t)64)

static bool reads(int file, off_t offset, const char *text, size_t bytes)
{
    char there[MOST_HEAD];

    return bytes <= sizeof there && pread(file, there, bytes, offset) == (ssize_t)bytes &&
           memcmp(there, text, bytes) == 0;
}

static bool writes(int file, off_t offset, const char *text, size_t bytes)
{
    ssize_t written;

    if (!ter_os_may_grow_file((uint64_t)offset + bytes)) {
        errno = EFBIG;
        return false;
    }
    do
        written = pwrite(file, text, bytes, offset);
    while (written < 0 && errno == EINTR);
    if (written >= 0 && written < (ssize_t)bytes)
        errno = ENOSPC;
    return written == (ssize_t)bytes;
}

static bool is_list(int file, off_t size, const char *head)
{
    if (size == EMPTY_BYTES)
        return reads(file, 0, EMPTY, (size_t)EMPTY_BYTES);
    return size > EMPTY_BYTES && reads(file, 0, "[\n", 2) && reads(file, 2, head, strlen(head)) &&
           reads(file, size - TAIL_BYTES, TAIL, (size_t)TAIL_BYTES);
}

/* What an attempt left behind goes. The old end is written in its old place, so it has room. */
static void restore(int file, off_t size)
{
    int error = errno;

    if (ftruncate(file, size) == 0 && size >= TAIL_BYTES)
        (void)!pwrite(file, TAIL, (size_t)TAIL_BYTES, size - TAIL_BYTES);
    errno = error;
}

static bool make_empty(int file)
{
    if (writes(file, 0, EMPTY, (size_t)EMPTY_BYTES))
        return true;
    restore(file, 0);
    return false;
}

/* The first one has no comma before it. */
static bool add(int file, off_t size, char *text, size_t bytes)
{
    bool first = size == EMPTY_BYTES;

    memcpy(text + bytes, TAIL, TER_SHARED_LIST_TAIL);
    if (first)
        text[0] = '[';
    if (writes(file, first ? 0 : size - TAIL_BYTES, text, bytes + TER_SHARED_LIST_TAIL))
        return true;
    restore(file, size);
    return false;
}

/* Under the lock on the file. `text` NULL: it is only made. */
static enum ter_shared_list_result change(int file, const char *head, char *text, size_t bytes)
{
    struct stat status;
    off_t size;

    if (fstat(file, &status) != 0)
        return TER_SHARED_LIST_FAILED;
    errno = 0;
    if (!S_ISREG(status.st_mode))
        return TER_SHARED_LIST_FAILED;
    size = status.st_size;
    if (size == 0) {
        if (!make_empty(file))
            return TER_SHARED_LIST_FAILED;
        size = EMPTY_BYTES;
    }
    errno = 0;
    if (!is_list(file, size, head))
        return TER_SHARED_LIST_FAILED;
    return text == NULL || add(file, size, text, bytes) ? TER_SHARED_LIST_ADDED
                                                        : TER_SHARED_LIST_FAILED;
}

/* A file system without such locks has one writer, we hope. */
static bool is_locked_by_other(int file)
{
    return flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

static enum ter_shared_list_result change_file(const char *path, const char *head, char *text,
                                               size_t bytes)
{
    struct ter_os_cancel before = ter_os_cancel_off();
    enum ter_shared_list_result result = TER_SHARED_LIST_FAILED;
    int file = ter_os_open_to_change(path);

    if (file >= 0) {
        int error;

        result = is_locked_by_other(file) ? TER_SHARED_LIST_BUSY : change(file, head, text, bytes);
        error = errno;
        close(file);
        errno = error;
    }
    ter_os_cancel_back(before);
    return result;
}

enum ter_shared_list_result ter_shared_list_begin(const char *path, const char *head)
{
    return change_file(path, head, NULL, 0);
}

enum ter_shared_list_result ter_shared_list_add(const char *path, const char *head, char *text,
                                                size_t bytes)
{
    return change_file(path, head, text, bytes);
}
