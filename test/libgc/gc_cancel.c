/* SPDX-License-Identifier: MIT */
/* Threads that are cancelled: in a call that waits, and while they allocate. */
#define GC_THREADS
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { ROUNDS = 20 };

static atomic_uint started, cleaned;

static void clean(void *argument)
{
    (void)argument;
    atomic_fetch_add(&cleaned, 1);
}

static void *wait_for_ever(void *argument)
{
    void *volatile held = GC_malloc(100);

    pthread_cleanup_push(clean, NULL);
    atomic_fetch_add(&started, 1);
    for (;;) {
        if (argument != NULL)
            memset(GC_malloc(50), 1, 50);
        else
            usleep(1000);
        pthread_testcancel();
    }
    pthread_cleanup_pop(0);
    return held;
}

int main(void)
{
    GC_INIT();
    for (unsigned round = 0; round < check_scale(ROUNDS); round++) {
        unsigned before = atomic_load(&started);
        pthread_t thread;
        void *result = NULL;

        if (pthread_create(&thread, NULL, wait_for_ever, round % 2 == 0 ? &started : NULL) != 0)
            abort();
        while (atomic_load(&started) == before)
            usleep(100);
        GC_gcollect();
        EXPECT(pthread_cancel(thread) == 0, "round %u", round);
        EXPECT(pthread_join(thread, &result) == 0, "round %u", round);
        EXPECT(result == PTHREAD_CANCELED, "round %u: %p", round, result);
        EXPECT(atomic_load(&cleaned) == round + 1, "round %u: %u", round, atomic_load(&cleaned));
        GC_gcollect();
    }
    return check_end();
}
