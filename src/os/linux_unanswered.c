/* SPDX-License-Identifier: MIT */
/*
 * Finding out why one thread does not answer: by the kernel's number for it, which names no other
 * thread of the process as long as this one lives. No call here is a point where threads are
 * cancelled, nor changes errno, nor allocates.
 */
#define _GNU_SOURCE
#include "os/linux_unanswered.h"
#include "os/linux_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A file of /proc about the thread, cut and ended by a zero; its length. 0: there is no such file.
 */
static size_t read_thread_file(const struct ter_os_thread *thread, const char *name, char *text,
                               size_t size)
{
    struct ter_os_cancel before = ter_os_cancel_off();
    int saved_errno = errno, file;
    ssize_t count = 0;
    char path[64];

    snprintf(path, sizeof path, "/proc/self/task/%d/%s", thread->number, name);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        count = read(file, text, size - 1);
        close(file);
    }
    text[count > 0 ? count : 0] = '\0';
    ter_os_cancel_back(before);
    errno = saved_errno;
    return count > 0 ? (size_t)count : 0;
}

/* What stands behind "\nName:\t"; NULL when there is no such line. */
static const char *find_status_field(const char *text, const char *name)
{
    const char *found = strstr(text, name);

    if (found == NULL)
        return NULL;
    found += strlen(name);
    return found + strspn(found, " \t");
}

static bool has_signal(const char *text, const char *name, int number)
{
    const char *set = find_status_field(text, name);

    return set != NULL && (strtoull(set, NULL, 16) >> (number - 1) & 1) != 0;
}

static bool is_one_of(const char *state, const char *letters)
{
    return state != NULL && *state != '\0' && strchr(letters, *state) != NULL;
}

enum ter_os_answer ter_signals_look_at(const struct ter_os_thread *thread, int number)
{
    char text[4096];
    const char *state;

    if (!ter_signals_send(thread, 0))
        return TER_OS_GONE;
    if (read_thread_file(thread, "status", text, sizeof text) == 0)
        return TER_OS_WAITING;
    state = find_status_field(text, "\nState:");
    /* The main thread stays in the list as a zombie until the last one has ended. */
    if (is_one_of(state, "ZX"))
        return TER_OS_GONE;
    if (is_one_of(state, "TtD"))
        return TER_OS_HALTED;
    if (has_signal(text, "\nSigBlk:", number))
        return TER_OS_BLOCKS;
    return has_signal(text, "\nSigPnd:", number) ? TER_OS_WAITING : TER_OS_TAKES;
}

bool ter_os_thread_is_gone(const struct ter_os_thread *thread)
{
    return !ter_signals_send(thread, 0);
}

void ter_os_thread_name(const struct ter_os_thread *thread, char *name, size_t size)
{
    (void)read_thread_file(thread, "comm", name, size);
    name[strcspn(name, "\n")] = '\0';
}
