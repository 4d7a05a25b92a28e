/* SPDX-License-Identifier: MIT */
/*
 * Threads register themselves and end without unregistering, whichever way they end. The collector
 * goes on without them, neither waits for them nor looks at what was theirs. The stock library
 * waits 16 s and stops the program.
 */
#define GC_THREADS
#include "check.h"

#undef pthread_create
#undef pthread_join
#undef pthread_exit
#undef pthread_cancel
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { WAYS = 6, ROUNDS = 20 };

static atomic_uint ended;
static pthread_key_t key;
static pthread_key_t key_of_all;

static void register_myself(void)
{
    struct GC_stack_base base;

    EXPECT(GC_get_stack_base(&base) == GC_SUCCESS, "no stack");
    EXPECT(GC_register_my_thread(&base) == GC_SUCCESS, "not registered");
    EXPECT(GC_thread_is_registered(), "not registered");
    for (int i = 0; i < 300; i++)
        memset(GC_malloc(100), 1, 100);
    GC_free(GC_malloc(100000));
    atomic_fetch_add(&ended, 1);
}

static void *wait_to_be_cancelled(void *argument)
{
    for (;;)
        pause();
    return argument;
}

static void *exit_in_region(void *argument)
{
    pthread_exit(argument);
}

/* The values of keys are looked at as long as the thread is registered, and the destructor may
 * allocate. */
static void use_heap_at_end(void *value)
{
    static _Thread_local int calls;

    EXPECT(GC_thread_is_registered(), "in the destructor of a key, call %d", calls);
    EXPECT(is_filled(value, 7, 100), "%p", value);
    GC_malloc(50);
    if (++calls < 2)
        pthread_setspecific(key, value);
}

/* AddressSanitizer does not see that an unwinding leaves frames: clang's then takes a call of its
 * own at the thread's end for one that writes between their variables. */
extern void __asan_unpoison_memory_region(const volatile void *begin, size_t size)
    __attribute__((weak));

static void forget_frames(void *value)
{
    const size_t depth = 65536;

    (void)value;
    if (__asan_unpoison_memory_region != NULL)
        __asan_unpoison_memory_region((char *)__builtin_frame_address(0) - depth, depth);
}

static void *forget(void *argument)
{
    pthread_setspecific(key_of_all, &key_of_all);
    register_myself();
    switch ((uintptr_t)argument % WAYS) {
    case 0: return argument;
    case 1: pthread_exit(argument);
    case 2: return wait_to_be_cancelled(NULL);
    case 3: return GC_do_blocking(exit_in_region, argument);
    case 4: return GC_do_blocking(wait_to_be_cancelled, argument);
    default:
        pthread_setspecific(key, memset(GC_malloc_uncollectable(100), 7, 100));
        return argument;
    }
}

/* ThreadSanitizer takes a thread that is cancelled in a call for one that stays in it. */
extern void __tsan_init(void) __attribute__((weak));

static void end_round(uintptr_t round)
{
    pthread_t threads[WAYS];
    unsigned before = atomic_load(&ended);

    for (uintptr_t i = 0; i < WAYS; i++) {
        uintptr_t way = __tsan_init != NULL && (i == 2 || i == 4) ? i - 1 : i;

        EXPECT(pthread_create(&threads[i], NULL, forget, (void *)(round * WAYS + way)) == 0, "%zu",
               (size_t)i);
    }
    while (atomic_load(&ended) < before + WAYS)
        usleep(100);
    /* Also while some of them end. */
    GC_gcollect();
    if (__tsan_init == NULL) {
        pthread_cancel(threads[2]);
        pthread_cancel(threads[4]);
    }
    for (uintptr_t i = 0; i < WAYS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0, "%zu", (size_t)i);
    GC_gcollect();
}

int main(void)
{
    if (!is_drop_in()) {
        puts("SKIP: the stock library waits and stops the program");
        return 77;
    }
    GC_INIT();
    GC_allow_register_threads();
    EXPECT(pthread_key_create(&key, use_heap_at_end) == 0, "a key");
    EXPECT(pthread_key_create(&key_of_all, forget_frames) == 0, "a second key");
    /* Once before other threads run: see check_threads.h. */
    end_round(0);
    for (uintptr_t i = 1; i < check_scale(ROUNDS); i++)
        end_round(i);
    return check_end();
}
