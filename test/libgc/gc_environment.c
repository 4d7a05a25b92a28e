/* SPDX-License-Identifier: MIT */
/* What users set in the environment: the program runs itself again with each variable. */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static char log_path[] = "/tmp/gc_environment_XXXXXX";

/* ---- In the second run ---- */

static NOINLINE void work(void)
{
    for (size_t i = 0; i < 40000; i++)
        memset(GC_malloc(500), 1, 500);
}

static int check_variable(const char *name)
{
    GC_INIT();
    GC_set_warn_proc(GC_ignore_warn_proc);
    if (strcmp(name, "GC_INITIAL_HEAP_SIZE") == 0) {
        EXPECT(GC_get_heap_size() >= 30 * MIB, "%zu", GC_get_heap_size());
    } else if (strcmp(name, "GC_MAXIMUM_HEAP_SIZE") == 0) {
        EXPECT(GC_malloc(10 * MIB) == NULL, "10 MiB in 5");
        work();
        EXPECT(GC_get_heap_size() <= 5 * MIB, "%zu", GC_get_heap_size());
    } else if (strcmp(name, "GC_DONT_GC") == 0) {
        GC_word collections = GC_get_gc_no();

        EXPECT(GC_is_disabled(), "it collects");
        work();
        EXPECT(GC_get_gc_no() == collections, "%zu", (size_t)GC_get_gc_no());
    } else if (strcmp(name, "GC_FREE_SPACE_DIVISOR") == 0) {
        EXPECT(GC_get_free_space_divisor() == 17, "%zu", (size_t)GC_get_free_space_divisor());
    } else if (strcmp(name, "GC_FULL_FREQUENCY") == 0) {
        EXPECT(GC_get_full_freq() == 33, "%d", GC_get_full_freq());
    } else if (strcmp(name, "GC_PAUSE_TIME_TARGET") == 0) {
        EXPECT(GC_get_time_limit() == 44, "%lu", GC_get_time_limit());
    } else if (strcmp(name, "GC_FIND_LEAK") == 0) {
        EXPECT(GC_get_find_leak() == 1, "%d", GC_get_find_leak());
    } else if (strcmp(name, "GC_ALL_INTERIOR_POINTERS") == 0) {
        EXPECT(GC_get_all_interior_pointers() == 1, "%d", GC_get_all_interior_pointers());
    } else {
        work();
        GC_gcollect();
        EXPECT(GC_get_gc_no() > 0, "it does not collect");
    }
    return check_end();
}

/* ---- In the first ---- */

static void run_with(const char *program, const char *name, const char *value)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        setenv(name, value, 1);
        if (strcmp(name, "GC_LOG_FILE") == 0)
            setenv("GC_PRINT_STATS", "1", 1);
        /* What they print is for people. */
        if (strncmp(name, "GC_PRINT", 8) == 0)
            dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        execl(program, program, name, (char *)NULL);
        _exit(99);
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child, "no process");
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s=%s: %#x", name, value, status);
}

static void test_log(const char *program)
{
    struct stat about;
    int file = mkstemp(log_path);

    if (file < 0)
        abort();
    run_with(program, "GC_LOG_FILE", log_path);
    EXPECT(fstat(file, &about) == 0 && about.st_size > 0, "the log is empty");
    close(file);
    unlink(log_path);
}

int main(int count, char **arguments)
{
    static const char *const obeyed[][2] = {
        {"GC_INITIAL_HEAP_SIZE", "32M"},
        {"GC_MAXIMUM_HEAP_SIZE", "5M"},
        {"GC_DONT_GC", "1"},
        {"GC_FREE_SPACE_DIVISOR", "17"},
        {"GC_FULL_FREQUENCY", "33"},
        {"GC_PAUSE_TIME_TARGET", "44"},
        {"GC_FIND_LEAK", "1"},
        {"GC_ALL_INTERIOR_POINTERS", "1"},
        {"GC_PRINT_STATS", "1"},
        {"GC_PRINT_VERBOSE_STATS", "1"},
        {"GC_MARKERS", "2"},
        {"GC_NPROCS", "2"},
        {"GC_USE_ENTIRE_HEAP", "1"},
        {"GC_LARGE_ALLOC_WARN_INTERVAL", "1000"},
        {"GC_RETRY_SIGNALS", "1"},
        {"GC_UNMAP_THRESHOLD", "3"},
        {"GC_NO_BLACKLIST_WARNING", "1"},
        {"GC_IGNORE_GCJ_INFO", "1"},
    };

    if (count > 1)
        return check_variable(arguments[1]);
    for (size_t i = 0; i < sizeof obeyed / sizeof obeyed[0]; i++)
        run_with(arguments[0], obeyed[i][0], obeyed[i][1]);
    test_log(arguments[0]);
    return check_end();
}
