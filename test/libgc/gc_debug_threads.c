/* SPDX-License-Identifier: MIT */
/* The debugging forms in many threads at once, mixed with the usual ones, while others collect. */
#define GC_THREADS
#define GC_DEBUG
#include "capture.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4, ROUNDS = 20000 };

static atomic_uint broken;

static void *run(void *argument)
{
    unsigned char *held[32] = {0};

    for (size_t i = 0; i < check_scale(ROUNDS); i++) {
        size_t slot = i % 32, bytes = 40 + i % 50;
        void *plain;

        if (held[slot] != NULL && !is_filled(held[slot], (int)slot, 40))
            atomic_fetch_add(&broken, 1);
        if (i % 3 == 0)
            GC_FREE(held[slot]);
        else if (held[slot] != NULL && i % 7 == 0)
            held[slot] = GC_REALLOC(held[slot], 200);
        plain = GC_malloc(30);
        if (i % 3 == 0 || i % 7 != 0) {
            held[slot] = GC_MALLOC(bytes);
            if (!is_filled(held[slot], 0, bytes))
                atomic_fetch_add(&broken, 1);
            memset(held[slot], (int)slot, bytes);
        }
        GC_free(plain);
    }
    return argument;
}

int main(void)
{
    pthread_t threads[THREADS];
    const char *text;

    GC_INIT();
    capture_begin(STDERR_FILENO);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, run, NULL) != 0)
            abort();
    for (unsigned i = 0; i < 10; i++)
        GC_gcollect();
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    GC_gcollect();
    text = capture_end();
    EXPECT(atomic_load(&broken) == 0, "%u", atomic_load(&broken));
    EXPECT(text[0] == '\0', "it is said that: %s", text);
    return check_end();
}
