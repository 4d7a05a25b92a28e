/* SPDX-License-Identifier: MIT */
/*
 * Registered threads that block the collector's signals behind its back, or take them by sigwait.
 * Either the collection ends, or the program does, with a line that says what is wrong; it does not
 * wait for ever. A handler that the program has replaced is put back by our library.
 */
#define GC_THREADS
#include "check.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int start_through_wrapper(pthread_t *thread, void *(*function)(void *))
{
    return pthread_create(thread, NULL, function, NULL);
}

#undef pthread_sigmask
#include <pthread.h>
#include <stdatomic.h>

enum { PATIENCE_S = 60 };

static atomic_bool is_deaf;

static void *block_all(void *argument)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    atomic_store(&is_deaf, true);
    for (;;)
        usleep(1000);
    return argument;
}

static void *wait_for_all(void *argument)
{
    sigset_t all;
    int number;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    atomic_store(&is_deaf, true);
    for (;;)
        sigwait(&all, &number);
    return argument;
}

/* With the mask that gc.h gives, which leaves the signals open; between two waits one may come
 * through. */
static void *wait_with_open_mask(void *argument)
{
    sigset_t all;
    int number;

    sigfillset(&all);
    GC_pthread_sigmask(SIG_SETMASK, &all, NULL);
    atomic_store(&is_deaf, true);
    for (;;)
        sigwait(&all, &number);
    return argument;
}

/* Its creator blocked everything before: the wrapper opens what is needed. */
static void *inherit(void *argument)
{
    atomic_store(&is_deaf, true);
    for (;;)
        usleep(1000);
    return argument;
}

static void ignore(int number)
{
    (void)number;
}

/* Takes the handler away, as a program may that does not know what the signal is for. */
static void *replace_handler(void *argument)
{
    struct sigaction action = {.sa_handler = ignore};

    sigaction(SIGPWR, &action, NULL);
    return inherit(argument);
}

struct way {
    const char *name;
    void *(*function)(void *);
    bool block_first;
    bool goes_on; /* with our library */
    bool fails;   /* with the stock library it need not end well */
    pid_t child;
    int errors;
};

static void collect_beside(const struct way *way)
{
    sigset_t all;
    pthread_t thread;

    GC_INIT();
    if (way->block_first) {
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, NULL);
    }
    if (start_through_wrapper(&thread, way->function) != 0)
        _exit(3);
    while (!atomic_load(&is_deaf))
        usleep(500);
    usleep(10000);
    for (int i = 0; i < 5; i++)
        GC_gcollect();
    _exit(0);
}

static void begin(struct way *way)
{
    int ends[2];

    EXPECT(pipe(ends) == 0, "no pipe");
    way->child = fork();
    if (way->child == 0) {
        dup2(ends[1], STDERR_FILENO);
        collect_beside(way);
    }
    close(ends[1]);
    way->errors = ends[0];
}

static void end(const struct way *way)
{
    char text[1024] = "";
    int status = 0;
    ssize_t count;

    for (int i = 0; waitpid(way->child, &status, WNOHANG) == 0; i++) {
        usleep(10000);
        if (i == PATIENCE_S * 100) {
            kill(way->child, SIGKILL);
            EXPECT(false, "%s: waits for ever", way->name);
            return;
        }
    }
    count = read(way->errors, text, sizeof text - 1);
    if (is_drop_in() && way->goes_on)
        EXPECT(status == 0, "%s: %#x %s", way->name, status, text);
    if (status == 0 || (!is_drop_in() && way->fails))
        return;
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && count > 0, "%s: %#x %s", way->name,
           status, text);
    if (is_drop_in())
        EXPECT(strstr(text, "Signals delivery fails constantly: thread ") != NULL, "%s: %s",
               way->name, text);
}

extern void __tsan_init(void) __attribute__((weak));

int main(void)
{
    static struct way ways[] = {
        {"blocks all", block_all, .block_first = false},
        {"waits for all", wait_for_all, .block_first = false},
        {"waits with an open mask", wait_with_open_mask, .fails = true},
        {"inherits a mask", inherit, .block_first = true, .goes_on = true},
        {"replaces the handler", replace_handler, .goes_on = true, .fails = true},
    };

    if (__tsan_init != NULL) {
        puts("SKIP: ThreadSanitizer has a handler of its own for all signals");
        return 77;
    }
    /* Side by side: each may take its time. */
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        begin(&ways[i]);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        end(&ways[i]);
    return check_end();
}
