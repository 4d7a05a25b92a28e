/* SPDX-License-Identifier: MIT */
/* A process is found by its number and that of its space of numbers, in the folders where it may
 * listen, as they are seen from here and from where it is itself. */
#include "terrier.h"

#include "call.h"
#include "traced.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST_DIGITS = 9, ERRAND_LOOK_MS = 1000 };

pid_t cmd_call_parse_pid(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > MOST_DIGITS || strspn(text, "0123456789") != length)
        return 0;
    return (pid_t)strtol(text, NULL, 10);
}

/* ---- Finding it ---- */

/* A path in a folder may be longer than an address has room for, so it begins at the folder. */
static int connect_in(int folder, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder, name);
    int line = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (line < 0 || connect(line, (const struct sockaddr *)&address, sizeof address) == 0)
        return line;
    close(line);
    return -1;
}

/* Who listens is who the kernel says, as that process and user are called here. */
static bool is_meant(int line, const struct cmd_traced *traced)
{
    struct ucred who;
    socklen_t size = sizeof who;
    return getsockopt(line, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.pid == traced->pid;
}

static int try_folder(const struct cmd_traced *traced, const char *prefix, const char *path)
{
    char *whole = cmd_format("%s%s", prefix, path);
    int folder = open(whole, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), line = -1;
    char name[TER_INQUIRY_NAME_BYTES];
    free(whole);
    if (folder < 0)
        return -1;
    ter_inquiry_name(name, traced->own_number, traced->space);
    line = connect_in(folder, name);
    close(folder);
    if (line < 0 || is_meant(line, traced))
        return line;
    close(line);
    return -1;
}

static int try_folders(const struct cmd_traced *traced, const char *prefix)
{
    char folders[4][TER_INQUIRY_FOLDER_BYTES];
    char *usual = cmd_format("/run/user/%u", traced->user);
    char *theirs = cmd_traced_variable(traced, "XDG_RUNTIME_DIR");
    ter_inquiry_folder(folders[0], theirs, traced->user);
    ter_inquiry_folder(folders[1], getenv("XDG_RUNTIME_DIR"), traced->user);
    ter_inquiry_folder(folders[2], usual, traced->user);
    ter_inquiry_folder(folders[3], NULL, traced->user);
    int line = -1;
    for (size_t i = 0; i < 4 && line < 0; i++)
        line = try_folder(traced, prefix, folders[i]);
    free(theirs);
    free(usual);
    return line;
}

bool cmd_call_open(struct cmd_call *call, pid_t pid, char **why)
{
    struct cmd_traced traced;
    *why = NULL;
    *call = (struct cmd_call){.pid = pid, .line = -1};
    if (!cmd_traced_init(&traced, pid, why))
        return false;
    call->line = try_folders(&traced, "");
    if (call->line < 0) {
        char *root = cmd_format("/proc/%ld/root", (long)pid);
        call->line = try_folders(&traced, root);
        free(root);
    }
    if (call->line < 0)
        *why = cmd_format("process %ld does not answer: it uses no Terrier, or was not started for "
                          "that, by 'terrier run --live' or TERRIER_OPTIONS=live=1",
                          (long)pid);
    return call->line >= 0;
}

void cmd_call_close(struct cmd_call *call)
{
    if (call->line >= 0)
        close(call->line);
    call->line = -1;
}

/* ---- Talking ---- */

bool cmd_call_ask(const struct cmd_call *call, const struct ter_inquiry *inquiry, int file)
{
    char text[TER_INQUIRY_BYTES];
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {text, ter_inquiry_print(inquiry, text, sizeof text)};
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
    return sendmsg(call->line, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

/* `text` becomes what is behind the word. */
static bool takes_word(char *text, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(text, word, length) != 0 || !isspace((unsigned char)text[length]))
        return false;
    memmove(text, text + length + 1, strlen(text + length + 1) + 1);
    return true;
}

enum cmd_answer cmd_call_hear(const struct cmd_call *call, int milliseconds,
                              char text[TER_INQUIRY_ANSWER_BYTES])
{
    struct pollfd ready = {.fd = call->line, .events = POLLIN};
    if (poll(&ready, 1, milliseconds) <= 0)
        return CMD_ANSWER_NONE;
    ssize_t length = recv(call->line, text, TER_INQUIRY_ANSWER_BYTES - 1, 0);
    if (length <= 0)
        return CMD_ANSWER_GONE;
    text[length] = '\0';
    if (takes_word(text, "ok"))
        return CMD_ANSWER_OK;
    text[strcspn(text, "\n")] = '\n';
    if (takes_word(text, "wait"))
        return CMD_ANSWER_WAIT;
    return takes_word(text, "no") ? CMD_ANSWER_NO : CMD_ANSWER_GONE;
}

/* ---- Errands ---- */

static char *first_line(char *text)
{
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static bool wait_for_errand(const struct cmd_call *call, char **why)
{
    char text[TER_INQUIRY_ANSWER_BYTES];
    for (;;) {
        switch (cmd_call_hear(call, ERRAND_LOOK_MS, text)) {
        case CMD_ANSWER_OK: return true;
        case CMD_ANSWER_WAIT:
            cmd_warn("process %ld: waiting: %s", (long)call->pid, first_line(text));
            break;
        case CMD_ANSWER_NO:
            *why = cmd_format("process %ld: %s", (long)call->pid, first_line(text));
            return false;
        case CMD_ANSWER_GONE:
            *why = cmd_format("process %ld has ended, or hung up", (long)call->pid);
            return false;
        case CMD_ANSWER_NONE: break;
        }
    }
}

bool cmd_call_errand(pid_t pid, const struct ter_inquiry *inquiry, int file, char **why)
{
    struct cmd_call call;
    if (!cmd_call_open(&call, pid, why))
        return false;
    bool done = cmd_call_ask(&call, inquiry, file);
    if (!done)
        *why = cmd_format("process %ld hung up", (long)pid);
    else
        done = wait_for_errand(&call, why);
    cmd_call_close(&call);
    return done;
}
