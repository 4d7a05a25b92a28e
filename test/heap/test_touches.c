/* SPDX-License-Identifier: MIT */
/*
 * Memory that nobody may touch any more, under the plan page-protect: each mistake is made in a
 * child, which must say what was there and then end as it would have without a word.
 */
#include "heap/heap.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "small_heap.h"

#define EXACT "plan=page-protect,stacks=exact"
#define SMALL_BYTES 48u /* of a class, so that an object ends where what was asked for does */
#define LARGE_BYTES 12288u
#define HANDLED 42 /* how a child ends whose handler was called */

static const struct ter_object_layout pair_layout = {.header_bytes = SMALL_BYTES,
                                                     .header = {.bitmap = 3}};

static struct ter_heap *heap;
static struct ter_mutator *mutator;
static unsigned pair_kind;
static volatile uintptr_t seen; /* so that reads are made */

/* ---- Heaps ---- */

static void begin_heap(const char *options)
{
    struct ter_options parsed;

    ter_options_init(&parsed);
    test_parse_options(&parsed, options);
    assert_int_equal(ter_heap_new(&parsed, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    assert_int_equal(
        ter_kind_define(heap,
                        &(struct ter_kind_description){.name = "pair", .layout = &pair_layout},
                        &pair_kind),
        TER_OK);
}

static void end_heap(void)
{
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
}

static void read_at(uintptr_t address)
{
    seen = *(volatile const uintptr_t *)address;
}

static uintptr_t new_object(unsigned kind, size_t bytes)
{
    void *object = ter_allocate(mutator, kind, bytes);

    assert_non_null(object);
    return (uintptr_t)object;
}

/* ---- Mistakes: each returns the address that is touched ---- */

static uintptr_t freed_small(void)
{
    uintptr_t object = new_object(pair_kind, SMALL_BYTES);

    read_at(object + 16);
    ter_free(mutator, (void *)object);
    return object + 16;
}

static uintptr_t freed_of_fixed_kind(void)
{
    uintptr_t object = new_object(TER_KIND_NORMAL, SMALL_BYTES);

    ter_free(mutator, (void *)object);
    return object;
}

static uintptr_t freed_large(void)
{
    uintptr_t object = new_object(pair_kind, LARGE_BYTES);

    ter_free(mutator, (void *)object);
    return object + LARGE_BYTES - 8;
}

static uintptr_t lost_root(void)
{
    uintptr_t object = new_object(pair_kind, SMALL_BYTES);

    ter_collect(mutator);
    ter_collect(mutator);
    return object;
}

static uintptr_t lost_large_root(void)
{
    uintptr_t object = new_object(TER_KIND_NORMAL, LARGE_BYTES);

    ter_collect(mutator);
    return object + 4096;
}

/* The object lives, and its frame knows where. */
static uintptr_t stale_reference(void)
{
    uintptr_t object;

    TER_FRAME(mutator, frame, 1);
    frame.slots[0] = (void *)new_object(pair_kind, SMALL_BYTES);
    object = (uintptr_t)frame.slots[0];
    ((uintptr_t *)object)[4] = 4711;
    ter_collect(mutator);
    assert_int_not_equal((uintptr_t)frame.slots[0], object);
    assert_int_equal(((uintptr_t *)frame.slots[0])[4], 4711);
    TER_FRAME_END(mutator, frame);
    return object + 8;
}

/* Behind the one that comes next, in addresses too, there would be another. */
static uintptr_t overrun(void)
{
    uintptr_t object = new_object(pair_kind, SMALL_BYTES);

    (void)new_object(pair_kind, SMALL_BYTES);
    return object + SMALL_BYTES;
}

static uintptr_t overrun_of_large(void)
{
    return new_object(pair_kind, LARGE_BYTES) + LARGE_BYTES + 8;
}

/* Objects that are to lie at a multiple end where their pages do all the same. */
static uintptr_t overrun_of_aligned(void)
{
    uintptr_t object = (uintptr_t)ter_allocate_as(mutator, TER_KIND_NORMAL, 100, 128, 0);

    assert_int_equal(object % 128, 0);
    read_at(object + 96);
    return object + 128;
}

static uintptr_t nobody_was_there(void)
{
    return ter_align_down(new_object(pair_kind, SMALL_BYTES), TER_BYTES_IN_CHUNK) +
           TER_BYTES_IN_CHUNK / 2;
}

static uintptr_t outside_of_heaps(void)
{
    (void)new_object(pair_kind, SMALL_BYTES);
    return 64;
}

struct touch {
    uintptr_t (*mistake)(void);
    const char *options; /* further ones */
    const char *parts[4];
};

static const struct touch touches[] = {
    {freed_small,
     "",
     {"was touched, at +16 of object 0x", "(kind \"pair\", 48 bytes, object 1 of space protect) ",
      "that was freed by ter_free, after collection 0"}},
    {freed_small, ",origins=1", {"that was object 0x", "allocation 1, allocated by "}},
    {freed_of_fixed_kind, "", {"at +0 of object", "kind 1, 48 bytes", "space protect-fixed"}},
    {freed_large, "", {"at +12280 of object", "12288 bytes", "freed by ter_free"}},
    {lost_root, "", {"at +0 of object", "that collection 1 freed", "origins=1"}},
    {lost_root, ",origins=1", {"at +0 of object", "that collection 1 freed", "allocation 1, "}},
    {lost_root, ",markers=2,stress=1,origins=1", {"that collection ", " freed", "allocation 1, "}},
    {lost_large_root, "", {"at +4096 of object", "that collection 1 freed"}},
    {stale_reference, "", {"at +8 of object", "that collection 1 moved to 0x"}},
    {stale_reference, ",origins=1", {"at +8 of object", "moved to 0x", "allocation 1, "}},
    {stale_reference, ",markers=2,stress=1000", {"at +8 of object", "moved to 0x"}},
    {overrun, "", {"0 bytes behind the end of object", "that is alive", "48 bytes end there"}},
    {overrun_of_large, "", {"8 bytes behind the end of object", "that is alive"}},
    {overrun_of_aligned, "", {"0 bytes behind the end of object", "128 bytes"}},
    {nobody_was_there, "", {"was touched, in space protect: no object is known"}},
    {outside_of_heaps, "", {NULL}},
};

/* ---- Children ---- */

struct attempt {
    const struct touch *touch;
    bool touches; /* else: all but that */
};

static void make_mistake(void *context)
{
    const struct attempt *attempt = context;
    char options[200];
    uintptr_t address;

    snprintf(options, sizeof options, EXACT "%s", attempt->touch->options);
    begin_heap(options);
    address = attempt->touch->mistake();
    if (attempt->touches)
        read_at(address);
    end_heap();
}

static void require_parts(const struct touch *touch, const struct test_end *end)
{
    for (size_t i = 0; i < TER_ARRAY_LENGTH(touch->parts) && touch->parts[i] != NULL; i++)
        if (strstr(end->text, touch->parts[i]) == NULL)
            fail_msg("%s: wanted '%s', got '%s'", touch->options, touch->parts[i], end->text);
}

/* A sanitizer's own handler comes after ours, and ends the process in its way. */
static void require_fault(const struct test_end *end)
{
    if (TER_HAS_SANITIZER)
        assert_true(end->signal != 0 || end->code != 0);
    else
        assert_int_equal(end->signal, SIGSEGV);
}

static void every_mistake_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(touches); i++) {
        struct attempt attempt = {&touches[i], true};
        struct test_end end;

        test_in_child(make_mistake, &attempt, &end);
        require_parts(&touches[i], &end);
        require_fault(&end);
        if (touches[i].parts[0] == NULL)
            assert_null(strstr(end.text, "terrier: "));
        attempt.touches = false;
        test_in_child(make_mistake, &attempt, &end);
        assert_int_equal(end.signal, 0);
        assert_int_equal(end.code, 0);
        assert_string_equal(end.text, "");
    }
}

/* ---- What handled faults before ---- */

static sigjmp_buf back;
static volatile sig_atomic_t times_handled;

static void end_in_handler(int number)
{
    (void)number;
    _exit(HANDLED);
}

static void jump_back(int number, siginfo_t *info, void *context)
{
    sigset_t blocked;

    (void)context;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    times_handled += info->si_addr == (void *)seen && sigismember(&blocked, number) &&
                     sigismember(&blocked, SIGUSR1);
    siglongjmp(back, 1);
}

static void with_plain_handler(void *context)
{
    signal(SIGSEGV, end_in_handler);
    make_mistake(context);
}

static void with_jumps(void *context)
{
    struct sigaction action = {.sa_sigaction = jump_back, .sa_flags = SA_SIGINFO};
    volatile unsigned rounds = 0;
    uintptr_t address;

    (void)context;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaction(SIGSEGV, &action, NULL);
    begin_heap(EXACT);
    address = freed_small();
    seen = address;
    if (sigsetjmp(back, 1) <= 1 && rounds++ < 3)
        *(volatile uintptr_t *)address = 1;
    assert_int_equal(times_handled, 3);
    end_heap();
    sigaction(SIGSEGV, NULL, &action);
    assert_true(action.sa_sigaction == jump_back);
}

static void other_handlers_are_called(void **state)
{
    struct attempt attempt = {&touches[0], true};
    struct test_end end;

    (void)state;
    test_in_child(with_plain_handler, &attempt, &end);
    assert_int_equal(end.code, HANDLED);
    require_parts(&touches[0], &end);
    test_in_child(with_jumps, NULL, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
    require_parts(&touches[0], &end);
}

/* One that came later goes before, and need not call another; nor is it called for ever. */
static void with_later_handler(void *context)
{
    (void)context;
    begin_heap(EXACT);
    signal(SIGSEGV, end_in_handler);
    end_heap();
    begin_heap(EXACT);
    read_at(freed_small());
}

static void send_fault(void *context)
{
    (void)context;
    begin_heap(EXACT);
    signal(SIGSEGV, SIG_IGN);
    raise(SIGSEGV);
    signal(SIGSEGV, SIG_DFL);
    end_heap();
    begin_heap(EXACT);
    raise(SIGSEGV);
}

static void other_handlers_stay(void **state)
{
    struct test_end end;

    (void)state;
    test_in_child(with_later_handler, NULL, &end);
    assert_int_equal(end.code, HANDLED);
    assert_string_equal(end.text, "");
    test_in_child(send_fault, NULL, &end);
    require_fault(&end);
    assert_null(strstr(end.text, "terrier: "));
}

/* ---- Threads and children ---- */

static void *touch_in_thread(void *address)
{
    read_at((uintptr_t)address);
    return NULL;
}

static void another_thread(void *context)
{
    pthread_t thread;

    (void)context;
    begin_heap(EXACT);
    assert_int_equal(pthread_create(&thread, NULL, touch_in_thread, (void *)freed_small()), 0);
    pthread_join(thread, NULL);
}

static void child_of_fork(void *context)
{
    uintptr_t address;
    int status;
    pid_t child;

    (void)context;
    begin_heap(EXACT);
    address = freed_small();
    child = fork();
    if (child == 0) {
        ter_collect(mutator);
        (void)freed_small();
        read_at(address);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_not_equal(status, 0);
    end_heap();
    _exit(HANDLED);
}

static void every_thread_and_process_is_told(void **state)
{
    struct test_end end;

    (void)state;
    test_in_child(another_thread, NULL, &end);
    require_fault(&end);
    require_parts(&touches[0], &end);
    test_in_child(child_of_fork, NULL, &end);
    assert_int_equal(end.code, HANDLED);
    require_parts(&touches[0], &end);
}

/* ---- Addresses and memory ---- */

static int compare_addresses(const void *left, const void *right)
{
    uintptr_t a = *(const uintptr_t *)left, b = *(const uintptr_t *)right;

    return (a > b) - (a < b);
}

static void no_address_is_used_again(void **state)
{
    enum { OBJECTS = 5000 };
    uintptr_t *addresses = calloc(OBJECTS, sizeof *addresses);

    (void)state;
    assert_non_null(addresses);
    begin_heap(EXACT);
    for (unsigned i = 0; i < OBJECTS; i++) {
        addresses[i] = new_object(i % 2 == 0 ? pair_kind : TER_KIND_ATOMIC, 1 + i % 9000);
        if (i % 3 == 0)
            ter_free(mutator, (void *)addresses[i]);
        if (i % 500 == 0)
            ter_collect(mutator);
    }
    qsort(addresses, OBJECTS, sizeof *addresses, compare_addresses);
    for (unsigned i = 1; i < OBJECTS; i++)
        assert_true(addresses[i - 1] >> TER_LOG_BYTES_IN_PAGE !=
                    addresses[i] >> TER_LOG_BYTES_IN_PAGE);
    end_heap();
    free(addresses);
}

static void link_until_full(void **list)
{
    void *object;

    while ((object = ter_allocate(mutator, pair_kind, SMALL_BYTES)) != NULL) {
        *(void **)object = *list;
        *list = object;
    }
}

/* Nor when nearly all of it lives; and what finds no room to move to stays. */
static void memory_stays_below_the_maximum(void **state)
{
    const struct ter_accounting *accounting;

    (void)state;
    begin_heap(EXACT ",heap_max=1M");
    accounting = &heap->collector.arena.accounting;
    TER_FRAME(mutator, frame, 1);
    for (unsigned i = 0; i < 5000; i++)
        (void)new_object(pair_kind, SMALL_BYTES);
    for (unsigned i = 0; i < 5; i++) {
        link_until_full(&frame.slots[0]);
        frame.slots[0] = *(void **)frame.slots[0];
        ter_collect(mutator);
        assert_int_equal(ter_accounting_resident(accounting), accounting->used_bytes);
    }
    assert_in_range(accounting->peak_used_bytes, TER_MIB(1) - TER_KIB(64), TER_MIB(1));
    TER_FRAME_END(mutator, frame);
    end_heap();
}

/* ---- What is short ---- */

static void keep_many(unsigned count, void **list)
{
    for (unsigned i = 0; i < count; i++) {
        void **object = (void **)new_object(TER_KIND_NORMAL, SMALL_BYTES);

        object[0] = *list;
        *list = object;
        if (i % 2 == 0)
            ter_free(mutator, (void *)new_object(TER_KIND_NORMAL, SMALL_BYTES));
    }
}

static void check_list_length(void **list, unsigned count)
{
    unsigned found = 0;

    for (; list != NULL; list = *list)
        found++;
    assert_int_equal(found, count);
}

static void drop_every_second(void **list)
{
    for (; list != NULL; list = *list)
        *list = **(void ***)list;
}

/* Twice the objects that can be apart from each other. */
static void few_mappings(void *context)
{
    (void)context;
    ter_os_set_most_mappings(800);
    begin_heap(EXACT);
    TER_FRAME(mutator, frame, 1);
    keep_many(800, &frame.slots[0]);
    check_list_length(frame.slots[0], 800);
    assert_in_range(ter_os_count_mappings(0), 1, 602);
    assert_int_equal(ter_collector_check(&heap->collector), TER_OK);
    drop_every_second(frame.slots[0]);
    ter_collect(mutator);
    check_list_length(frame.slots[0], 400);
    assert_in_range(ter_os_count_mappings(0), 1, 602);
    keep_many(400, &frame.slots[0]);
    check_list_length(frame.slots[0], 800);
    frame.slots[0] = NULL;
    ter_collect(mutator);
    assert_int_equal(ter_os_count_mappings(0), 0);
    keep_many(10, &frame.slots[0]);
    read_at(freed_of_fixed_kind());
    TER_FRAME_END(mutator, frame);
}

/* What is told says that something was short, and where something can be told it still is. */
static void few_mappings_are_enough(void **state)
{
    static const struct touch wanted = {NULL,
                                        "",
                                        {"half of the 800 mappings", "too few of the 800 mappings",
                                         "its mappings are used up", "freed by ter_free"}};
    struct test_end end;

    (void)state;
    test_in_child(few_mappings, NULL, &end);
    require_parts(&wanted, &end);
    require_fault(&end);
}

/* Two chunks have room for some 1000 objects. */
static void few_addresses(void *context)
{
    (void)context;
    begin_heap(EXACT ",layout=custom:extent=8M:slots=8");
    TER_FRAME(mutator, frame, 2);
    for (unsigned i = 0; i < 6000; i++) {
        frame.slots[1] = (void *)new_object(pair_kind, SMALL_BYTES);
        if (i % 100 == 0) {
            *(void **)frame.slots[1] = frame.slots[0];
            frame.slots[0] = frame.slots[1];
        }
        if (i % 10 == 0)
            (void)new_object(TER_KIND_ATOMIC, i % 12000 + 1);
    }
    check_list_length(frame.slots[0], 60);
    assert_int_equal(ter_collector_check(&heap->collector), TER_OK);
    TER_FRAME_END(mutator, frame);
    read_at(freed_small());
}

static void few_addresses_are_enough(void **state)
{
    static const struct touch wanted = {
        NULL, "", {"space protect: its addresses are used up", "at +16 of object"}};
    struct test_end end;

    (void)state;
    test_in_child(few_addresses, NULL, &end);
    require_parts(&wanted, &end);
    require_fault(&end);
}

/* Of the heaps that ended, nothing is counted any more. */
static void nothing_is_left(void **state)
{
    (void)state;
    assert_int_equal(ter_os_count_mappings(0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_told),
        cmocka_unit_test(other_handlers_are_called),
        cmocka_unit_test(other_handlers_stay),
        cmocka_unit_test(every_thread_and_process_is_told),
        cmocka_unit_test(no_address_is_used_again),
        cmocka_unit_test(memory_stays_below_the_maximum),
        cmocka_unit_test(few_mappings_are_enough),
        cmocka_unit_test(few_addresses_are_enough),
        cmocka_unit_test(nothing_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
