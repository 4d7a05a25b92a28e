/* SPDX-License-Identifier: MIT */
/*
 * A process that answers callers (option `live`): what it says, to whom, whatever its threads do
 * meanwhile; and that nobody who calls can hold it up.
 */
#define _GNU_SOURCE
#include "heap/heap.h"

#include <terrier/terrier.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "own_folder.h"
#include "small_heap.h"
#include "support.h"

static struct small_heap small;

static void open_heap(const char *options)
{
    char text[128];

    snprintf(text, sizeof text, "live=1%s%s", options[0] == '\0' ? "" : ",", options);
    small_heap_init(&small, text);
}

static void close_heap(void)
{
    small_heap_fini(&small);
}

static int make_folder(void **state)
{
    int status = test_folder_make(state);

    caller_use_folder();
    return status;
}

static int remove_folder(void **state)
{
    caller_leave_folder();
    return test_folder_remove(state);
}

/* A file for a dump, without a name. */
static int open_file(void)
{
    char path[128];
    int file;

    test_folder_file("file", path, sizeof path);
    file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(unlink(path), 0);
    return file;
}

static size_t begins_with(int file, const char *beginning)
{
    char text[64] = "";
    struct stat status;

    assert_int_equal(pread(file, text, strlen(beginning), 0), strlen(beginning));
    assert_string_equal(text, beginning);
    assert_int_equal(fstat(file, &status), 0);
    return (size_t)status.st_size;
}

/* ---- Answers ---- */

static void figures_and_kinds(void **state)
{
    struct caller caller;

    (void)state;
    open_heap("");
    small_heap_list_at(&small, 0, 1000, 48);
    small_heap_collect(&small);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "figures", -1, "ok\n"));
    assert_int_equal(caller_number(&caller, "process"), getpid());
    assert_int_equal(caller_number(&caller, "heaps"), 1);
    assert_int_equal(caller_number(&caller, "mutators"), 1);
    assert_int_equal(caller_number(&caller, "collections"), 1);
    assert_true(caller_number(&caller, "live_objects") >= 1000);
    assert_true(caller_number(&caller, "used_bytes") >= 48000);
    assert_true(caller_is_told(&caller, "kinds", -1, "ok\nkind "));
    assert_non_null(strstr(caller.answer, " normal, 48 bytes\n"));
    caller_end(&caller);
    close_heap();
}

/* The thread that would have to do it does nothing but wait. */
static void errands_while_nobody_allocates(void **state)
{
    struct caller caller;
    int file = open_file(), report = open_file();

    (void)state;
    open_heap("");
    small_heap_list_at(&small, 0, 1000, 48);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "collect", -1, "ok\n"));
    assert_int_equal(small_heap_statistics(&small).collections, 1);
    assert_true(small_heap_statistics(&small).live_objects >= 1000);
    assert_true(caller_is_told(&caller, "dump", file, "ok\n"));
    assert_true(begins_with(file, "{\"snapshot\":") > 1000 * 10);
    assert_true(caller_is_told(&caller, "report-json", report, "ok\n"));
    (void)begins_with(report, "{\"terrier\":");
    small_heap_check_list(&small, small.roots[0], 1000);
    caller_end(&caller);
    close_heap();
    close(file);
    close(report);
}

struct allocating {
    struct ter_heap *heap;
    _Atomic bool done;
};

static void *allocate_all_the_time(void *context)
{
    struct allocating *allocating = context;
    struct ter_mutator *mutator;
    void **last = NULL;

    assert_int_equal(ter_mutator_bind(allocating->heap, &mutator), TER_OK);
    for (unsigned i = 0; !atomic_load(&allocating->done); i++) {
        void **cell = ter_allocate(mutator, TER_KIND_NORMAL, 16 + i % 9 * 40);

        *cell = i % 100 == 0 ? NULL : last;
        last = cell;
        if (i % 10000 == 0)
            (void)ter_allocate(mutator, TER_KIND_ATOMIC, 20000);
    }
    ter_mutator_unbind(mutator);
    return NULL;
}

static void call_often(unsigned count)
{
    struct caller caller;
    int file = open_file();

    for (unsigned i = 0; i < count; i++) {
        assert_true(caller_begin(&caller, (unsigned)getpid()));
        assert_true(caller_is_told(&caller, "figures", -1, "ok\n"));
        assert_true(caller_is_told(&caller, "collect", -1, "ok\n"));
        assert_true(caller_is_told(&caller, "kinds", -1, "ok\n"));
        assert_int_equal(ftruncate(file, 0), 0);
        assert_true(caller_is_told(&caller, "dump", file, "ok\n"));
        assert_true(caller_is_told(&caller, "report-text", file, "ok\n"));
        caller_end(&caller);
    }
    close(file);
}

static void errands_while_others_allocate(void **state)
{
    struct allocating allocating = {.done = false};
    pthread_t threads[3];

    (void)state;
    open_heap("");
    allocating.heap = small.heap;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, allocate_all_the_time, &allocating), 0);
    call_often(test_count_not_below(20, 3));
    atomic_store(&allocating.done, true);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    close_heap();
}

static void two_heaps(void **state)
{
    struct ter_heap *other;
    struct ter_options options;
    struct caller caller;
    static const char question[] = "terrier 1 figures 1";

    (void)state;
    open_heap("");
    ter_options_init(&options);
    test_parse_options(&options, "live=1,plan=semispace");
    assert_int_equal(ter_heap_new(&options, &other), TER_OK);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "figures", -1, "ok\nheaps 2\n"));
    caller_say(&caller, question, sizeof question - 1, -1);
    assert_true(caller_hear(&caller));
    assert_non_null(strstr(caller.answer, "\nplan semispace\n"));
    ter_heap_free(other);
    assert_true(caller_is_told(&caller, "figures", -1, "ok\nheaps 1\n"));
    caller_say(&caller, question, sizeof question - 1, -1);
    assert_true(caller_hear(&caller));
    assert_int_equal(strncmp(caller.answer, "no ", 3), 0);
    close_heap();
    assert_false(caller_hear(&caller));
    caller_end(&caller);
}

static void every_plan_answers(void)
{
    struct caller caller;
    int file = open_file();

    small_heap_list_at(&small, 0, 300, 48);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "figures", -1, "ok\n"));
    assert_true(caller_is_told(&caller, "kinds", -1, "ok\nkind "));
    assert_true(
        caller_is_told(&caller, "collect", -1, small_heap_never_collects(&small) ? "no " : "ok\n"));
    assert_true(caller_is_told(&caller, "dump", file, "ok\n"));
    small_heap_check_list(&small, small.roots[0], 300);
    caller_end(&caller);
    close(file);
}

static void under_every_plan(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",live=1", every_plan_answers, NULL);
}

/* ---- Threads that cannot be stopped ---- */

static void mask_stops(int how)
{
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, ter_os_stop_signal());
    assert_int_equal(pthread_sigmask(how, &one, NULL), 0);
}

/* It would be the end of the process, if the program collected. */
static void a_thread_that_blocks_the_signal_is_named(void **state)
{
    struct caller caller;
    char name[32];

    (void)state;
    open_heap("");
    mask_stops(SIG_BLOCK);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "collect", -1, "wait thread "));
    snprintf(name, sizeof name, " %d (", gettid());
    assert_non_null(strstr(caller.answer, name));
    assert_non_null(strstr(caller.answer, "blocks the signal"));
    assert_true(caller_hears_nothing(&caller, 100));
    mask_stops(SIG_UNBLOCK);
    assert_true(caller_hear(&caller));
    assert_string_equal(caller.answer, "ok\n");
    caller_end(&caller);
    close_heap();
}

/* One that waits inside; then it allocates, which is a safepoint. */
static void with_safepoints_the_thread_that_is_missing_is_named(void **state)
{
    struct caller caller, other;
    char name[32];

    (void)state;
    open_heap("stacks=exact");
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "collect", -1, "wait thread "));
    snprintf(name, sizeof name, " %d (", gettid());
    assert_non_null(strstr(caller.answer, name));
    assert_true(caller_begin(&other, (unsigned)getpid()));
    assert_true(caller_is_told(&other, "figures", -1, "ok\n"));
    assert_true(caller_is_told(&other, "collect", -1, "no somebody else"));
    caller_end(&other);
    while (caller_hears_nothing(&caller, 0))
        (void)ter_allocate(small.mutator, TER_KIND_ATOMIC, 3000);
    assert_true(caller_hear(&caller));
    assert_string_equal(caller.answer, "ok\n");
    assert_true(small_heap_statistics(&small).collections_requested >= 1);
    caller_end(&caller);
    close_heap();
}

static void *hear_it(void *context)
{
    return (void *)(uintptr_t)caller_hear(context);
}

static void with_safepoints_outside_nobody_is_waited_for(void **state)
{
    struct caller caller;
    int file = open_file();

    (void)state;
    open_heap("stacks=exact");
    small_heap_list_at(&small, 0, 100, 48);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    caller_ask(&caller, "dump", file);
    assert_non_null(ter_mutator_outside(small.mutator, hear_it, &caller));
    assert_string_equal(caller.answer, "ok\n");
    (void)begins_with(file, "{\"snapshot\":");
    caller_end(&caller);
    close_heap();
    close(file);
}

static void a_program_that_polls_is_caught_there(void **state)
{
    struct caller caller;

    (void)state;
    open_heap("stacks=exact");
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    caller_ask(&caller, "collect", -1);
    while (caller_hears_nothing(&caller, 0))
        ter_poll(small.mutator);
    assert_true(caller_hear(&caller));
    assert_string_equal(caller.answer, "ok\n");
    caller_end(&caller);
    close_heap();
}

static void held_off_collections_are_not_made(void **state)
{
    struct caller caller;

    (void)state;
    open_heap("");
    ter_collections_hold(small.heap);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "collect", -1, "no "));
    assert_int_equal(ter_collections_allow(small.heap), TER_OK);
    assert_true(caller_is_told(&caller, "collect", -1, "ok\n"));
    caller_end(&caller);
    close_heap();
}

/* ---- Callers of all sorts ---- */

static void wrong_questions(void **state)
{
    struct caller caller;
    char bytes[500];
    int pipes[2];

    (void)state;
    open_heap("");
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(pipe(pipes), 0);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "nonsense", -1, "no "));
    assert_true(caller_is_told(&caller, "dump", -1, "no "));
    assert_true(caller_is_told(&caller, "dump", pipes[1], "no "));
    assert_true(caller_is_told(&caller, "dump", pipes[0], "no "));
    caller_say(&caller, "terrier 1 figures 99", 20, -1);
    assert_true(caller_hear(&caller));
    assert_int_equal(strncmp(caller.answer, "no ", 3), 0);
    caller_say(&caller, bytes, 60, pipes[1]);
    assert_true(caller_hear(&caller));
    assert_true(caller_is_told(&caller, "figures", pipes[1], "ok\n"));
    caller_say(&caller, bytes, sizeof bytes, -1); /* too long for any question */
    assert_false(caller_hear(&caller));
    caller_end(&caller);
    close(pipes[0]);
    close(pipes[1]);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "figures", -1, "ok\n"));
    caller_end(&caller);
    close_heap();
}

/* Nobody keeps others away by calling, asking nothing, or not taking answers. */
static void callers_that_hold_places(void **state)
{
    struct caller silent[TER_OS_LINES * 2], caller, slow;

    (void)state;
    open_heap("");
    for (unsigned i = 0; i < TER_ARRAY_LENGTH(silent); i++)
        assert_true(caller_begin(&silent[i], (unsigned)getpid()));
    assert_true(caller_begin(&slow, (unsigned)getpid()));
    for (unsigned i = 0; i < 5000; i++)
        if (send(slow.line, "terrier 1 figures 0", 19, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
            errno == EPIPE)
            break;
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "figures", -1, "ok\n"));
    assert_true(caller_is_told(&caller, "collect", -1, "ok\n"));
    caller_end(&caller);
    caller_end(&slow);
    for (unsigned i = 0; i < TER_ARRAY_LENGTH(silent); i++)
        caller_end(&silent[i]);
    close_heap();
}

static void a_caller_that_goes_takes_its_errand_along(void **state)
{
    struct caller caller;

    (void)state;
    open_heap("stacks=exact");
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "collect", -1, "wait thread "));
    caller_end(&caller);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    do
        caller_ask(&caller, "dump", STDERR_FILENO); /* refused, unless the errand stands before */
    while (caller_hear(&caller) && strstr(caller.answer, "somebody else") != NULL);
    assert_true(caller_is_told(&caller, "collect", -1, "wait thread "));
    caller_end(&caller);
    close_heap();
}

static void a_heap_that_goes_ends_its_errand(void **state)
{
    struct ter_heap *other;
    struct ter_options options;
    struct caller caller;

    (void)state;
    ter_options_init(&options);
    test_parse_options(&options, "live=1");
    assert_int_equal(ter_heap_new(&options, &other), TER_OK);
    open_heap("");
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "collect", -1, "wait a thread of the program has to use"));
    ter_heap_free(other);
    assert_true(caller_hear(&caller));
    assert_string_equal(caller.answer, "no the heap is no more\n");
    caller_end(&caller);
    close_heap();
}

/* ---- Where it listens ---- */

static void nobody_else_may_open_it(void **state)
{
    char path[128];
    struct stat status;

    (void)state;
    open_heap("");
    caller_path((unsigned)getpid(), path, sizeof path);
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0600);
    *strrchr(path, '/') = '\0';
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    close_heap();
    caller_path((unsigned)getpid(), path, sizeof path);
    assert_int_not_equal(stat(path, &status), 0);
}

/* A folder that others may enter, or that is a link, is not used; the heap works. */
static void a_folder_of_others_is_not_used(void **state)
{
    char folder[128], target[128], path[128];
    struct caller caller;

    (void)state;
    test_folder_file("terrier", folder, sizeof folder);
    test_folder_file("target", target, sizeof target);
    rmdir(folder);
    ter_log_set_level(TER_LOG_SILENT);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(mkdir(i == 0 ? folder : target, 0700), 0);
        if (i == 0)
            assert_int_equal(chmod(folder, 0755), 0);
        else
            assert_int_equal(symlink(target, folder), 0);
        open_heap("log=0");
        caller_path((unsigned)getpid(), path, sizeof path);
        assert_int_not_equal(access(path, F_OK), 0);
        assert_false(caller_begin(&caller, (unsigned)getpid()));
        small_heap_list_at(&small, 0, 100, 48);
        close_heap();
        assert_int_equal(i == 0 ? rmdir(folder) : unlink(folder), 0);
    }
    assert_int_equal(rmdir(target), 0);
}

/* What a process that was killed has left stands in nobody's way, and goes. */
static void stale_names_go(void **state)
{
    char own[128], stale[128];
    int file;

    (void)state;
    open_heap("");
    close_heap();
    caller_path((unsigned)getpid(), own, sizeof own);
    caller_path(4194304 + 1, stale, sizeof stale); /* above the highest number of a process */
    for (unsigned i = 0; i < 2; i++) {
        file = open(i == 0 ? own : stale, O_WRONLY | O_CREAT, 0600);
        assert_true(file >= 0);
        close(file);
    }
    figures_and_kinds(state);
    assert_int_not_equal(access(stale, F_OK), 0);
    assert_int_not_equal(access(own, F_OK), 0);
}

/* A daemon closes all that it does not know. */
static void a_program_that_closes_all_files_still_answers(void **state)
{
    struct caller caller;
    bool begun = false;

    (void)state;
    open_heap("");
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    for (int file = caller.line + 1; file < 2000; file++)
        close(file);
    assert_false(caller_hear(&caller));
    caller_end(&caller);
    /* Until it notices, nobody can call. */
    for (unsigned i = 0; i < 6000 && !begun; i++) {
        usleep(10000);
        begun = caller_begin(&caller, (unsigned)getpid());
    }
    assert_true(begun);
    assert_true(caller_is_told(&caller, "figures", -1, "ok\n"));
    caller_end(&caller);
    close_heap();
}

/* ---- Forks ---- */

/* The child asks its parent and itself. */
static void child_answers(void *context)
{
    struct caller caller;
    unsigned parent = *(const unsigned *)context;

    assert_false(caller_begin(&caller, (unsigned)getpid()));
    for (unsigned i = 0; i < 100; i++)
        (void)ter_allocate(small.mutator, TER_KIND_ATOMIC, 8000);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    assert_true(caller_is_told(&caller, "figures", -1, "ok\n"));
    assert_int_equal(caller_number(&caller, "process"), getpid());
    assert_true(caller_is_told(&caller, "collect", -1, "ok\n"));
    caller_end(&caller);
    assert_true(caller_begin(&caller, parent));
    assert_true(caller_is_told(&caller, "figures", -1, "ok\n"));
    assert_int_equal(caller_number(&caller, "process"), parent);
    caller_end(&caller);
    close_heap();
}

static void a_forked_child_has_a_line_of_its_own(void **state)
{
    unsigned parent = (unsigned)getpid();
    struct caller caller;
    struct test_end end;

    (void)state;
    open_heap("");
    assert_true(caller_begin(&caller, parent));
    assert_true(caller_is_told(&caller, "figures", -1, "ok\n"));
    test_in_child(child_answers, &parent, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
    assert_true(caller_is_told(&caller, "figures", -1, "ok\n"));
    assert_int_equal(caller_number(&caller, "process"), parent);
    caller_end(&caller);
    close_heap();
}

static void forks_while_callers_are_answered(void **state)
{
    struct caller caller;
    char left[128];

    (void)state;
    open_heap("");
    small_heap_list_at(&small, 0, 1000, 48);
    assert_true(caller_begin(&caller, (unsigned)getpid()));
    for (unsigned i = 0; i < test_count_not_below(100, 10); i++) {
        pid_t child;
        int status;

        caller_ask(&caller, i % 2 == 0 ? "collect" : "figures", -1);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)ter_allocate(small.mutator, TER_KIND_ATOMIC, 8000);
            ter_collect(small.mutator);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        caller_path((unsigned)child, left, sizeof left);
        assert_int_equal(unlink(left), 0); /* it ended without a word */
        assert_true(caller_hear(&caller));
        assert_int_equal(strncmp(caller.answer, "ok\n", 3), 0);
    }
    caller_end(&caller);
    close_heap();
}

/* ---- Nothing of it without the option ---- */

static void without_the_option_there_is_no_thread(void **state)
{
    struct caller caller;

    (void)state;
    small_heap_init(&small, "");
    assert_false(caller_begin(&caller, (unsigned)getpid()));
    assert_null(small.heap->collector.allocator.gate.called);
    small_heap_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_and_kinds),
        cmocka_unit_test(errands_while_nobody_allocates),
        cmocka_unit_test(errands_while_others_allocate),
        cmocka_unit_test(two_heaps),
        cmocka_unit_test(under_every_plan),
        cmocka_unit_test(a_thread_that_blocks_the_signal_is_named),
        cmocka_unit_test(with_safepoints_the_thread_that_is_missing_is_named),
        cmocka_unit_test(with_safepoints_outside_nobody_is_waited_for),
        cmocka_unit_test(a_program_that_polls_is_caught_there),
        cmocka_unit_test(held_off_collections_are_not_made),
        cmocka_unit_test(wrong_questions),
        cmocka_unit_test(callers_that_hold_places),
        cmocka_unit_test(a_caller_that_goes_takes_its_errand_along),
        cmocka_unit_test(a_heap_that_goes_ends_its_errand),
        cmocka_unit_test(nobody_else_may_open_it),
        cmocka_unit_test(a_folder_of_others_is_not_used),
        cmocka_unit_test(stale_names_go),
        cmocka_unit_test(a_program_that_closes_all_files_still_answers),
        cmocka_unit_test(a_forked_child_has_a_line_of_its_own),
        cmocka_unit_test(forks_while_callers_are_answered),
        cmocka_unit_test(without_the_option_there_is_no_thread),
    };

    if (TER_HAS_TSAN) {
        puts("SKIP: ThreadSanitizer gives signals to threads late, and checks files that are "
             "closed");
        return 77;
    }
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
