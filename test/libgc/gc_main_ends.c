/* SPDX-License-Identifier: MIT */
/* The main thread ends by pthread_exit; the others allocate, collect, start threads and fork. */
#define GC_THREADS
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static char *kept;
static pthread_t main_thread;

static void *allocate(void *argument)
{
    for (size_t i = 0; i < check_scale(20000); i++)
        memset(GC_malloc_atomic(64), 255, 64);
    GC_gcollect();
    return argument;
}

static void use_heap(void)
{
    pthread_t thread;

    allocate(NULL);
    EXPECT(pthread_create(&thread, NULL, allocate, NULL) == 0, "no thread");
    EXPECT(pthread_join(thread, NULL) == 0, "not joined");
    EXPECT(is_filled(kept, 9, 100), "an object was lost");
}

extern void __tsan_init(void) __attribute__((weak));
extern void __asan_init(void) __attribute__((weak));

static char main_state(void)
{
    char path[64], state = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)getpid());
    file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        EXPECT(false, "%s", path);
    fclose(file);
    return state;
}

/* The sanitizers do not know the main thread as one that can be joined: there it is looked at. */
static void wait_for_main(void)
{
    if (__tsan_init == NULL && __asan_init == NULL) {
        EXPECT(pthread_join(main_thread, NULL) == 0, "the main thread");
        return;
    }
    while (main_state() != 'Z')
        sched_yield();
}

static void *go_on(void *argument)
{
    int status = -1;
    pid_t child;

    (void)argument;
    wait_for_main();
    use_heap();
    child = fork();
    if (child == 0) {
        EXPECT(is_filled(kept, 9, 100), "the child lost an object");
        allocate(NULL);
        _exit(check_end());
    }
    EXPECT(waitpid(child, &status, 0) == child && status == 0, "the child: %#x", status);
    use_heap();
    exit(check_end());
}

int main(void)
{
    pthread_t thread;

    GC_set_handle_fork(1);
    GC_INIT();
    kept = memset(GC_malloc_atomic(100), 9, 100);
    main_thread = pthread_self();
    EXPECT(pthread_create(&thread, NULL, go_on, NULL) == 0, "no thread");
    pthread_exit(NULL);
}
