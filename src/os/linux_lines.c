/* SPDX-License-Identifier: MIT */
/*
 * Sockets on which other programs of this user call. Every message is whole (SOCK_SEQPACKET).
 *
 * Invariant: no file is used, not even to close it, without a look whether it is still the one that
 * was opened: programs close what they do not know, and the number then is another's. Numbers are
 * high, out of the way of programs that count theirs.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(TER_OS_LINE_PATH <= sizeof(((struct sockaddr_un *)0)->sun_path), "it fits");

#define LOWEST_NUMBER 600
#define WAITING_CALLERS 8

/* ---- Files that are still ours ---- */

static uint64_t inode_of(int file)
{
    struct stat status;

    return fstat(file, &status) == 0 ? (uint64_t)status.st_ino ^ (uint64_t)status.st_dev << 40 : 0;
}

bool ter_os_line_is_open(const struct ter_os_line *line)
{
    TER_KEEP_ERRNO;

    return line->inode != 0 && inode_of(line->file) == line->inode;
}

void ter_os_line_close(struct ter_os_line *line)
{
    TER_KEEP_ERRNO;

    if (ter_os_line_is_open(line))
        close(line->file);
    line->inode = 0;
}

static void move_up(int *file)
{
    int high = fcntl(*file, F_DUPFD_CLOEXEC, LOWEST_NUMBER);

    if (high < 0)
        return;
    close(*file);
    *file = high;
}

bool ter_os_line_keep(struct ter_os_line *line, int file)
{
    move_up(&file);
    line->file = file;
    line->inode = inode_of(file);
    return line->inode != 0;
}

/* ---- Opening ---- */

/* Nobody else may put a name in it, or look one up. */
static bool is_private_folder(const char *folder)
{
    struct stat status;

    return lstat(folder, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/* Where it is nobody else may take it away: our own, or the system's, as /tmp is. */
static bool is_trusted_parent(const char *folder)
{
    char parent[TER_OS_LINE_PATH];
    const char *slash = strrchr(folder, '/');
    struct stat status;

    if (slash == NULL || (size_t)(slash - folder) + 2 > sizeof parent)
        return false;
    snprintf(parent, sizeof parent, "%.*s/", (int)(slash - folder), folder);
    if (stat(parent, &status) != 0)
        return false;
    return status.st_uid == geteuid() ||
           (status.st_uid == 0 && (status.st_mode & (S_IWOTH | S_ISVTX)) != S_IWOTH);
}

static bool make_private_folder(const char *folder)
{
    bool trusted = is_trusted_parent(folder);

    if (trusted && mkdir(folder, S_IRWXU) != 0 && errno != EEXIST)
        return false;
    if (trusted && is_private_folder(folder))
        return true;
    errno = EPERM;
    return false;
}

/* Of a process that is no more. Its number may be another's by now: then the name stays. */
static void remove_if_stale(int folder, const char *name, uint64_t space)
{
    char *rest;
    unsigned long process = strtoul(name, &rest, 10);

    if (process == 0 || process > INT_MAX || *rest != '.' ||
        strtoull(rest + 1, NULL, 10) != space || kill((pid_t)process, 0) == 0 || errno != ESRCH)
        return;
    (void)unlinkat(folder, name, 0);
}

/* As getdents64(2) has it. */
struct folder_entry {
    uint64_t inode;
    int64_t offset;
    unsigned short bytes;
    unsigned char type;
    char name[];
};

/* Processes that were killed leave their names. One piece of the list, so that it takes no time;
 * and without malloc, as a child that forked may be at it. */
static void remove_stale(const char *path)
{
    union {
        uint64_t aligned;
        char room[4096];
    } list;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    long length = folder < 0 ? 0 : syscall(SYS_getdents64, folder, list.room, sizeof list.room);
    uint64_t space = ter_os_process_space();

    for (long at = 0; at < length;) {
        const struct folder_entry *entry =
            (const struct folder_entry *)(const void *)(list.room + at);

        remove_if_stale(folder, entry->name, space);
        at += entry->bytes;
    }
    if (folder >= 0)
        close(folder);
}

/* The mode of a socket's file is that of the socket, so nobody changes the umask. */
static bool bind_and_listen(int file, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    (void)unlink(path);
    return fchmod(file, S_IRUSR | S_IWUSR) == 0 &&
           bind(file, (const struct sockaddr *)&address, sizeof address) == 0 &&
           listen(file, WAITING_CALLERS) == 0;
}

ter_status ter_os_line_open(struct ter_os_line *line, const char *folder, const char *name,
                            char path[TER_OS_LINE_PATH])
{
    struct ter_os_cancel before = ter_os_cancel_off();
    ter_status status = TER_ERROR_SYSTEM;
    int file = -1;

    line->inode = 0;
    if (snprintf(path, TER_OS_LINE_PATH, "%s/%s", folder, name) >= TER_OS_LINE_PATH)
        errno = ENAMETOOLONG;
    else if (make_private_folder(folder))
        file = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (file >= 0)
        remove_stale(folder);
    if (file >= 0 && bind_and_listen(file, path) && ter_os_line_keep(line, file))
        status = TER_OK;
    else if (file >= 0)
        close(file);
    if (status != TER_OK)
        path[0] = '\0';
    ter_os_cancel_back(before);
    return status;
}

void ter_os_line_remove(const char *path)
{
    TER_KEEP_ERRNO;

    if (path[0] != '\0')
        (void)unlink(path);
}

void ter_os_line_wake(const struct ter_os_line *line)
{
    TER_KEEP_ERRNO;

    if (ter_os_line_is_open(line))
        (void)shutdown(line->file, SHUT_RDWR);
}

/* ---- Who calls ---- */

/* As the kernel decides who may trace this process, but that root needs no capability here. */
static bool may_call(const struct ucred *caller)
{
    uid_t real, effective, saved;
    gid_t real_group, group, saved_group;

    if (caller->uid == 0)
        return true;
    if (getresuid(&real, &effective, &saved) != 0 ||
        getresgid(&real_group, &group, &saved_group) != 0)
        return false;
    return caller->uid == real && caller->uid == effective && caller->uid == saved &&
           caller->gid == real_group && caller->gid == group && caller->gid == saved_group &&
           prctl(PR_GET_DUMPABLE) == 1;
}

bool ter_os_line_accept(const struct ter_os_line *line, struct ter_os_line *caller)
{
    struct ucred who;
    socklen_t size = sizeof who;
    int file;

    caller->inode = 0;
    if (!ter_os_line_is_open(line))
        return false;
    file = accept4(line->file, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (file < 0)
        return false;
    if (getsockopt(file, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && may_call(&who) &&
        ter_os_line_keep(caller, file))
        return true;
    close(file);
    return true;
}

/* ---- Messages ---- */

void ter_os_lines_wait(struct ter_os_line *const lines[], size_t count, unsigned milliseconds,
                       bool ready[])
{
    struct pollfd polls[TER_OS_LINES];

    for (size_t i = 0; i < count; i++)
        polls[i] = (struct pollfd){.fd = ter_os_line_is_open(lines[i]) ? lines[i]->file : -1,
                                   .events = POLLIN};
    if (poll(polls, (nfds_t)count, (int)milliseconds) <= 0)
        count = 0;
    for (size_t i = 0; i < count; i++)
        ready[i] = polls[i].fd >= 0 && polls[i].revents != 0;
}

/* The file that came along; others are closed. */
static int take_file(struct msghdr *message)
{
    int file = -1;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        if (file >= 0)
            close(file);
        memcpy(&file, CMSG_DATA(part), sizeof file);
    }
    return file;
}

int ter_os_line_receive(const struct ter_os_line *line, char *text, size_t size, int *file)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {text, size - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    ssize_t length;

    *file = -1;
    if (!ter_os_line_is_open(line))
        return 0;
    length = recvmsg(line->file, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0)
        return errno == EAGAIN || errno == EINTR ? -1 : 0;
    *file = take_file(&message);
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        length = 0;
    text[length] = '\0';
    return (int)length;
}

bool ter_os_line_send(const struct ter_os_line *line, const char *text, size_t length)
{
    return ter_os_line_is_open(line) &&
           send(line->file, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
}

bool ter_os_is_plain_output(int file)
{
    struct stat status;
    int flags = fcntl(file, F_GETFL);

    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && fstat(file, &status) == 0 &&
           S_ISREG(status.st_mode);
}

/* ---- Where ---- */

uint64_t ter_os_process_space(void)
{
    TER_KEEP_ERRNO;
    struct stat status;

    return stat("/proc/self/ns/pid", &status) == 0 ? (uint64_t)status.st_ino : 0;
}

unsigned ter_os_user(void)
{
    return (unsigned)geteuid();
}
