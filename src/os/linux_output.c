/* SPDX-License-Identifier: MIT */
/*
 * Files that options name, opened so that nobody else decides what is written to.
 *
 * Invariant: in a folder where others may put files (/tmp, or one that belongs to another user),
 * only a plain file that is ours is written to, never what a link, a pipe or another user's file of
 * that name stands for. Elsewhere a name means what it says: /dev/stderr is a link. The folder is
 * looked at once and the file opened in it, so that no exchange of names in between helps anybody.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_BYTES 4096
#define ALWAYS (O_CREAT | O_CLOEXEC | O_NOCTTY)

/* The folder of `path`, open; -1 with errno. *name becomes what follows the last slash. */
static int open_folder(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    char folder[FOLDER_BYTES];
    size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;

    *name = path + length;
    if (length >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, path, length);
    folder[length] = '\0';
    return open(length == 0 ? "." : folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* May only this user and root put names into the folder? Who shares a group trusts it. */
static bool is_own_folder(int folder)
{
    struct stat status;

    return fstat(folder, &status) == 0 && (status.st_mode & S_IWOTH) == 0 &&
           (status.st_uid == 0 || status.st_uid == geteuid());
}

static bool is_own_file(int file)
{
    struct stat status;

    return fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1 &&
           status.st_uid == geteuid();
}

/* Does not wait for a reader of a pipe, and lets nobody else read what it makes. */
static int open_in_shared_folder(int folder, const char *name, int flags)
{
    int file = openat(folder, name, flags | O_NOFOLLOW | O_NONBLOCK, 0600);

    if (file < 0 || is_own_file(file))
        return file;
    close(file);
    errno = EPERM;
    return -1;
}

static int open_output(const char *path, int flags)
{
    const char *name;
    int folder = open_folder(path, &name), file, error;

    if (folder < 0)
        return -1;
    if (is_own_folder(folder))
        file = openat(folder, name, flags, 0666);
    else
        file = open_in_shared_folder(folder, name, flags);
    error = errno;
    close(folder);
    errno = error;
    return file;
}

int ter_os_open_to_append(const char *path)
{
    return open_output(path, ALWAYS | O_WRONLY | O_APPEND);
}

int ter_os_open_to_change(const char *path)
{
    return open_output(path, ALWAYS | O_RDWR | O_NONBLOCK);
}

bool ter_os_may_grow_file(uint64_t bytes)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
           bytes <= limit.rlim_cur;
}
