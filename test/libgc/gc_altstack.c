/* SPDX-License-Identifier: MIT */
/* A thread that is stopped in a signal handler with a stack of its own: that stack is scanned. */
#define GC_THREADS
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum { OBJECTS = 50, ALT_BYTES = 256 * 1024 };

static void **links;
static pthread_barrier_t barrier;
static atomic_bool go_on;
static atomic_uint checked;

static NOINLINE void make(void *volatile *held, size_t first)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        held[i] = GC_malloc(40);
        links[first + i] = held[i];
        GC_general_register_disappearing_link(&links[first + i], held[i]);
    }
}

static void check(void *volatile *held, size_t first, const char *where)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        EXPECT(held[i] != NULL && links[first + i] == held[i], "%s: object %zu", where, i);
        atomic_fetch_add(&checked, 1);
    }
}

static void handle(int number)
{
    void *volatile held[OBJECTS];

    (void)number;
    make(held, 0);
    pthread_barrier_wait(&barrier);
    while (!atomic_load(&go_on))
        ;
    check(held, 0, "on the stack of the handler");
}

static void *run(void *argument)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
    void *memory =
        mmap(NULL, ALT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory, .ss_size = ALT_BYTES};
    void *volatile held[OBJECTS];
    pthread_attr_t attributes;
    void *own_stack;
    size_t own_bytes;

    if (memory == MAP_FAILED || sigaltstack(&stack, NULL) != 0)
        abort();
    sigaction(SIGUSR1, &action, NULL);
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &own_stack, &own_bytes);
    pthread_attr_destroy(&attributes);
    GC_register_altstack(own_stack, own_bytes, memory, ALT_BYTES);
    make(held, OBJECTS);
    pthread_kill(pthread_self(), SIGUSR1);
    /* The stock library cannot know how far this stack went and leaves it out. */
    if (is_drop_in())
        check(held, OBJECTS, "on the usual stack");
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    return argument;
}

int main(void)
{
    pthread_t thread;

    GC_INIT();
    links = GC_malloc_atomic_uncollectable(2 * OBJECTS * sizeof *links);
    pthread_barrier_init(&barrier, NULL, 2);
    if (pthread_create(&thread, NULL, run, NULL) != 0)
        abort();
    pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < 3; i++)
        collect();
    atomic_store(&go_on, true);
    pthread_join(thread, NULL);
    EXPECT(atomic_load(&checked) >= OBJECTS, "%u", atomic_load(&checked));
    return check_end();
}
