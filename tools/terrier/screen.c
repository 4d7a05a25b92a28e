/* SPDX-License-Identifier: MIT */
/* Plain ANSI sequences, as all terminals of today know them: the other screen, no cursor. */
#include "terrier.h"

#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static const char enter[] = "\033[?1049h\033[?25l\033[2J";
static const char leave[] = "\033[?25h\033[?1049l";

static struct termios found;
static volatile sig_atomic_t is_entered;
static pid_t drawing; /* in the parent */

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { ENDING_COUNT = sizeof ending / sizeof ending[0] };

bool cmd_screen_is_there(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && kind != NULL && kind[0] != '\0' &&
           strcmp(kind, "dumb") != 0 && tcgetattr(STDIN_FILENO, &found) == 0;
}

/* In signal handlers too. */
static void put_text(const char *text)
{
    size_t length = strlen(text), done = 0;
    while (done < length) {
        ssize_t count = write(STDOUT_FILENO, text + done, length - done);
        if (count <= 0)
            return;
        done += (size_t)count;
    }
}

/* Ctrl-C and Ctrl-Z stay signals. A process in the background may not change the terminal. */
static void set_terminal(const struct termios *wanted)
{
    sigset_t one, before;
    sigemptyset(&one);
    sigaddset(&one, SIGTTOU);
    sigprocmask(SIG_BLOCK, &one, &before);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, wanted);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void take_screen(void)
{
    struct termios wanted = found;
    wanted.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    wanted.c_cc[VMIN] = 0;
    wanted.c_cc[VTIME] = 0;
    set_terminal(&wanted);
    put_text(enter);
    is_entered = 1;
}

void cmd_screen_end(void)
{
    if (!is_entered)
        return;
    is_entered = 0;
    put_text(leave);
    set_terminal(&found);
}

/* ---- The process that draws ---- */

static void end_by_signal(int number)
{
    cmd_screen_end();
    signal(number, SIG_DFL);
    raise(number);
}

static void stop_by_signal(int number)
{
    int error = errno;
    (void)number;
    cmd_screen_end();
    do /* in the background there is no screen to draw on */
        kill(getpid(), SIGSTOP);
    while (tcgetpgrp(STDIN_FILENO) != getpgrp());
    take_screen();
    errno = error;
}

/* It interrupts the wait for a key. */
static void note_size(int number)
{
    (void)number;
}

static void handle(int number, void (*function)(int number))
{
    struct sigaction action = {.sa_handler = function};
    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void begin_drawing(void)
{
    for (size_t i = 0; i < ENDING_COUNT; i++)
        handle(ending[i], end_by_signal);
    handle(SIGTSTP, stop_by_signal);
    handle(SIGWINCH, note_size);
    atexit(cmd_screen_end);
    take_screen();
}

/* ---- Its parent ---- */

static void pass_to_drawing(int number)
{
    kill(drawing, number);
}

/* What the terminal sends reaches both; only who was meant alone is to pass it on. */
static _Noreturn void wait_for_drawing(void)
{
    int status;
    pid_t ended;
    while ((ended = waitpid(drawing, &status, 0)) != drawing && errno == EINTR)
        continue;
    if (ended != drawing)
        status = 0;
    if (WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    if (WTERMSIG(status) == SIGKILL || WCOREDUMP(status)) {
        is_entered = 1;
        cmd_screen_end();
    }
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    _exit(CMD_STATUS_FAILED);
}

void cmd_screen_begin(void)
{
    sigset_t all, before;
    pid_t parent = getpid();
    sigfillset(&all);
    fflush(NULL);
    sigprocmask(SIG_BLOCK, &all, &before);
    drawing = fork();
    if (drawing < 0)
        cmd_die(CMD_STATUS_FAILED, "cannot start a process: %s", strerror(errno));
    if (drawing > 0) {
        for (size_t i = 0; i < ENDING_COUNT; i++)
            handle(ending[i], pass_to_drawing);
        sigprocmask(SIG_SETMASK, &before, NULL);
        wait_for_drawing();
    }
    begin_drawing();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (getppid() != parent)
        exit(CMD_STATUS_FAILED);
}

/* ---- Size and keys ---- */

void cmd_screen_size(unsigned *columns, unsigned *rows)
{
    struct winsize size;
    *columns = 80;
    *rows = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return;
    *columns = size.ws_col;
    *rows = size.ws_row;
}

int cmd_screen_key(int milliseconds)
{
    struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
    unsigned char key;
    if (poll(&ready, 1, milliseconds) <= 0)
        return 0;
    /* No terminal any more: as if somebody wanted to go. */
    return read(STDIN_FILENO, &key, 1) == 1 ? key : 'q';
}
