/* SPDX-License-Identifier: MIT */
/*
 * Objects with finalizers of their own in many threads: none is finalized while a thread has it or
 * another refers to it, and new ones are clear. Which free cells a thread has taken, the others
 * see.
 */
#define GC_THREADS
#include "check.h"

#include <gc/gc_disclaim.h>

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 5, HELD = 200, CHANGES = 100000, MAGIC = 0x600d };

struct pair {
    uintptr_t magic, owner, sum;
    struct pair *first, *second;
};

static atomic_uint finalized, broken;

static bool is_good(const struct pair *pair)
{
    return pair == NULL || pair->magic == MAGIC;
}

static void GC_CALLBACK finalize(void *object, void *data)
{
    struct pair *pair = object;

    if (data != &finalized || !is_good(pair) || !is_good(pair->first) || !is_good(pair->second))
        atomic_fetch_add(&broken, 1);
    memset(pair, 0xdd, sizeof *pair);
    pair->first = pair->second = NULL;
    atomic_fetch_add(&finalized, 1);
}

static const struct GC_finalizer_closure closure = {finalize, &finalized};

static NOINLINE struct pair *make_pair(uintptr_t owner, struct pair *first, struct pair *second)
{
    struct pair *pair = GC_finalized_malloc(sizeof *pair, &closure);

    if (!is_filled(pair, 0, sizeof *pair))
        atomic_fetch_add(&broken, 1);
    pair->magic = MAGIC;
    pair->owner = owner;
    pair->sum = 1 + (first == NULL ? 0 : first->sum) + (second == NULL ? 0 : second->sum);
    pair->first = first;
    pair->second = second;
    return pair;
}

static void check_path(const struct pair *pair, uint64_t *random)
{
    for (unsigned steps = 0; pair != NULL && steps < 50; steps++) {
        uintptr_t sum = 1 + (pair->first == NULL ? 0 : pair->first->sum) +
                        (pair->second == NULL ? 0 : pair->second->sum);

        if (pair->magic != MAGIC || pair->sum != sum)
            atomic_fetch_add(&broken, 1);
        pair = random_below(random, 2) == 0 ? pair->first : pair->second;
    }
}

static void *run(void *argument)
{
    struct pair *held[HELD] = {0};
    uint64_t random = (uintptr_t)argument * 7919 + 1;

    for (size_t i = 0; i < check_scale(CHANGES) && atomic_load(&broken) == 0; i++) {
        size_t slot = random_below(&random, HELD);
        const struct pair *old = held[slot];

        switch (random_below(&random, i > CHANGES / 10 ? 5 : 3)) {
        case 0:
        case 3: held[slot] = old == NULL ? NULL : old->first; break;
        case 1:
        case 4: held[slot] = old == NULL ? NULL : old->second; break;
        default:
            held[slot] = make_pair((uintptr_t)argument, held[random_below(&random, HELD)],
                                   held[random_below(&random, HELD)]);
        }
        if (i % 8 == 0)
            check_path(held[random_below(&random, HELD)], &random);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];

    GC_INIT();
    GC_init_finalized_malloc();
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, run, (void *)(i + 1)) != 0)
            abort();
    for (unsigned i = 0; i < 10; i++) {
        for (size_t j = 0; j < 1000; j++)
            (void)make_pair(0, NULL, NULL);
        GC_gcollect();
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    EXPECT(atomic_load(&broken) == 0, "%u", atomic_load(&broken));
    EXPECT(atomic_load(&finalized) > 1000, "%u", atomic_load(&finalized));
    return check_end();
}
