/* SPDX-License-Identifier: MIT */
/*
 * Threads: many that allocate, start and end while others collect; threads that register
 * themselves; threads that block with references on their stacks; signals of the program.
 */
#define GC_THREADS
#include "check_threads.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { THREADS = 8 };

struct tree {
    struct tree *left, *right;
    uintptr_t value;
};

static NOINLINE struct tree *make_tree(unsigned depth, uintptr_t value)
{
    struct tree *tree = GC_malloc(sizeof *tree);

    tree->value = value;
    if (depth > 0) {
        tree->left = make_tree(depth - 1, 2 * value);
        tree->right = make_tree(depth - 1, 2 * value + 1);
    }
    return tree;
}

/* The number of nodes, or 0 when one is not what it was. */
static size_t count_tree(const struct tree *tree, uintptr_t value)
{
    size_t left, right;

    if (tree->value != value)
        return 0;
    if (tree->left == NULL)
        return 1;
    left = count_tree(tree->left, 2 * value);
    right = count_tree(tree->right, 2 * value + 1);
    return left == 0 || right == 0 ? 0 : left + right + 1;
}

static atomic_uint wrong;

static void check_tree(const struct tree *tree, unsigned depth, uintptr_t value)
{
    if (count_tree(tree, value) != ((size_t)2 << depth) - 1)
        wrong++;
}

static void expect_right(const char *test)
{
    EXPECT(wrong == 0, "%u wrong in %s", (unsigned)wrong, test);
    wrong = 0;
}

/* ---- Threads that allocate ---- */

static void *build(void *argument)
{
    uintptr_t number = (uintptr_t)argument;
    struct tree *kept = make_tree(10, number + 1);
    size_t rounds = check_scale(100);
    uint64_t state = number + 1;

    for (size_t i = 0; i < rounds; i++) {
        unsigned depth = 1 + (unsigned)random_below(&state, 9);
        struct tree *tree = make_tree(depth, i + 1);
        size_t bytes = random_below(&state, 20000);
        unsigned char *large = GC_malloc(bytes);

        if (!is_filled(large, 0, bytes))
            wrong++;
        memset(large, 0xff, bytes);
        if (i % 3 == 0)
            GC_free(large);
        if (i % 40 == number)
            GC_gcollect();
        check_tree(tree, depth, i + 1);
    }
    check_tree(kept, 10, number + 1);
    return kept;
}

static void test_builders(void)
{
    pthread_t threads[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, build, (void *)i) == 0, "thread %zu", (size_t)i);
    build((void *)100);
    for (uintptr_t i = 0; i < THREADS; i++) {
        void *result = NULL;

        EXPECT(pthread_join(threads[i], &result) == 0, "thread %zu", (size_t)i);
        GC_gcollect();
        check_tree(result, 10, i + 1);
    }
    expect_right("threads that allocate");
}

/* ---- Threads that come and go ---- */

static atomic_bool stop;

static void *collect_until_stopped(void *argument)
{
    while (!stop) {
        GC_gcollect();
        check_tree(make_tree(4, 1), 4, 1);
        usleep(100);
    }
    return argument;
}

static void *short_life(void *argument)
{
    struct tree **tree = argument;

    *tree = make_tree(5, 7);
    check_tree(*tree, 5, 7);
    if ((uintptr_t)*tree % 32 == 0)
        pthread_exit(tree);
    return tree;
}

static void test_start_and_end(void)
{
    size_t rounds = check_scale(400) / 4 + 1;
    pthread_t collector, threads[4];
    struct tree ***places = GC_malloc(4 * sizeof *places);

    stop = false;
    EXPECT(pthread_create(&collector, NULL, collect_until_stopped, NULL) == 0, "a collector");
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < 4; i++) {
            places[i] = GC_malloc(sizeof(struct tree *));
            EXPECT(pthread_create(&threads[i], NULL, short_life, places[i]) == 0, "round %zu",
                   round);
        }
        for (size_t i = 0; i < 4; i++) {
            void *result = NULL;

            EXPECT(pthread_join(threads[i], &result) == 0, "round %zu", round);
            EXPECT(result == places[i], "round %zu: %p, not %p", round, result, (void *)places[i]);
            check_tree(*places[i], 5, 7);
        }
    }
    stop = true;
    pthread_join(collector, NULL);
    expect_right("threads that come and go");
}

static atomic_uint ended;

static void *detached_life(void *argument)
{
    check_tree(make_tree(6, 3), 6, 3);
    ended++;
    return argument;
}

static void test_detached(void)
{
    unsigned count = (unsigned)check_scale(60);
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (unsigned i = 0; i < count; i++) {
        EXPECT(pthread_create(&thread, i % 2 == 0 ? &attributes : NULL, detached_life, NULL) == 0,
               "thread %u", i);
        if (i % 2 != 0)
            EXPECT(pthread_detach(thread) == 0, "thread %u", i);
        if (i % 10 == 0)
            GC_gcollect();
    }
    pthread_attr_destroy(&attributes);
    for (unsigned i = 0; i < 2000 && ended < count; i++)
        usleep(10000);
    EXPECT(ended == count, "%u of %u", (unsigned)ended, count);
    expect_right("detached threads");
}

/* ---- Threads that register themselves ---- */

#undef pthread_create
#undef pthread_join

static NOINLINE void work_registered(void)
{
    struct tree *tree = make_tree(8, 5);

    for (unsigned i = 0; i < 5; i++) {
        check_tree(make_tree(6, 9), 6, 9);
        GC_gcollect();
    }
    check_tree(tree, 8, 5);
}

static void *with_base(struct GC_stack_base *base, void *argument)
{
    for (unsigned i = 0; i < 2; i++) {
        if (GC_thread_is_registered())
            wrong++;
        if (GC_register_my_thread(base) != GC_SUCCESS)
            wrong++;
        if (!GC_thread_is_registered() || GC_register_my_thread(base) != GC_DUPLICATE)
            wrong++;
        work_registered();
        if (GC_unregister_my_thread() != GC_SUCCESS)
            wrong++;
    }
    return argument;
}

static void *register_itself(void *argument)
{
    struct GC_stack_base base;

    if (argument == NULL)
        return GC_call_with_stack_base(with_base, NULL);
    if (GC_get_stack_base(&base) != GC_SUCCESS)
        wrong++;
    return with_base(&base, NULL);
}

static void test_registered(void)
{
    pthread_t threads[THREADS];

    GC_allow_register_threads();
    for (uintptr_t i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, register_itself, (void *)(i % 2)) == 0,
               "thread %zu", (size_t)i);
    for (uintptr_t i = 0; i < THREADS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0, "thread %zu", (size_t)i);
    expect_right("threads that register themselves");
}

/* ---- Blocking ---- */

static atomic_uint blocked;
static int pipe_ends[2];

static void *back_inside(void *argument)
{
    struct tree *tree = argument;

    check_tree(tree, 7, 11);
    check_tree(make_tree(5, 2), 5, 2);
    GC_gcollect();
    return tree;
}

static void *wait_outside(void *argument)
{
    char byte;

    blocked++;
    while (read(pipe_ends[0], &byte, 1) < 0 && errno == EINTR)
        continue;
    return GC_call_with_gc_active(back_inside, argument);
}

static void *block(void *argument)
{
    struct tree *tree = make_tree(7, 11);

    /* Only this frame, and what it hands over, knows the tree. */
    if (GC_do_blocking(wait_outside, tree) != tree)
        wrong++;
    check_tree(tree, 7, 11);
    return argument;
}

#define pthread_create GC_pthread_create
#define pthread_join GC_pthread_join

static void test_blocking(void)
{
    pthread_t threads[THREADS];

    EXPECT(pipe(pipe_ends) == 0, "errno %d", errno);
    for (uintptr_t i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, block, NULL) == 0, "thread %zu", (size_t)i);
    while (blocked < THREADS)
        usleep(1000);
    for (unsigned i = 0; i < 10; i++) {
        check_tree(make_tree(10, 1), 10, 1);
        GC_gcollect();
    }
    EXPECT(write(pipe_ends[1], "12345678", THREADS) == THREADS, "errno %d", errno);
    for (uintptr_t i = 0; i < THREADS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0, "thread %zu", (size_t)i);
    expect_right("threads that block");
}

/* ---- Signals and errno ---- */

static atomic_uint signals;

static void on_signal(int signal)
{
    int saved = errno;

    (void)signal;
    signals++;
    errno = saved;
}

/*
 * ThreadSanitizer lets no signal in before a call like this. Its runtime keeps the mask to go back
 * to in one place: when a signal arrives just as it delivers another, the handler's first atomic
 * operation delivers again and the thread stays with every signal blocked. No collection could stop
 * it then.
 */
static void let_signals_in(void)
{
    sigset_t none;

    usleep(1);
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static void *keep_errno(void *argument)
{
    volatile uint64_t work = 0;

    while (!stop) {
        errno = 4711;
        __asm__ volatile("" : : : "memory");
        for (unsigned i = 0; i < 10000; i++)
            work += i;
        __asm__ volatile("" : : : "memory");
        if (errno != 4711)
            wrong++;
        if (check_scale(20) != 20)
            let_signals_in();
    }
    return work == 0 ? NULL : argument;
}

static void test_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    size_t rounds = check_scale(200);
    pthread_t threads[3];

    sigaction(SIGUSR1, &action, NULL);
    stop = false;
    for (size_t i = 0; i < 3; i++)
        EXPECT(pthread_create(&threads[i], NULL, i == 0 ? collect_until_stopped : keep_errno,
                              NULL) == 0,
               "thread %zu", i);
    for (size_t i = 0; i < rounds; i++) {
        check_tree(make_tree(6, 1), 6, 1);
        if (i % 10 == 0)
            GC_gcollect();
        pthread_kill(threads[1 + i % 2], SIGUSR1);
        usleep(50);
    }
    stop = true;
    for (size_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    EXPECT(signals > 0, "%u", (unsigned)signals);
    EXPECT(GC_get_suspend_signal() > 0 || GC_get_suspend_signal() == -1, "%d",
           GC_get_suspend_signal());
    expect_right("threads that get signals");
}

/* ---- The lock ---- */

static size_t under_lock; /* no atomic: the lock protects it */

static void *add_under_lock(void *argument)
{
    under_lock++;
    return argument;
}

static void *add_many(void *argument)
{
    for (unsigned i = 0; i < 2000; i++)
        if (GC_call_with_alloc_lock(add_under_lock, argument) != argument)
            wrong++;
    return GC_malloc(10);
}

static void test_lock(void)
{
    pthread_t threads[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, add_many, &threads[i]) == 0, "thread %zu",
               (size_t)i);
    for (uintptr_t i = 0; i < THREADS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0, "thread %zu", (size_t)i);
    EXPECT(under_lock == THREADS * 2000, "%zu", under_lock);
    expect_right("threads that take the lock");
}

int main(void)
{
    GC_INIT();
    check_load_exit();
    test_builders();
    test_start_and_end();
    test_detached();
    test_registered();
    test_blocking();
    test_signals();
    test_lock();
    return check_end();
}
