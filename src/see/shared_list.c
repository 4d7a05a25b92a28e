/* SPDX-License-Identifier: MIT */
#include "see/shared_list.h"

#include <errno.h>
#include <stdio.h>
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

static bool has_head(int file, const char *head)
{
    char wanted[MOST_HEAD];
    int length = snprintf(wanted, sizeof wanted, "[\n%s", head);

    return reads(file, 0, wanted, (size_t)length);
}

static bool has_tail(int file, off_t size)
{
    return reads(file, size - TAIL_BYTES, TAIL, (size_t)TAIL_BYTES);
}

static bool is_empty_list(int file, off_t size)
{
    return size == EMPTY_BYTES && reads(file, 0, EMPTY, (size_t)EMPTY_BYTES);
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

/* Where the last ",\n" before `end` begins; 0: there is none. */
static off_t find_last_comma(int file, off_t end)
{
    char piece[4096];

    while (end > EMPTY_BYTES) {
        size_t bytes = (size_t)ter_min((size_t)end, sizeof piece);
        off_t start = end - (off_t)bytes;

        if (pread(file, piece, bytes, start) != (ssize_t)bytes)
            return 0;
        for (size_t i = bytes - 1; i > 0; i--)
            if (piece[i - 1] == ',' && piece[i] == '\n')
                return start + (off_t)i - 1;
        end = start + 1; /* it may lie across */
    }
    return 0;
}

/*
 * Who was killed in the middle of a write has left half an element: the last one goes, and there is
 * an end again. Nobody writes meanwhile. The new size; 0: that failed.
 */
static off_t mend(int file, off_t size)
{
    off_t comma = find_last_comma(file, size);

    if (comma == 0)
        return ftruncate(file, 0) == 0 && make_empty(file) ? EMPTY_BYTES : 0;
    if (ftruncate(file, comma) != 0 || !writes(file, comma, TAIL, (size_t)TAIL_BYTES))
        return 0;
    return comma + TAIL_BYTES;
}

/* The size of the list that is there or was made or mended; 0, with errno: there is none. */
static off_t make_shared_list(int file, off_t size, const char *head)
{
    if (size == 0)
        return make_empty(file) ? EMPTY_BYTES : 0;
    errno = 0;
    if (is_empty_list(file, size))
        return size;
    if (size <= EMPTY_BYTES || !has_head(file, head))
        return 0;
    return has_tail(file, size) ? size : mend(file, size);
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
    size = make_shared_list(file, status.st_size, head);
    if (size == 0)
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
