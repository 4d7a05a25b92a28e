/* SPDX-License-Identifier: MIT */
/*
 * The collector's two signals come from elsewhere: from another process and from other threads, to
 * the process and to single threads, registered or not, inside and outside the heap, before the
 * first collection and in the middle of others. They do nothing.
 */
#define GC_THREADS
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4 };

static atomic_bool over;
static pthread_t threads[THREADS];
static const int numbers[] = {SIGPWR, SIGXCPU};

static void send_to_process(size_t count, unsigned pause_us)
{
    for (size_t i = 0; i < count; i++) {
        kill(getppid(), numbers[i % 2]);
        usleep(pause_us);
    }
    _exit(0);
}

static void *rest(void *argument)
{
    usleep(500);
    return argument;
}

static void *allocate(void *argument)
{
    char *volatile kept = memset(GC_malloc_atomic(100), 4, 100);

    for (size_t i = 0; !atomic_load(&over); i++) {
        errno = 99;
        for (volatile int k = 0; k < 2000; k++)
            continue;
        EXPECT(errno == 99, "%d", errno);
        GC_free(memset(GC_malloc_atomic(100), 255, 100));
        if (i % 64 == 0)
            GC_do_blocking(rest, NULL);
    }
    EXPECT(is_filled(kept, 4, 100), "an object on the stack was lost");
    return argument;
}

static void *send_to_threads(void *argument)
{
    uint64_t state = 77;

    while (!atomic_load(&over)) {
        pthread_kill(threads[random_below(&state, THREADS - 1)], numbers[random_below(&state, 2)]);
        pthread_kill(pthread_self(), numbers[random_below(&state, 2)]);
        if (random_below(&state, 10) == 0)
            usleep(50);
    }
    return argument;
}

int main(void)
{
    pid_t sender;
    int status = -1;

    if (!is_drop_in()) {
        puts("SKIP: the stock library waits for ever");
        return 77;
    }
    GC_INIT();
    /* Nothing was stopped yet. */
    for (size_t i = 0; i < 2; i++) {
        raise(numbers[i]);
        kill(getpid(), numbers[i]);
    }
    sender = fork();
    if (sender == 0)
        send_to_process(check_scale(2000), 100);
    for (size_t i = 0; i < THREADS - 1; i++)
        EXPECT(pthread_create(&threads[i], NULL, allocate, NULL) == 0, "%zu", i);
    EXPECT(pthread_create(&threads[THREADS - 1], NULL, send_to_threads, NULL) == 0, "the sender");
    while (waitpid(sender, &status, WNOHANG) == 0)
        GC_gcollect();
    EXPECT(status == 0, "%#x", status);
    /* The sender is the first to end: afterwards it may not name the others. */
    atomic_store(&over, true);
    for (size_t i = THREADS; i-- > 0;)
        EXPECT(pthread_join(threads[i], NULL) == 0, "%zu", i);
    GC_gcollect();
    return check_end();
}
