/* SPDX-License-Identifier: MIT */
/* After fork both processes go on with the same objects, each with a heap of its own. */
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

enum { LENGTH = 20000, DEPTH = 3, FORKS = 4 };

struct cell {
    struct cell *next;
    size_t number;
    size_t changed_by;
};

static struct cell *list;
static size_t level;

static void make_list(void)
{
    list = NULL;
    for (size_t i = 0; i < LENGTH; i++) {
        struct cell *cell = GC_malloc(sizeof *cell);

        cell->next = list;
        cell->number = i;
        cell->changed_by = level;
        list = cell;
    }
}

static void check_list(void)
{
    size_t number = LENGTH;

    for (const struct cell *cell = list; cell != NULL; cell = cell->next)
        EXPECT(cell->number == --number && cell->changed_by == level,
               "cell %zu at level %zu says %zu, %zu", number, level, cell->number,
               cell->changed_by);
    EXPECT(number == 0, "the list ends %zu too early", number);
}

static void work(void)
{
    check_list();
    for (struct cell *cell = list; cell != NULL; cell = cell->next)
        cell->changed_by++;
    level++;
    for (size_t i = 0; i < 50000; i++)
        memset(GC_malloc(i % 300), 0xff, i % 300);
    GC_gcollect();
    check_list();
    make_list();
    GC_gcollect();
    check_list();
}

static void run(unsigned depth)
{
    pid_t children[FORKS];

    work();
    if (depth == 0)
        return;
    fflush(NULL);
    for (unsigned i = 0; i < FORKS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            run(depth - 1);
            _exit(check_end());
        }
        EXPECT(children[i] > 0, "no process");
        (void)GC_malloc(1000);
        if (i % 2 == 0)
            GC_gcollect();
    }
    work();
    for (unsigned i = 0; i < FORKS; i++) {
        int status = -1;

        EXPECT(waitpid(children[i], &status, 0) == children[i], "child %u", i);
        EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child %u ended with %#x", i, status);
    }
}

int main(void)
{
    GC_INIT();
    make_list();
    run(check_scale(20) == 20 ? DEPTH : 1);
    return check_end();
}
