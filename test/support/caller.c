/* SPDX-License-Identifier: MIT */
#include "caller.h"

#include "own_folder.h"
#include "see/see.h"
#include "support.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LONG_MS 60000

void caller_use_folder(void)
{
    assert_int_equal(setenv("XDG_RUNTIME_DIR", test_folder(), 1), 0);
}

void caller_leave_folder(void)
{
    char path[128];

    test_folder_file("terrier", path, sizeof path);
    rmdir(path);
    unsetenv("XDG_RUNTIME_DIR");
}

void caller_path(unsigned process, char *path, size_t size)
{
    char folder[TER_INQUIRY_FOLDER_BYTES], name[TER_INQUIRY_NAME_BYTES];

    ter_inquiry_folder(folder, test_folder(), 0);
    ter_inquiry_name(name, process, ter_os_process_space());
    assert_true((size_t)snprintf(path, size, "%s/%s", folder, name) < size);
}

bool caller_begin(struct caller *caller, unsigned process)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    caller_path(process, address.sun_path, sizeof address.sun_path);
    caller->answer[0] = '\0';
    caller->line = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_true(caller->line >= 0);
    if (connect(caller->line, (const struct sockaddr *)&address, sizeof address) == 0)
        return true;
    close(caller->line);
    return false;
}

void caller_end(struct caller *caller)
{
    assert_int_equal(close(caller->line), 0);
}

void caller_say(struct caller *caller, const void *bytes, size_t length, int file)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    memset(&control, 0, sizeof control);
    if (file >= 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(sizeof file);
        memcpy(CMSG_DATA(&control.head), &file, sizeof file);
    }
    assert_int_equal(sendmsg(caller->line, &message, MSG_NOSIGNAL), length);
}

void caller_ask(struct caller *caller, const char *question, int file)
{
    char text[128];
    int length = snprintf(text, sizeof text, "terrier 1 %s 0", question);

    caller_say(caller, text, (size_t)length, file);
}

/* The signal that stops threads may come between. */
static int poll_again(int line, int milliseconds)
{
    struct pollfd ready = {.fd = line, .events = POLLIN};
    int count;

    while ((count = poll(&ready, 1, milliseconds)) < 0 && errno == EINTR)
        continue;
    return count;
}

bool caller_hear(struct caller *caller)
{
    ssize_t length;

    assert_int_equal(poll_again(caller->line, LONG_MS), 1);
    length = recv(caller->line, caller->answer, sizeof caller->answer - 1, MSG_DONTWAIT);
    caller->answer[length > 0 ? length : 0] = '\0';
    return length > 0;
}

bool caller_hears_nothing(struct caller *caller, int milliseconds)
{
    return poll_again(caller->line, milliseconds) == 0;
}

bool caller_is_told(struct caller *caller, const char *question, int file, const char *beginning)
{
    caller_ask(caller, question, file);
    return caller_hear(caller) && strncmp(caller->answer, beginning, strlen(beginning)) == 0;
}

unsigned long long caller_number(const struct caller *caller, const char *name)
{
    char line[80];
    const char *found;

    snprintf(line, sizeof line, "\n%s ", name);
    found = strstr(caller->answer, line);
    assert_non_null(found);
    return strtoull(found + strlen(line), NULL, 10);
}
