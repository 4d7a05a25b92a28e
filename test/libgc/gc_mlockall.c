/* SPDX-License-Identifier: MIT */
/*
 * A program locks its memory, before or after the heap is there, what it has or also what comes,
 * within the usual limit of 8 MiB; the limit is on addresses, used or not.
 */
#include "check.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((rlim_t)1 << 20)

/* Root may lock what it likes. */
static bool be_limited(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return false;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < 8 * MIB)
        return false;
    limit.rlim_cur = limit.rlim_max = 8 * MIB;
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return false;
    return geteuid() != 0 || setuid(65534) == 0;
}

/* A little of each sort, so that all of the heap's parts are there; large things for a while. */
static NOINLINE void use_heap(size_t rounds)
{
    for (size_t i = 0; i < rounds; i++) {
        char *object = GC_MALLOC(100);

        EXPECT(object != NULL && is_filled(object, 0, 100), "object %zu", i);
        if (object == NULL)
            return;
        memset(object, 1, 100);
        if (i % 1000 == 0) {
            EXPECT(GC_MALLOC_ATOMIC(20000) != NULL, "large object %zu", i);
            EXPECT(GC_MALLOC_ATOMIC(200) != NULL, "atomic object %zu", i);
            GC_FREE(GC_MALLOC_UNCOLLECTABLE(100));
        }
    }
}

static int lock_before(void *flags)
{
    if (mlockall(*(int *)flags) != 0)
        return 77; /* the program itself is too large */
    GC_INIT();
    use_heap(check_scale(100000));
    collect();
    use_heap(check_scale(100000));
    return check_end();
}

static int lock_after(void *flags)
{
    GC_INIT();
    use_heap(check_scale(100000));
    EXPECT(mlockall(*(int *)flags) == 0, "mlockall(%d): %s", *(int *)flags, strerror(errno));
    use_heap(check_scale(100000));
    collect();
    EXPECT(munlockall() == 0, "munlockall: %s", strerror(errno));
    use_heap(check_scale(1000));
    return check_end();
}

static bool skipped;

static void in_child(int (*body)(void *), const char *name, int flags)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(be_limited() ? body(&flags) : 77);
    EXPECT(child > 0 && waitpid(child, &status, 0) == child, "%s", name);
    EXPECT(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77),
           "%s, flags %d: status %#x", name, flags, (unsigned)status);
    skipped = skipped || (WIFEXITED(status) && WEXITSTATUS(status) == 77);
}

int main(void)
{
    const int flags[] = {MCL_CURRENT, MCL_FUTURE, MCL_CURRENT | MCL_FUTURE};

    if (getenv("TERRIER_OPTIONS") != NULL && strstr(getenv("TERRIER_OPTIONS"), "malloc") != NULL) {
        printf("SKIP: objects of malloc's need a table for all addresses\n");
        return 77;
    }
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        in_child(lock_before, "before", flags[i]);
        in_child(lock_after, "after", flags[i]);
    }
    if (skipped && check_failures == 0) {
        printf("SKIP: too little may be locked here\n");
        return 77;
    }
    return check_end();
}
