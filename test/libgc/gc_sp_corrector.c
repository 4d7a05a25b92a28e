/* SPDX-License-Identifier: MIT */
/*
 * The corrector of stack pointers, which came with 8.2.8: it is asked about all threads, running,
 * blocked or collecting, and stacks are scanned from where it says.
 */
#define GC_THREADS
#include "check_threads.h"

#include <dlfcn.h>
#include <unistd.h>

enum { OBJECTS = 200, DEPTH = 64 * 1024 };

typedef void (*corrector)(void **stack_pointer, void *thread);

static void (*set_corrector)(corrector function);
static corrector (*get_corrector)(void);

/* What the corrector knows and sees. */
static pthread_t main_thread, other_thread;
static uintptr_t corrected; /* where the other thread's stack shall end; 0: where it does */
static char *volatile frame;
static unsigned calls, calls_for_main, outside;

static void GC_CALLBACK correct(void **stack_pointer, void *thread)
{
    calls_for_main += (pthread_t)thread == main_thread;
    if ((pthread_t)thread != other_thread)
        return;
    calls++;
    outside += (char *)*stack_pointer > frame || frame - (char *)*stack_pointer > 4 * DEPTH;
    if (corrected != 0)
        *stack_pointer = (void *)corrected;
}

/* ---- A thread with objects at both ends of its stack ---- */

static uintptr_t links[OBJECTS];
static volatile uintptr_t low_end, high_end;
static volatile int there, over;

static void wait_for(const volatile int *flag)
{
    while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE))
        usleep(200);
}

static NOINLINE void fill(void **table)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        table[i] = GC_malloc_atomic(40);
        links[i] = hide(table[i]);
        GC_general_register_disappearing_link((void **)&links[i], table[i]);
    }
    clear_stack();
}

/* Far below where the thread then waits; what lies there is part of no frame any more. */
static NOINLINE void fill_below(void)
{
    char room[DEPTH];

    memset(room, 0, sizeof room);
    fill((void **)room);
    low_end = (uintptr_t)room;
    __asm__ volatile("" : : "r"(room) : "memory");
}

static void *wait_there(void *unused)
{
    __atomic_store_n(&there, 1, __ATOMIC_RELEASE);
    wait_for(&over);
    return unused;
}

static void *hold_below(void *unused)
{
    frame = __builtin_frame_address(0);
    fill_below();
    return wait_there(unused);
}

static void *hold_below_blocked(void *unused)
{
    frame = __builtin_frame_address(0);
    fill_below();
    return GC_do_blocking(wait_there, unused);
}

static void *hold_in_frame(void *unused)
{
    void *table[OBJECTS];

    frame = __builtin_frame_address(0);
    fill(table);
    high_end = (uintptr_t)(table + OBJECTS);
    wait_there(unused);
    __asm__ volatile("" : : "r"(table) : "memory");
    return unused;
}

static size_t count_links(void)
{
    size_t count = 0;

    for (size_t i = 0; i < OBJECTS; i++)
        count += links[i] != 0;
    return count;
}

/* How many objects are left when the stack is said to end at *end, or where it does. */
static size_t left(void *(*hold)(void *), const volatile uintptr_t *end)
{
    pthread_t thread;
    size_t count;

    there = over = 0;
    corrected = 0;
    calls = 0;
    EXPECT(GC_pthread_create(&thread, NULL, hold, NULL) == 0, "a thread");
    wait_for(&there);
    other_thread = thread;
    corrected = end == NULL ? 0 : *end;
    collect();
    count = count_links();
    EXPECT(calls > 0, "nobody asked about the other thread");
    __atomic_store_n(&over, 1, __ATOMIC_RELEASE);
    EXPECT(GC_pthread_join(thread, NULL) == 0, "a thread");
    return count;
}

int main(void)
{
    size_t count;

    GC_INIT();
    set_corrector = (void (*)(corrector))dlsym(RTLD_DEFAULT, "GC_set_sp_corrector");
    get_corrector = (corrector(*)(void))dlsym(RTLD_DEFAULT, "GC_get_sp_corrector");
    if (set_corrector == NULL && !is_drop_in()) {
        puts("SKIP: this libgc is older than 8.2.8");
        return 77;
    }
    EXPECT(set_corrector != NULL && get_corrector != NULL, "the functions are not there");
    if (check_failures > 0)
        return check_end();
    EXPECT(get_corrector() == NULL, "there is one before any was set");
    set_corrector(correct);
    EXPECT(get_corrector() == correct, "what was set does not come back");
    main_thread = pthread_self();
    check_load_exit();

    count = left(hold_below, NULL);
    EXPECT(count < OBJECTS / 2, "%zu below the stack are kept", count);
    count = left(hold_below, &low_end);
    EXPECT(count == OBJECTS, "%zu in a longer stack are kept", count);
    count = left(hold_below_blocked, &low_end);
    EXPECT(count == OBJECTS, "%zu in a longer stack of a blocked thread are kept", count);
    count = left(hold_in_frame, NULL);
    EXPECT(count == OBJECTS, "%zu in the stack are kept", count);
    count = left(hold_in_frame, &high_end);
    EXPECT(count < OBJECTS / 2, "%zu in what the stack shall not have are kept", count);
    EXPECT(outside == 0, "%u times the pointer was not in the stack", outside);
    EXPECT(calls_for_main >= 5, "asked %u times about the thread that collects", calls_for_main);

    set_corrector(NULL);
    EXPECT(get_corrector() == NULL, "it cannot be taken away");
    calls = 0;
    other_thread = main_thread;
    collect();
    EXPECT(calls == 0, "it is called after it was taken away");
    return check_end();
}
