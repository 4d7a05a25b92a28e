/* SPDX-License-Identifier: MIT */
/*
 * A storm of signals while threads allocate and others collect: timers of the process and of
 * threads, and signals from thread to thread, up to some ten thousand a second. Handlers keep
 * errno, read the heap's figures where no lock is needed, and look at what the thread was at.
 * Threads block signals with masks of all kinds, wait for signals, and are interrupted in calls.
 */
#define GC_THREADS
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4, ERRNO = 12345 };

struct cell {
    struct cell *next;
    uintptr_t number;
};

static atomic_uint wrong, handled, restarted;
static atomic_bool stop;
static struct cell *_Atomic shared; /* static data keeps it; handlers read it */

static NOINLINE struct cell *make_list(uintptr_t count)
{
    struct cell *list = NULL;

    for (uintptr_t i = 0; i < count; i++) {
        struct cell *cell = GC_malloc(sizeof *cell + i % 100);

        cell->next = list;
        cell->number = i;
        list = cell;
    }
    return list;
}

static NOINLINE void check_list(const struct cell *list, uintptr_t count)
{
    for (; list != NULL; list = list->next)
        if (count == 0 || list->number != --count) {
            wrong++;
            return;
        }
    wrong += count != 0;
}

/* What takes no lock, in the stock library either. */
static void handle(int number)
{
    int saved = errno;
    struct cell *const first = shared;
    unsigned looked = 0;

    (void)number;
    for (const struct cell *list = first; list != NULL && looked < 20; list = list->next, looked++)
        wrong += list->next != NULL && list->next->number + 1 != list->number;
    wrong += GC_base(first) != (void *)first;
    wrong += !GC_is_heap_ptr(first) || GC_is_heap_ptr(&saved) || GC_is_disabled();
    handled++;
    errno = saved;
}

static void install(int number, int flags)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = flags};

    sigemptyset(&action.sa_mask);
    EXPECT(sigaction(number, &action, NULL) == 0, "signal %d", number);
}

static const int stormy[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGWINCH};

enum { STORMY = sizeof stormy / sizeof stormy[0] };

static void start_timers(suseconds_t microseconds)
{
    static const int timers[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};
    struct itimerval time = {.it_interval.tv_usec = microseconds, .it_value.tv_usec = microseconds};

    for (size_t i = 0; i < 3; i++)
        EXPECT(setitimer(timers[i], &time, NULL) == 0, "timer %zu", i);
}

/* ---- Threads ---- */

/* Blocks some signals, or all: the collector's own must get through all the same. */
static void change_mask(uint64_t *state)
{
    sigset_t set, old;

    sigemptyset(&set);
    for (size_t i = 0; i < STORMY; i++)
        if (random_below(state, 2) == 0)
            sigaddset(&set, stormy[i]);
    if (random_below(state, 4) == 0)
        sigfillset(&set);
    wrong +=
        pthread_sigmask(random_below(state, 2) == 0 ? SIG_BLOCK : SIG_SETMASK, &set, &old) != 0;
    make_list(20);
    wrong += pthread_sigmask(SIG_SETMASK, &old, NULL) != 0;
}

static void sleep_a_little(void)
{
    struct timespec time = {.tv_nsec = 300000};

    /* A signal, the collector's too, may end it early: then the rest is slept. */
    while (nanosleep(&time, &time) != 0) {
        wrong += errno != EINTR;
        restarted++;
    }
}

/* Without any call: only a handler, the collector's own too, could change errno. */
static NOINLINE void compute_quietly(void)
{
    volatile unsigned sum = 0;

    errno = ERRNO;
    for (unsigned i = 0; i < 20000; i++)
        sum = sum + i;
    wrong += errno != ERRNO;
}

static void *work(void *argument)
{
    uint64_t state = (uintptr_t)argument * 77 + 1;
    size_t rounds = check_scale(400);

    for (size_t i = 0; i < rounds; i++) {
        uintptr_t count = 10 + random_below(&state, 300);
        struct cell *list;

        list = make_list(count);
        compute_quietly();
        switch (random_below(&state, 4)) {
        case 0: change_mask(&state); break;
        case 1: sleep_a_little(); break;
        case 2: GC_free(GC_malloc(random_below(&state, 20000) + 1)); break;
        default: shared = make_list(count);
        }
        check_list(list, count);
    }
    return argument;
}

static void *collect_until_stopped(void *argument)
{
    while (!stop) {
        GC_gcollect();
        usleep(100);
    }
    return argument;
}

static pthread_t workers[THREADS];

/* From a thread of the library's, to the workers, until they are done. */
static void *send_until_stopped(void *argument)
{
    uint64_t state = 3;

    while (!stop) {
        for (unsigned i = 0; i < 20; i++)
            pthread_kill(workers[random_below(&state, THREADS)],
                         random_below(&state, 2) == 0 ? SIGUSR1 : SIGUSR2);
        usleep(200);
    }
    return argument;
}

int main(void)
{
    pthread_t collector, sender;

    GC_INIT();
    GC_allow_register_threads();
    shared = make_list(100);
    for (size_t i = 0; i < STORMY; i++)
        install(stormy[i], i % 2 == 0 ? SA_RESTART : 0);
    start_timers(500);
    for (uintptr_t i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&workers[i], NULL, work, (void *)(i + 1)) == 0, "%zu", (size_t)i);
    EXPECT(pthread_create(&collector, NULL, collect_until_stopped, NULL) == 0, "the collector");
    EXPECT(pthread_create(&sender, NULL, send_until_stopped, NULL) == 0, "the sender");
    work(NULL);
    for (uintptr_t i = 0; i < THREADS; i++) {
        void *result = NULL;

        /* Not before the sender has stopped: their numbers must be theirs. */
        if (i == 0) {
            stop = true;
            EXPECT(pthread_join(sender, NULL) == 0, "the sender");
        }
        EXPECT(pthread_join(workers[i], &result) == 0, "%zu", (size_t)i);
        EXPECT(result == (void *)(i + 1), "%p", result);
    }
    EXPECT(pthread_join(collector, NULL) == 0, "the collector");
    start_timers(0);
    EXPECT(wrong == 0, "%u", (unsigned)wrong);
    EXPECT(handled > 0, "no signal came");
    check_list(make_list(100), 100);
    return check_end();
}
