/* SPDX-License-Identifier: MIT */
/* What a scan of the program must see: static data, thread-local data, stacks; time and names. */
#include "support.h"

#include <pthread.h>
#include <unistd.h>

static int in_data = 5;
static int in_bss;
static const int constant[100] = {1};
static const char *const relocated[] = {"a", "b"};
static _Thread_local int thread_data = 7;
static _Thread_local int thread_bss;

struct search {
    const void *wanted;
    size_t found;
    bool is_program;
};

static void look(void *context, const struct ter_os_segment *segment)
{
    struct search *search = context;

    assert_true(segment->start < segment->end);
    assert_int_equal(segment->is_program, segment->library[0] == '\0');
    if (segment->start <= (uintptr_t)search->wanted && (uintptr_t)search->wanted < segment->end) {
        search->found++;
        search->is_program = segment->is_program;
    }
}

static struct search search_segments(const void *wanted)
{
    struct search search = {wanted, 0, false};

    ter_os_for_each_data_segment(look, &search);
    return search;
}

static void static_data_are_found(void **state)
{
    int on_stack = 0;
    void *allocated = malloc(16);

    (void)state;
    assert_int_equal(search_segments(&in_data).found, 1);
    assert_int_equal(search_segments(&in_bss).found, 1);
    assert_true(search_segments(&in_data).is_program);
    assert_true(search_segments(&in_bss).is_program);
    assert_int_equal(search_segments(&constant[50]).found, 0);
    assert_int_equal(search_segments("text").found, 0);
    assert_int_equal(search_segments(&relocated[1]).found, 0);
    assert_int_equal(search_segments(&on_stack).found, 0);
    assert_int_equal(search_segments(allocated).found, 0);
    free(allocated);
}

/* The C library's own data: a shared library's. */
static void libraries_are_found(void **state)
{
    struct search search = search_segments(stdout);

    (void)state;
    assert_int_equal(search.found, 1);
    assert_false(search.is_program);
}

static void write_byte(void *context, const struct ter_os_segment *segment)
{
    volatile char *last = (volatile char *)(segment->end - 1);

    (void)context;
    /* Writable, so that a scan may at least read it. */
    for (volatile char *byte = (volatile char *)segment->start; byte < last; byte += 4096)
        *byte = *byte;
    *last = *last;
}

static void segments_are_writable(void **state)
{
    (void)state;
    if (TER_HAS_SANITIZER)
        skip(); /* red zones lie between variables */
    ter_os_for_each_data_segment(write_byte, NULL);
    ter_os_for_each_tls_block(write_byte, NULL);
}

static void the_version_stays_while_nothing_is_loaded(void **state)
{
    uint64_t version = ter_os_data_segments_version();

    (void)state;
    assert_true(version == ter_os_data_segments_version());
}

static void check_thread_data(void)
{
    struct search data = {&thread_data, 0, false}, bss = {&thread_bss, 0, false};

    ter_os_for_each_tls_block(look, &data);
    ter_os_for_each_tls_block(look, &bss);
    assert_int_equal(data.found, 1);
    assert_int_equal(bss.found, 1);
}

struct thread_answers {
    bool found[2];
    bool stack_is_right;
};

/* No assertions in a thread: cmocka's are for the one that runs the test. */
static void *ask_in_thread(void *argument)
{
    struct thread_answers *answers = argument;
    struct search data = {&thread_data, 0, false}, bss = {&thread_bss, 0, false};
    uintptr_t base = ter_os_stack_base(), here = (uintptr_t)&data;

    ter_os_for_each_tls_block(look, &data);
    ter_os_for_each_tls_block(look, &bss);
    answers->found[0] = data.found == 1;
    answers->found[1] = bss.found == 1;
    answers->stack_is_right = here < base && base - here < TER_MIB(64);
    return NULL;
}

static void thread_data_are_found(void **state)
{
    struct thread_answers answers = {{false, false}, false};
    pthread_t thread;

    (void)state;
    check_thread_data();
    assert_int_equal(pthread_create(&thread, NULL, ask_in_thread, &answers), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(answers.found[0]);
    assert_true(answers.found[1]);
    assert_true(answers.stack_is_right);
}

static void the_stack_has_a_base(void **state)
{
    volatile int on_stack = 0;
    uintptr_t base = ter_os_stack_base();

    (void)state;
    assert_true(base > (uintptr_t)&on_stack);
    /* All of it can be read. */
    assert_true(test_is_mapped(base - sizeof(uintptr_t), sizeof(uintptr_t)));
    assert_int_equal(base % sizeof(uintptr_t), 0);
}

static void time_and_names(void **state)
{
    uint64_t before = ter_os_now_ns();

    (void)state;
    assert_true(ter_os_now_ns() >= before);
    assert_int_equal(ter_os_process_id(), getpid());
    assert_string_equal(ter_os_program_name(), "test_os_data");
    assert_true(ter_os_peak_resident() > 100 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(static_data_are_found),
        cmocka_unit_test(libraries_are_found),
        cmocka_unit_test(segments_are_writable),
        cmocka_unit_test(the_version_stays_while_nothing_is_loaded),
        cmocka_unit_test(thread_data_are_found),
        cmocka_unit_test(the_stack_has_a_base),
        cmocka_unit_test(time_and_names),
    };

    in_data++;
    in_bss++;
    thread_bss++;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
