/* SPDX-License-Identifier: MIT */
/*
 * A thousand threads that start and end while others collect: through the wrappers, joined,
 * detached and cancelled; started behind the library's back and registered by hand, some of them
 * twice in their life; threads that end in pthread_exit and threads that start threads.
 */
#define GC_THREADS
#include "check_threads.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

enum { AT_ONCE = 8, CELLS = 60, COLLECTORS = 2 };

static atomic_uint wrong, ended, started;
static atomic_bool stop;

struct cell {
    struct cell *next;
    uintptr_t number;
};

static NOINLINE struct cell *make_list(uintptr_t seed)
{
    struct cell *list = NULL;

    for (uintptr_t i = 0; i < CELLS; i++) {
        struct cell *cell = GC_malloc(sizeof *cell + i);

        cell->next = list;
        cell->number = seed + i;
        list = cell;
    }
    return list;
}

static NOINLINE void check_list(const struct cell *list, uintptr_t seed)
{
    uintptr_t i = CELLS;

    for (; list != NULL; list = list->next)
        if (i == 0 || list->number != seed + --i) {
            wrong++;
            return;
        }
    wrong += i != 0;
}

static void live(uintptr_t seed)
{
    struct cell *kept = make_list(seed);

    for (unsigned round = 0; round < 3; round++) {
        struct cell *more = make_list(seed * 7 + round);
        void *free_me = GC_malloc_atomic(100 + seed % 5000);

        memset(free_me, 0xff, 100);
        GC_free(free_me);
        check_list(more, seed * 7 + round);
        sched_yield();
    }
    check_list(kept, seed);
}

/* Here a result is kept until somebody has joined the thread; the stock library may lose it. */
static void check_result(const struct cell *list, uintptr_t seed)
{
    if (is_drop_in())
        check_list(list, seed);
}

/* ---- Lives ---- */

static void *live_and_return(void *argument)
{
    struct cell *list = argument; /* nobody else has it */
    uintptr_t seed = list->number - (CELLS - 1);

    live(seed);
    check_list(list, seed);
    ended++;
    return make_list(seed + 1);
}

static void *live_and_exit(void *argument)
{
    struct cell *list = argument;
    uintptr_t seed = list->number - (CELLS - 1);

    live(seed);
    ended++;
    pthread_exit(make_list(seed + 1));
}

/* Nothing in its frame has its address taken: AddressSanitizer does not see how a frame is left
 * here. */
static void *live_until_cancelled(void *argument)
{
    struct cell *list = argument;
    uintptr_t seed = list->number - (CELLS - 1);

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    live(seed);
    ended++;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    for (;;)
        pause();
    return NULL;
}

static void *start_another(void *argument)
{
    struct cell *list = argument;
    uintptr_t seed = list->number - (CELLS - 1);
    pthread_t thread;
    void *result = NULL;

    if (pthread_create(&thread, NULL, live_and_return, make_list(seed + 2)) != 0)
        wrong++;
    else if (pthread_join(thread, &result) != 0)
        wrong++;
    else
        check_result(result, seed + 3);
    started++;
    return live_and_return(argument);
}

/* Not through the wrapper: the argument is no reference. */
static void *register_by_hand(void *argument)
{
    uintptr_t seed = (uintptr_t)argument;
    struct GC_stack_base base;

    for (unsigned life = 0; life < 1 + seed % 2; life++) {
        wrong += GC_get_stack_base(&base) != GC_SUCCESS;
        wrong += GC_register_my_thread(&base) != GC_SUCCESS;
        wrong += GC_register_my_thread(&base) != GC_DUPLICATE;
        live(seed);
        wrong += !GC_thread_is_registered();
        wrong += GC_unregister_my_thread() != GC_SUCCESS;
        wrong += GC_thread_is_registered() != 0;
    }
    ended++;
    return argument;
}

static int start_through_wrapper(pthread_t *thread, const pthread_attr_t *attributes,
                                 void *(*function)(void *), uintptr_t seed)
{
    return pthread_create(thread, attributes, function, make_list(seed));
}

static int join_through_wrapper(pthread_t thread, void **result)
{
    return pthread_join(thread, result);
}

static int detach_through_wrapper(pthread_t thread)
{
    return pthread_detach(thread);
}

static int cancel_through_wrapper(pthread_t thread)
{
    return pthread_cancel(thread);
}

/* From here on the names are the system's. */
#undef pthread_create
#undef pthread_join

/* ThreadSanitizer takes a thread that is cancelled in a call for one that stays in it. */
extern void __tsan_init(void) __attribute__((weak));

/* ---- Starting them ---- */

enum way { JOIN, JOIN_AN_EXIT, CANCEL, DETACH, START_DETACHED, TREE, BY_HAND, WAYS };

static int start(pthread_t *thread, enum way way, uintptr_t seed)
{
    static void *(*const lives[])(void *) = {live_and_return, live_and_exit,   live_until_cancelled,
                                             live_and_return, live_and_return, start_another};
    pthread_attr_t attributes;
    int error;

    if (way == BY_HAND)
        return pthread_create(thread, NULL, register_by_hand, (void *)seed);
    pthread_attr_init(&attributes);
    if (way == START_DETACHED)
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    error = start_through_wrapper(thread, &attributes, lives[way], seed);
    pthread_attr_destroy(&attributes);
    return error;
}

static void finish(pthread_t thread, enum way way, uintptr_t seed)
{
    void *result = NULL;

    switch (way) {
    case JOIN:
    case JOIN_AN_EXIT:
    case TREE:
        EXPECT(join_through_wrapper(thread, &result) == 0, "thread %zu", (size_t)seed);
        check_result(result, seed + 1);
        break;
    case CANCEL:
        EXPECT(cancel_through_wrapper(thread) == 0, "thread %zu", (size_t)seed);
        EXPECT(join_through_wrapper(thread, &result) == 0, "thread %zu", (size_t)seed);
        EXPECT(result == PTHREAD_CANCELED, "thread %zu returned %p", (size_t)seed, result);
        break;
    case DETACH: EXPECT(detach_through_wrapper(thread) == 0, "thread %zu", (size_t)seed); break;
    case START_DETACHED: break;
    default:
        EXPECT(pthread_join(thread, &result) == 0, "thread %zu", (size_t)seed);
        EXPECT(result == (void *)seed, "thread %zu returned %p", (size_t)seed, result);
    }
}

static void *collect_until_stopped(void *argument)
{
    while (!stop) {
        GC_gcollect();
        live(99);
        usleep(200);
    }
    return argument;
}

static void storm(size_t count, uint64_t *state)
{
    pthread_t threads[AT_ONCE];
    enum way ways[AT_ONCE];

    for (size_t i = 0; i < count; i += AT_ONCE) {
        for (size_t k = 0; k < AT_ONCE; k++) {
            ways[k] = (enum way)random_below(state, WAYS);
            if (ways[k] == CANCEL && __tsan_init != NULL)
                ways[k] = JOIN;
            EXPECT(start(&threads[k], ways[k], 1000 + 10 * (i + k)) == 0, "thread %zu", i + k);
            started++;
        }
        for (size_t k = 0; k < AT_ONCE; k++)
            finish(threads[k], ways[k], 1000 + 10 * (i + k));
    }
}

int main(int count, char **arguments)
{
    uint64_t state = check_seed(count, arguments);
    size_t threads = check_scale(1000);
    pthread_t collectors[COLLECTORS];
    GC_word collections;

    GC_INIT();
    check_load_exit();
    GC_allow_register_threads();
    collections = GC_get_gc_no();
    for (size_t i = 0; i < COLLECTORS; i++)
        EXPECT(start_through_wrapper(&collectors[i], NULL, collect_until_stopped, 1) == 0, "%zu",
               i);
    storm(threads, &state);
    /* Detached threads count themselves when they are nearly done. */
    while (ended < started)
        usleep(1000);
    stop = true;
    for (size_t i = 0; i < COLLECTORS; i++)
        EXPECT(join_through_wrapper(collectors[i], NULL) == 0, "%zu", i);
    EXPECT(wrong == 0, "%u", (unsigned)wrong);
    EXPECT(started >= threads, "%u threads, not %zu", (unsigned)started, threads);
    EXPECT(GC_get_gc_no() > collections + threads / 100, "%zu collections",
           (size_t)(GC_get_gc_no() - collections));
    collect();
    return check_end();
}
