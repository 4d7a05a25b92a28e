/* SPDX-License-Identifier: MIT */
/*
 * Heaps under the soft limit of the process: they share it, keep to it as long as what lives fits,
 * and go over it rather than collect for ever. And where it comes from: the program, an option, or
 * control groups in a tree of files of our own.
 */
#include <stdlib.h>

#include <terrier/terrier.h>

#include "cgroup_tree.h"
#include "small_heap.h"
#include "support.h"

static struct small_heap one, two;
static struct cgroup_tree tree;

static void init(struct small_heap *small, const char *options)
{
    char text[160];

    snprintf(text, sizeof text, "stacks=exact,%s", options);
    small_heap_init(small, text);
}

/* ---- Time, so that nothing hangs on how fast the machine is ---- */

static uint64_t collector_ns, program_ns, now_ns;

/* Each collection takes as long as the test says, and so does what is between them. */
static uint64_t time_of_test(enum ter_os_clock clock)
{
    if (clock == TER_OS_CLOCK_THREAD)
        return program_ns += collector_ns;
    if (clock == TER_OS_CLOCK_PROCESS)
        return program_ns += 1000;
    return now_ns += 1000000;
}

static int with_time(void **state)
{
    (void)state;
    collector_ns = program_ns = now_ns = 1;
    ter_os_set_time(time_of_test);
    return 0;
}

static int forget_limit(void **state)
{
    (void)state;
    ter_os_set_time(NULL);
    ter_soft_limit_set(TER_SOFT_LIMIT_NONE);
    return 0;
}

static int with_tree(void **state)
{
    (void)state;
    cgroup_tree_init(&tree);
    cgroup_tree_place(&tree, "/app");
    return 0;
}

static int without_tree(void **state)
{
    (void)state;
    cgroup_tree_fini(&tree);
    return forget_limit(state);
}

/* ---- Two heaps ---- */

/* What the slots of `small` hold by turns, so that about `slots` lists of 64 KiB live. */
static void allocate(struct small_heap *small, size_t *turn, size_t slots, size_t lists)
{
    for (; lists > 0; lists--)
        small_heap_list_at(small, (unsigned)((*turn)++ % slots), 512, 128);
}

struct peak {
    uint64_t together, one, two;
};

static void look(struct peak *peak)
{
    uint64_t first = small_heap_statistics(&one).used_bytes;
    uint64_t second = small_heap_statistics(&two).used_bytes, together = ter_heaps_bytes();

    peak->together = together > peak->together ? together : peak->together;
    peak->one = first > peak->one ? first : peak->one;
    peak->two = second > peak->two ? second : peak->two;
}

static void busy_and_lazy(const char *options, uint64_t limit, struct peak *peak)
{
    size_t first = 0, second = 0;

    init(&one, options);
    init(&two, options);
    ter_soft_limit_set(limit);
    for (unsigned i = 0; i < 1500; i++) {
        if (i == 200)
            peak->one = peak->two = 0; /* what comes before is not settled */
        allocate(&one, &first, 96, 8);
        allocate(&two, &second, 96, i % 8 == 0);
        look(peak);
    }
    assert_true(small_heap_statistics(&one).collections > 8);
    assert_int_equal(small_heap_statistics(&one).soft_limit_bytes, limit);
    small_heap_fini(&two);
    small_heap_fini(&one);
}

/* 6 MiB live in each; the one allocates 64 times as much as the other. */
static void two_heaps_share(const char *options)
{
    struct peak free = {0}, tight = {0};

    busy_and_lazy(options, TER_MIB(2000), &free);
    assert_true(free.together > TER_MIB(18));
    busy_and_lazy(options, TER_MIB(16), &tight);
    assert_true(tight.together <= TER_MIB(16));
    assert_true(tight.one > tight.two);
}

static void two_heaps_under_one_limit(void **state)
{
    (void)state;
    two_heaps_share("sizing=adaptive");
    two_heaps_share("sizing=ratio,free_space_divisor=1");
    two_heaps_share("sizing=adaptive,plan=semispace");
}

/* A heap that has more than its share gives it back when the other needs it. */
static void room_goes_from_one_to_the_other(void **state)
{
    size_t turn = 0, other = 0;

    (void)state;
    ter_soft_limit_set(TER_MIB(24));
    init(&one, "sizing=adaptive");
    init(&two, "sizing=adaptive");
    allocate(&one, &turn, 200, 2000);
    assert_true(small_heap_statistics(&one).used_bytes > TER_MIB(12));
    for (unsigned root = 0; root < SMALL_ROOTS; root++)
        one.roots[root] = NULL;
    turn = 0;
    for (unsigned i = 0; i < 1500; i++) {
        allocate(&two, &other, 200, 1);
        allocate(&one, &turn, 8, 1);
        /* The one has to come to a collection first. */
        assert_true(i < 32 || ter_heaps_bytes() <= TER_MIB(24));
    }
    assert_true(small_heap_statistics(&two).used_bytes > TER_MIB(12));
    small_heap_fini(&two);
    small_heap_fini(&one);
}

/* ---- What does not fit ---- */

/* Twice as much lives as the limit allows: there is no end of memory, and no end of collections. */
static void what_lives_does_not_fit(void **state)
{
    struct ter_statistics figures;

    (void)state;
    ter_soft_limit_set(TER_MIB(4));
    init(&one, "sizing=ratio");
    for (unsigned root = 0; root < 128; root++)
        small_heap_list_at(&one, root, 512, 128);
    figures = small_heap_statistics(&one);
    assert_true(figures.used_bytes >= TER_MIB(8));
    assert_true(figures.soft_limit_collections > 0);
    /* Each comes after 64 KiB at least. */
    assert_true(figures.collections <= TER_MIB(9) / TER_KIB(64));
    for (unsigned root = 0; root < 128; root++)
        small_heap_check_list(&one, one.roots[root], 512);
    small_heap_fini(&one);
}

/* ---- Half of the time ---- */

struct seen {
    uint64_t exceeded_ns;
    uint64_t limit;
};

static void see(void *context, const struct ter_collection_event *event)
{
    struct seen *seen = context;

    if (event->exceeded_ns > seen->exceeded_ns)
        seen->exceeded_ns = event->exceeded_ns;
    seen->limit = event->soft_limit_bytes;
}

/* 6 MiB live under a limit of 6 MiB: as often as may be, or as seldom as by the heap's own rule. */
static struct ter_statistics collect_next_to_it(uint64_t each_ns, struct seen *seen)
{
    struct ter_statistics figures;
    size_t turn = 0;

    collector_ns = each_ns;
    init(&one, "sizing=ratio,log=0");
    ter_heap_on_collection(one.heap, see, seen);
    ter_soft_limit_set(TER_MIB(6));
    allocate(&one, &turn, 96, 2000);
    figures = small_heap_statistics(&one);
    small_heap_fini(&one);
    ter_soft_limit_set(TER_SOFT_LIMIT_NONE);
    return figures;
}

static void half_of_the_time_is_the_programs(void **state)
{
    struct seen quick_seen = {0}, slow_seen = {0};
    struct ter_statistics quick = collect_next_to_it(1, &quick_seen);
    struct ter_statistics slow = collect_next_to_it(UINT64_C(100000000000), &slow_seen);

    (void)state;
    assert_int_equal(quick.soft_limit_exceeded, 0);
    assert_int_equal(quick_seen.exceeded_ns, 0);
    assert_int_equal(quick_seen.limit, TER_MIB(6));
    assert_true(quick.peak_used_bytes < TER_MIB(7));
    /* A collection fills the bucket; from there on the limit gives way, and is told of. */
    assert_true(slow.soft_limit_collections <= 1);
    assert_true(slow.soft_limit_exceeded > 10);
    assert_true(slow_seen.exceeded_ns > 0);
    assert_true(slow.collections < quick.collections / 4);
    assert_true(slow.peak_used_bytes > TER_MIB(8));
}

static void a_plan_that_never_collects(void **state)
{
    (void)state;
    ter_soft_limit_set(TER_MIB(4));
    init(&one, "plan=no-gc");
    small_heap_list_at(&one, 0, 100000, 128);
    assert_true(small_heap_statistics(&one).used_bytes > TER_MIB(8));
    assert_int_equal(small_heap_statistics(&one).collections, 0);
    small_heap_fini(&one);
}

/* What rather fails than collects is no collection: figures count those that came. */
static void only_collections_that_came_are_counted(void **state)
{
    struct ter_statistics before, after;
    unsigned failed = 0;

    (void)state;
    ter_soft_limit_set(TER_MIB(4));
    init(&one, "sizing=ratio");
    for (unsigned root = 0; root < 128; root++)
        small_heap_list_at(&one, root, 512, 128);
    before = small_heap_statistics(&one);
    for (unsigned i = 0; i < 20000; i++)
        failed +=
            ter_allocate_as(one.mutator, TER_KIND_NORMAL, 128, 16, TER_ALLOCATE_NO_COLLECT) == NULL;
    after = small_heap_statistics(&one);
    assert_true(failed > 1);
    assert_int_equal(after.collections, before.collections);
    assert_int_equal(after.soft_limit_collections, before.soft_limit_collections);
    small_heap_fini(&one);
}

/* With every plan, next to the limit: what a plan copies goes beside what it has, if it fits. */
static void next_to_the_limit(void)
{
    size_t turn = 0;

    /* With a page an object, what lives here is more than the limit. */
    if (small_heap_never_collects(&one) || small_heap_has_own_pages(&one))
        return;
    for (unsigned i = 0; i < test_count_not_below(400, 100); i++) {
        allocate(&one, &turn, 96, 4);
        assert_true(ter_heaps_bytes() <= TER_MIB(8));
    }
    for (unsigned root = 0; root < 96; root++)
        small_heap_check_list(&one, one.roots[root], 512);
}

static void every_plan_next_to_the_limit(void **state)
{
    (void)state;
    ter_soft_limit_set(TER_MIB(8));
    small_heap_with_plans(&one, ",stacks=exact,heap_initial=33554432", next_to_the_limit, NULL);
}

/* ---- Where it comes from ---- */

static void by_options(void **state)
{
    struct ter_options options;
    char message[200] = "";

    (void)state;
    init(&one, "soft_limit=48M");
    assert_int_equal(ter_soft_limit(), TER_MIB(48));
    /* A heap that does not say leaves it. */
    init(&two, "sizing=adaptive");
    assert_int_equal(ter_soft_limit(), TER_MIB(48));
    small_heap_fini(&two);
    init(&two, "soft_limit=none");
    assert_true(ter_soft_limit() == TER_SOFT_LIMIT_NONE);
    small_heap_fini(&two);
    small_heap_fini(&one);
    ter_options_init(&options);
    assert_string_equal(options.soft_limit, "");
    assert_int_equal(ter_options_set(&options, "soft_limit", "lots", message, sizeof message),
                     TER_ERROR_INVALID);
    assert_non_null(strstr(message, "'lots' is no value for option soft_limit"));
    assert_int_equal(ter_options_set(&options, "soft_limit", "0", NULL, 0), TER_ERROR_INVALID);
    assert_int_equal(ter_options_set(&options, "soft_limit", "auto", NULL, 0), TER_OK);
}

static void set(const char *max, const char *current)
{
    cgroup_tree_group(&tree, "/app", "max", max, current);
}

static void by_control_groups(void **state)
{
    (void)state;
    set("max", "1000000");
    ter_soft_limit_set(TER_SOFT_LIMIT_AUTO);
    assert_true(ter_soft_limit() == TER_SOFT_LIMIT_NONE);
    set("100000000", "1000000");
    ter_soft_limit_set(TER_SOFT_LIMIT_AUTO);
    assert_int_equal(ter_soft_limit(), 89000000);
    /* The smaller of the two. */
    ter_soft_limit_set(50000000);
    assert_int_equal(ter_soft_limit(), 50000000);
    ter_soft_limit_set(95000000);
    assert_int_equal(ter_soft_limit(), 89000000);
    ter_soft_limit_set(TER_SOFT_LIMIT_NONE);
    assert_true(ter_soft_limit() == TER_SOFT_LIMIT_NONE);
}

/* While the heap runs: seen at the next collection, by itself and not sooner than needed. */
static void control_groups_that_change(void **state)
{
    uint64_t before;

    (void)state;
    set("max", "1000000");
    ter_soft_limit_set(TER_SOFT_LIMIT_AUTO);
    init(&one, "sizing=ratio");
    small_heap_list_at(&one, 0, 20000, 128);
    small_heap_collect_now(&one);
    assert_true(ter_soft_limit() == TER_SOFT_LIMIT_NONE);
    set("100000000", "60000000");
    small_heap_collect_now(&one);
    before = ter_soft_limit();
    assert_true(before > 30000000 && before < 40000000);
    assert_int_equal(small_heap_statistics(&one).soft_limit_bytes, before);
    /* Threads wait for memory: what there is stays, and no more. */
    cgroup_tree_write(&tree, "sys/fs/cgroup/app/memory.pressure", "some avg10=25.00 avg60=1.00\n");
    small_heap_collect_now(&one);
    assert_true(ter_soft_limit() < 10000000);
    set("100000000", "99000000");
    small_heap_collect_now(&one);
    assert_int_equal(ter_soft_limit(), 0);
    set("garbage", "99000000");
    small_heap_collect_now(&one);
    assert_true(ter_soft_limit() == TER_SOFT_LIMIT_NONE);
    small_heap_check_list(&one, one.roots[0], 20000);
    small_heap_fini(&one);
}

/* Nobody said anything: what a heap does first that is worth it reads the limits. */
static void read_when_a_heap_grows(void **state)
{
    (void)state;
    set("max", "1000000");
    ter_soft_limit_set(TER_SOFT_LIMIT_AUTO);
    set("100000000", "1000000");
    init(&one, "sizing=ratio");
    small_heap_list_at(&one, 0, 80000, 128);
    assert_true(ter_soft_limit() < 100000000);
    small_heap_fini(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_heaps_under_one_limit, with_time, forget_limit),
        cmocka_unit_test_setup_teardown(room_goes_from_one_to_the_other, with_time, forget_limit),
        cmocka_unit_test_setup_teardown(what_lives_does_not_fit, with_time, forget_limit),
        cmocka_unit_test_setup_teardown(half_of_the_time_is_the_programs, with_time, forget_limit),
        cmocka_unit_test_teardown(a_plan_that_never_collects, forget_limit),
        cmocka_unit_test_setup_teardown(only_collections_that_came_are_counted, with_time,
                                        forget_limit),
        cmocka_unit_test_setup_teardown(every_plan_next_to_the_limit, with_time, forget_limit),
        cmocka_unit_test_teardown(by_options, forget_limit),
        cmocka_unit_test_setup_teardown(by_control_groups, with_tree, without_tree),
        cmocka_unit_test_setup_teardown(control_groups_that_change, with_tree, without_tree),
        cmocka_unit_test_setup_teardown(read_when_a_heap_grows, with_tree, without_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
