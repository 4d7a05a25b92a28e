/* SPDX-License-Identifier: MIT */
/* Start, wait, account. A pipe closed by exec carries the error of an exec that failed. */
#include "terrier.h"

#include "child.h"
#include "relay.h"
#include "resident.h"
#include "sentinel.h"

#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t timeval_ns(struct timeval time)
{
    return (uint64_t)time.tv_sec * CMD_NS_PER_SECOND + (uint64_t)time.tv_usec * 1000;
}

static bool set_files(const struct cmd_launch *launch)
{
    for (int i = 0; i < 3; i++) {
        if (launch->files[i] >= 0 && dup2(launch->files[i], i) < 0)
            return false;
    }
    return true;
}

/* If terrier is killed, so is the program, as it would be without terrier. */
static void die_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(CMD_STATUS_FAILED);
}

/* Signals are blocked until `go` says that what came before has been passed on. */
static _Noreturn void become_program(const struct cmd_launch *launch, pid_t parent, int go,
                                     int error_pipe)
{
    char byte;
    die_with(parent);
    if (read(go, &byte, sizeof byte) != (ssize_t)sizeof byte)
        _exit(CMD_STATUS_FAILED);
    cmd_relay_restore();
    if (set_files(launch))
        execvpe(launch->program[0], launch->program, launch->environment);
    int error_number = errno;
    ssize_t written = write(error_pipe, &error_number, sizeof error_number);
    _exit(written == (ssize_t)sizeof error_number ? CMD_STATUS_NOT_FOUND : CMD_STATUS_FAILED);
}

/* 0 if the program began, else the error number of the step that failed. */
static int read_start_error(int error_pipe)
{
    int error_number = 0;
    ssize_t count;
    do {
        count = read(error_pipe, &error_number, sizeof error_number);
    } while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof error_number ? error_number : 0;
}

void cmd_child_die_cannot_run(const char *program, int error_number)
{
    cmd_die(error_number == ENOENT ? CMD_STATUS_NOT_FOUND : CMD_STATUS_CANNOT_RUN,
            "cannot run '%s': %s", program, strerror(error_number));
}

static void make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        cmd_die(CMD_STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
}

/* What was sent while there was no program, or no sentinel yet, is the program's before it begins;
 * what reached it already is pending there, and one with it. */
static void let_go(pid_t pid, int go)
{
    static const char byte = 1;
    cmd_sentinel_init();
    cmd_relay_pass_pending(pid);
    if (write(go, &byte, sizeof byte) != (ssize_t)sizeof byte)
        cmd_die(CMD_STATUS_FAILED, "cannot start a process: %s", strerror(errno));
}

/* Starts the program and hands back its id, or 0 with the error number. */
static pid_t start(const struct cmd_launch *launch, int *error_number)
{
    int error_pipe[2], go[2];
    pid_t parent = getpid();
    make_pipe(error_pipe);
    make_pipe(go);
    pid_t pid = fork();
    if (pid < 0)
        cmd_die(CMD_STATUS_FAILED, "cannot start a process: %s", strerror(errno));
    if (pid == 0)
        become_program(launch, parent, go[0], error_pipe[1]);
    close(error_pipe[1]);
    close(go[0]);
    let_go(pid, go[1]);
    close(go[1]);
    *error_number = read_start_error(error_pipe[0]);
    close(error_pipe[0]);
    return pid;
}

/* What became of the process, which stays as it is: `si_pid` is 0 if nothing did. */
static siginfo_t look_at(pid_t pid)
{
    siginfo_t change = {0};
    if (waitid(P_PID, (id_t)pid, &change, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) != 0)
        cmd_die(CMD_STATUS_FAILED, "cannot wait for process %ld: %s", (long)pid, strerror(errno));
    return change;
}

/* Stops and goes on with the program. A stop is not taken as known: what made terrier go on may be
 * older than the stop, or have been taken away by the next, and then the next signal brings us back
 * here. */
static void follow_stops(pid_t pid)
{
    siginfo_t change = look_at(pid);
    while (change.si_pid == pid && change.si_code == CLD_STOPPED &&
           cmd_relay_stop(pid, change.si_status))
        change = look_at(pid);
}

/* Its id may be used again as soon as it is reaped, so no signal is passed on from there. */
static int wait_for_end(pid_t pid, struct rusage *usage)
{
    int wait_status = 0;
    while (wait4(pid, &wait_status, WNOHANG, usage) != pid) {
        cmd_relay_next(pid);
        follow_stops(pid);
    }
    return wait_status;
}

struct cmd_outcome cmd_child_run(const struct cmd_launch *launch)
{
    struct cmd_outcome outcome = {0};
    struct rusage usage;
    int error_number = 0;
    memset(&usage, 0, sizeof usage);
    cmd_relay_init();
    uint64_t begin_ns = ter_os_now_ns();
    outcome.pid = start(launch, &error_number);
    if (launch->resident != NULL)
        cmd_resident_watch(launch->resident, outcome.pid);
    outcome.wait_status = wait_for_end(outcome.pid, &usage);
    outcome.wall_ns = ter_os_now_ns() - begin_ns;
    if (error_number != 0)
        cmd_child_die_cannot_run(launch->program[0], error_number);
    outcome.user_ns = timeval_ns(usage.ru_utime);
    outcome.system_ns = timeval_ns(usage.ru_stime);
    outcome.peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
    outcome.page_faults = (uint64_t)usage.ru_minflt;
    return outcome;
}

void cmd_child_die_of(int signal_number)
{
    struct rlimit no_core = {0, 0};
    struct sigaction action;
    sigset_t mask;
    fflush(NULL);
    cmd_relay_fini();
    setrlimit(RLIMIT_CORE, &no_core);
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(signal_number, &action, NULL);
    raise(signal_number);
    sigemptyset(&mask);
    sigaddset(&mask, signal_number);
    sigprocmask(SIG_UNBLOCK, &mask, NULL);
    _exit(128 + signal_number);
}

int cmd_child_end_like(const struct cmd_outcome *outcome)
{
    if (WIFSIGNALED(outcome->wait_status))
        cmd_child_die_of(WTERMSIG(outcome->wait_status));
    return WEXITSTATUS(outcome->wait_status);
}
