/* SPDX-License-Identifier: MIT */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "play.h"

enum { LONGEST_RUN_SECONDS = 240 };

/* ---- One run ---- */

static TER_NORETURN void be_child(struct run *run, bool quiet)
{
    if (quiet) {
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

        if (nowhere >= 0)
            dup2(nowhere, STDERR_FILENO);
    }
    alarm(LONGEST_RUN_SECONDS);
    play(run);
    exit(0);
}

static int wait_for(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 1;
    return status;
}

bool supervise(struct run *run, bool quiet)
{
    pid_t child;
    int status;

    run->done = 0;
    run->message_written = 0;
    run->message[0] = '\0';
    fflush(NULL);
    child = fork();
    if (child == 0)
        be_child(run, quiet);
    status = child < 0 ? 1 : wait_for(child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (run->message[0] != '\0')
        return false;
    if (WIFSIGNALED(status))
        snprintf(run->message, sizeof run->message, "ended by signal %d (%s)", WTERMSIG(status),
                 WTERMSIG(status) == SIGALRM ? "it took too long" : strsignal(WTERMSIG(status)));
    else
        snprintf(run->message, sizeof run->message, "ended with code %d", WEXITSTATUS(status));
    return false;
}

/* ---- Shrinking (Zeller, Hildebrandt: "Simplifying and isolating failure-inducing input") ---- */

struct shrink {
    struct run *best;
    struct run *trial;
    time_t end;
};

/* Without the operations [from, to): does it still fail? Then that is the best. */
static bool try_without(struct shrink *shrink, uint32_t from, uint32_t to)
{
    struct run *best = shrink->best, *trial = shrink->trial;

    trial->settings = best->settings;
    trial->replayed = true;
    trial->count = best->count - (to - from);
    memcpy(trial->operations, best->operations, from * sizeof(struct operation));
    memcpy(trial->operations + from, best->operations + to,
           (best->count - to) * sizeof(struct operation));
    if (supervise(trial, true))
        return false;
    /* What comes behind the operation that failed is needed by nobody. */
    if (trial->done < trial->count)
        trial->count = trial->done;
    memcpy(best->operations, trial->operations, trial->count * sizeof(struct operation));
    best->count = trial->count;
    memcpy(best->message, trial->message, sizeof best->message);
    return true;
}

/* One pass with pieces of this size, from the end; false when nothing could be left out. */
static bool try_pieces(struct shrink *shrink, uint32_t size)
{
    uint32_t end = shrink->best->count;
    bool some = false;

    while (end > 0 && time(NULL) < shrink->end) {
        uint32_t from = end > size ? end - size : 0;

        some |= try_without(shrink, from, end);
        end = (uint32_t)ter_min(from, shrink->best->count);
    }
    return some;
}

void supervise_shrink(struct run *run, unsigned seconds)
{
    struct shrink shrink = {.best = run, .end = time(NULL) + (time_t)seconds};
    uint32_t size;

    if (run->settings.free_running)
        return;
    run->replayed = true;
    run->count = (uint32_t)ter_min(run->count, run->done);
    shrink.trial = run_new(run->count);
    for (size = run->count / 2; size > 0 && time(NULL) < shrink.end; size /= 2)
        while (try_pieces(&shrink, size) && size == 1 && time(NULL) < shrink.end)
            continue;
}
