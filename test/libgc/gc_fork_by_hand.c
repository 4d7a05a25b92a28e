/* SPDX-License-Identifier: MIT */
/* A program that calls the functions around fork itself. */
#define GC_THREADS
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LENGTH = 5000, FORKS = 10 };

struct cell {
    struct cell *next;
    size_t number;
};

static struct cell *list;
static atomic_bool done;

static void make_list(void)
{
    list = NULL;
    for (size_t i = 0; i < LENGTH; i++) {
        struct cell *cell = GC_malloc(sizeof *cell);

        cell->next = list;
        cell->number = i;
        list = cell;
    }
}

static void check_list(void)
{
    size_t number = LENGTH;

    for (const struct cell *cell = list; cell != NULL; cell = cell->next)
        EXPECT(cell->number == --number, "%zu, not %zu", cell->number, number);
    EXPECT(number == 0, "the list ends %zu too early", number);
}

static void *allocate(void *argument)
{
    while (!atomic_load(&done))
        memset(GC_malloc(100), 0xff, 100);
    return argument;
}

static void check_in_child(void)
{
    check_list();
    for (unsigned i = 0; i < 3; i++) {
        GC_gcollect();
        check_list();
        make_list();
    }
}

int main(void)
{
    pthread_t thread;

    GC_set_handle_fork(-1);
    GC_INIT();
    make_list();
    if (pthread_create(&thread, NULL, allocate, NULL) != 0)
        abort();
    for (unsigned i = 0; i < FORKS; i++) {
        int status = -1;
        pid_t child;

        GC_atfork_prepare();
        child = fork();
        if (child == 0) {
            GC_atfork_child();
            GC_start_mark_threads();
            check_in_child();
            _exit(check_end());
        }
        GC_atfork_parent();
        EXPECT(child > 0 && waitpid(child, &status, 0) == child, "no process");
        EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child %u ended with %#x", i, status);
        GC_gcollect();
        check_list();
    }
    atomic_store(&done, true);
    pthread_join(thread, NULL);
    return check_end();
}
