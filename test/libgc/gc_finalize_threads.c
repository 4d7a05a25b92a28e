/* SPDX-License-Identifier: MIT */
/*
 * Finalizers and threads: one that waits puts off nobody else's, and one that is left by another
 * way than its end (of its thread, by a jump, by cancellation, in the child of a fork) is over.
 * None is lost, and none runs twice.
 */
#define GC_THREADS
#include "check_threads.h"

#include <setjmp.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define OBJECTS 100
/* What stale words may keep. */
#define CHANCE 20

static atomic_uint runs[OBJECTS], finalized;
static atomic_int waiting, over;
static size_t test_round; /* of what is expected */

static void GC_CALLBACK count(void *object, void *data)
{
    size_t number = (size_t)data;

    (void)object;
    /* What chance kept of an earlier test_round does not count. */
    if (number / OBJECTS != test_round)
        return;
    atomic_fetch_add(&runs[number % OBJECTS], 1);
    atomic_fetch_add(&finalized, 1);
}

static NOINLINE void make_counted(void)
{
    for (size_t i = 0; i < OBJECTS; i++)
        GC_register_finalizer(GC_malloc(32), count, (void *)(test_round * OBJECTS + i), NULL, NULL);
}

static NOINLINE void make(unsigned objects, GC_finalization_proc finalizer)
{
    for (unsigned i = 0; i < objects; i++)
        GC_register_finalizer(GC_malloc(32), finalizer, NULL, NULL, NULL);
}

static void collect_often(void)
{
    for (size_t i = 0; i < 2 + check_scale(18); i++) {
        GC_gcollect();
        for (unsigned j = 0; j < 500; j++)
            GC_malloc(64);
    }
}

/* Objects made now are finalized now, each once. */
static void expect_finalizers(const char *when)
{
    test_round++;
    for (size_t i = 0; i < OBJECTS; i++)
        atomic_store(&runs[i], 0);
    atomic_store(&finalized, 0);
    make_counted();
    collect_often();
    EXPECT(atomic_load(&finalized) >= OBJECTS - CHANCE, "%s: %u of %d", when,
           atomic_load(&finalized), OBJECTS);
    for (size_t i = 0; i < OBJECTS; i++)
        EXPECT(atomic_load(&runs[i]) <= 1, "%s: %zu ran %u times", when, i, atomic_load(&runs[i]));
}

/* ---- Threads ---- */

static void in_thread(void *(*function)(void *), void **result)
{
    pthread_t thread;

    EXPECT(GC_pthread_create(&thread, NULL, function, NULL) == 0, "a thread");
    EXPECT(GC_pthread_join(thread, result) == 0, "a thread");
}

static pthread_t main_thread;

static void GC_CALLBACK wait_long(void *object, void *data)
{
    (void)object, (void)data;
    /* The main thread gets some of these too; it is to see to the others. */
    if (pthread_equal(pthread_self(), main_thread))
        return;
    atomic_store(&waiting, 1);
    for (unsigned i = 0; i < 20000 && !atomic_load(&over); i++)
        usleep(1000);
}

static void *run_waiting(void *unused)
{
    make(10, wait_long);
    for (unsigned i = 0; i < 1000 && !atomic_load(&waiting); i++)
        GC_gcollect();
    return unused;
}

static void test_waiting(void)
{
    pthread_t thread;

    atomic_store(&waiting, 0);
    atomic_store(&over, 0);
    EXPECT(GC_pthread_create(&thread, NULL, run_waiting, NULL) == 0, "a thread");
    for (unsigned i = 0; i < 5000 && !atomic_load(&waiting); i++)
        usleep(1000);
    expect_finalizers("beside a finalizer that waits");
    atomic_store(&over, 1);
    GC_pthread_join(thread, NULL);
}

static pid_t waited_for;

static void fork_beside(void)
{
    int status = -1;

    fflush(NULL);
    waited_for = fork();
    if (waited_for == 0) {
        waited_for = -1;
        expect_finalizers("in the child");
        _exit(check_failures != 0);
    }
    EXPECT(waited_for > 0 && waitpid(waited_for, &status, 0) == waited_for && status == 0,
           "the child ended with %#x", (unsigned)status);
}

/*
 * The thread that is in a finalizer is not in the child, and that finalizer is not run again there.
 */
static void test_fork(void)
{
    pthread_t thread;

    atomic_store(&waiting, 0);
    atomic_store(&over, 0);
    EXPECT(GC_pthread_create(&thread, NULL, run_waiting, NULL) == 0, "a thread");
    for (unsigned i = 0; i < 5000 && !atomic_load(&waiting); i++)
        usleep(1000);
    fork_beside();
    atomic_store(&over, 1);
    GC_pthread_join(thread, NULL);
}

static void GC_CALLBACK end_thread(void *object, void *data)
{
    (void)object, (void)data;
    if (!pthread_equal(pthread_self(), main_thread))
        pthread_exit(&runs);
}

static void *run_until_end(void *unused)
{
    make(1, end_thread);
    collect_often();
    return unused;
}

static void test_ends(void)
{
    for (unsigned i = 0; i < 3; i++) {
        void *result = NULL;

        in_thread(run_until_end, &result);
        /* Chance may keep the object. */
        if (i == 0)
            EXPECT(result == &runs || result == NULL, "%p", result);
    }
    expect_finalizers("after threads that ended in one");
}

static void GC_CALLBACK be_cancelled(void *object, void *data)
{
    (void)object, (void)data;
    if (pthread_equal(pthread_self(), main_thread))
        return;
    pthread_cancel(pthread_self());
    pthread_testcancel();
}

static void *run_until_cancelled(void *unused)
{
    make(1, be_cancelled);
    collect_often();
    return unused;
}

static void test_cancelled(void)
{
    for (unsigned i = 0; i < 3; i++)
        in_thread(run_until_cancelled, NULL);
    expect_finalizers("after threads that were cancelled in one");
}

/* ---- Jumps ---- */

static jmp_buf outside;
static volatile unsigned jumps;
static volatile bool may_jump;

static void GC_CALLBACK jump(void *object, void *data)
{
    (void)object, (void)data;
    /* What chance kept does not jump to where nobody is any more. */
    if (!may_jump)
        return;
    jumps++;
    longjmp(outside, 1);
}

static NOINLINE void collect_deep(unsigned frames)
{
    volatile char room[200];

    room[0] = (char)frames;
    if (frames > 0)
        collect_deep(frames - 1);
    else
        GC_gcollect();
    room[1] = room[0];
}

static NOINLINE void jump_out(unsigned frames)
{
    make(1, jump);
    may_jump = true;
    if (setjmp(outside) == 0)
        collect_deep(frames);
    may_jump = false;
}

static void test_jumps(void)
{
    volatile unsigned i, half = (unsigned)check_scale(20);

    /* From ever shallower and from ever deeper frames. */
    for (i = 0; i < 2 * half; i++)
        jump_out(i < half ? half - i : i - half);
    EXPECT(jumps > 0, "no finalizer was left by a jump");
    expect_finalizers("after jumps out of some");
}

/* ---- In one another ---- */

static unsigned depth, deepest, nested;

static void GC_CALLBACK nest(void *object, void *data)
{
    (void)object, (void)data;
    if (++depth > deepest)
        deepest = depth;
    if (++nested < check_scale(500))
        make(3, nest);
    GC_gcollect();
    depth--;
}

/* They nest, but not without end, and explicit calls run what there is. */
static void test_nested(void)
{
    make(30, nest);
    collect_often();
    GC_invoke_finalizers();
    EXPECT(deepest > 0 && deepest < 40, "%u deep", deepest);
    expect_finalizers("after nested ones");
}

static void GC_CALLBACK fork_inside(void *object, void *data)
{
    (void)object, (void)data;
    if (waited_for == 0)
        fork_beside();
}

static void test_fork_inside(void)
{
    waited_for = 0;
    make(3, fork_inside);
    collect_often();
    EXPECT(waited_for > 0, "no finalizer forked");
}

int main(void)
{
    main_thread = pthread_self();
    GC_set_handle_fork(1);
    GC_INIT();
    GC_allow_register_threads();
    GC_set_warn_proc(GC_ignore_warn_proc);
    check_load_exit();
    test_fork();
    test_waiting();
    test_ends();
    test_cancelled();
    test_nested();
    test_fork_inside();
    /*
     * The stock library takes each of them for one that goes on for ever, and runs fewer and fewer.
     */
    if (is_drop_in())
        test_jumps();
    return check_end();
}
