/* SPDX-License-Identifier: MIT */
/* Samples of allocation; that profiles are read elsewhere is looked at by terrier_profile.sh. */
#include "heap/heap.h"
#include "own_folder.h"
#include "small_heap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define LENGTH 3000u
#define BYTES 48u

static struct small_heap small;
static char path[64];

static int set_up(void **state)
{
    int status = test_folder_make(state);

    test_folder_file("a.pb.gz", path, sizeof path);
    return status;
}

/* What the samples stand for. */
struct totals {
    double objects, bytes, live_objects, live_bytes;
};

static bool is_near(double value, double wanted, double part)
{
    return value >= wanted * (1 - part) && value <= wanted * (1 + part);
}

static void add_live(struct totals *totals, const struct ter_samples *samples)
{
    const struct ter_weak_table *table = &samples->followed.table;

    for (size_t bucket = 0; bucket < table->capacity; bucket++) {
        const struct ter_sample *sample = ter_weak_table_at(table, bucket);
        double weight;

        if (sample == NULL)
            continue;
        assert_true(ter_heap_find(small.heap, sample->object).bits == sample->object);
        if (!ter_sample_is_live(samples, sample))
            continue;
        weight = ter_samples_weight(samples, sample->bytes);
        totals->live_objects += weight;
        totals->live_bytes += weight * (double)sample->bytes;
    }
}

static struct totals count(void)
{
    const struct ter_samples *samples = &small.heap->seeing.samples;
    struct totals totals = {0};

    ter_allocator_lock(&small.heap->collector.allocator);
    for (size_t i = 0; i < samples->figures.count; i++) {
        const struct ter_stack_figures *figures = ter_weak_list_at(&samples->figures, i);

        totals.objects += figures->objects;
        totals.bytes += figures->bytes;
    }
    add_live(&totals, samples);
    ter_allocator_unlock(&small.heap->collector.allocator);
    return totals;
}

/* ---- Every object ---- */

/* With an interval of one byte all objects are chosen. */
static void see_every_object(void)
{
    struct totals before = count(), after;

    small_heap_list_at(&small, 0, LENGTH, BYTES);
    after = count();
    assert_true(is_near(after.objects - before.objects, LENGTH, 1e-6));
    assert_true(is_near(after.bytes - before.bytes, (double)LENGTH * BYTES, 1e-6));
    before = after;
    small_heap_list_at(&small, 1, 10, 20000);
    after = count();
    assert_true(is_near(after.objects - before.objects, 10, 1e-6));
    assert_true(is_near(after.bytes - before.bytes, 10 * 20000, 1e-6));
}

static void collect_often(void)
{
    small_heap_collect(&small);
    ter_collect_young(small.mutator);
    small_heap_collect(&small);
}

/* What lives is followed wherever it goes; what is gone is forgotten. */
static void follow_objects(void)
{
    struct totals now;

    if (small_heap_never_collects(&small))
        return;
    collect_often();
    now = count();
    assert_true(now.live_objects >= LENGTH + 10 - 1e-3);
    assert_true(now.live_objects <= LENGTH + 10 + 2 * SMALL_SLACK);
    small_heap_check_list(&small, small.roots[0], LENGTH);
    small.roots[1] = NULL;
    small_heap_list_at(&small, 2, LENGTH, BYTES);
    collect_often();
    now = count();
    assert_true(now.live_objects >= 2 * LENGTH - 1e-3);
    assert_true(now.live_objects <= 2 * LENGTH + 3 * SMALL_SLACK);
    small.roots[0] = small.roots[2] = NULL;
    collect_often();
    assert_true(count().live_objects <= 3 * SMALL_SLACK);
}

static void test_every_object(void)
{
    see_every_object();
    follow_objects();
}

static void test_plans(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",profile_interval=1", test_every_object, NULL);
}

/* ---- Scaling ---- */

static const char *running;

static size_t tell_running(void *context, struct ter_mutator *mutator,
                           struct ter_profile_frame *frames, size_t room)
{
    assert_ptr_equal(context, &small);
    assert_ptr_equal(mutator, small.mutator);
    assert_int_equal(room, TER_PROFILE_FRAMES);
    frames[0] = (struct ter_profile_frame){running, "a \"file\".lua", 7};
    frames[1] = (struct ter_profile_frame){"main", NULL, 0};
    return 2;
}

static void allocate_as(const char *function, size_t bytes)
{
    running = function;
    assert_non_null(ter_allocate(small.mutator, TER_KIND_ATOMIC, bytes));
}

/* What was told of a function: the text of the first frame of each stack. */
static struct totals count_function(const char *function)
{
    const struct ter_samples *samples = &small.heap->seeing.samples;
    struct totals totals = {0};

    for (size_t i = 0; i < samples->figures.count; i++) {
        const struct ter_stack_figures *figures = ter_weak_list_at(&samples->figures, i);
        size_t size;
        const struct ter_stack_head *head = ter_interned_at(&samples->stacks, i, &size);
        const struct ter_told_frame *frame;
        const char *name;

        if (head->told == 0)
            continue;
        assert_int_equal(size, sizeof *head + 2 * sizeof(uintptr_t));
        frame = ter_interned_at(&samples->frames, *(const uintptr_t *)(head + 1), &size);
        assert_int_equal(frame->line, 7);
        name = ter_interned_at(&samples->texts, frame->function, &size);
        if (size != strlen(function) || memcmp(name, function, size) != 0)
            continue;
        totals.objects += figures->objects;
        totals.bytes += figures->bytes;
    }
    return totals;
}

/*
 * Two functions take turns at objects of one size, so each has the same places in all runs; others
 * come between them. The sampler's numbers are the same in each run of the test.
 */
static void test_scaling(void)
{
    unsigned rounds = 20000;

    ter_heap_on_sample(small.heap, tell_running, &small);
    for (unsigned i = 0; i < rounds; i++) {
        allocate_as("even", 64);
        allocate_as("odd", 64);
        if (i % 10 == 0)
            allocate_as("middle", 1000);
        if (i % 100 == 0)
            allocate_as("large", 30000);
    }
    assert_true(is_near(count_function("even").objects, rounds, 0.15));
    assert_true(is_near(count_function("odd").objects, rounds, 0.15));
    assert_true(is_near(count_function("middle").objects, rounds / 10, 0.15));
    assert_true(is_near(count_function("large").objects, rounds / 100, 0.15));
    assert_true(is_near(count().bytes, rounds * (2 * 64 + 1008 / 10.0 + 30000 / 100.0), 0.08));
    ter_heap_on_sample(small.heap, NULL, NULL);
}

static void test_scaling_in_plans(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",profile_interval=4K", test_scaling, NULL);
}

/* Lists of objects are a way of their own, by which libgc's GC_malloc_many goes. */
static void test_lists(void **state)
{
    unsigned taken = 0;

    (void)state;
    small_heap_init(&small, "profile_interval=2K");
    while (taken < 100000) {
        void *list;

        assert_true(ter_mutator_new_objects(small.mutator, TER_KIND_NORMAL, 32, 128, &list));
        for (; list != NULL; taken++)
            list = *(void **)list;
    }
    assert_true(is_near(count().objects, taken, 0.05));
    small_heap_fini(&small);
}

/* ---- Freeing ---- */

static void test_freeing(void **state)
{
    void *objects[20];
    size_t before;

    (void)state;
    small_heap_init(&small, "profile_interval=1");
    before = small.heap->seeing.samples.followed.table.count;
    for (size_t i = 0; i < 20; i++)
        objects[i] = ter_allocate(small.mutator, TER_KIND_NORMAL, i < 10 ? 40 : 40000);
    assert_int_equal(small.heap->seeing.samples.followed.table.count, before + 20);
    for (size_t i = 0; i < 20; i++)
        ter_free(small.mutator, objects[i]);
    assert_int_equal(small.heap->seeing.samples.followed.table.count, before);
    small_heap_fini(&small);
}

/* ---- Files ---- */

static int open_profile(void)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    assert_true(file >= 0);
    return file;
}

static off_t check_profile(int file)
{
    unsigned char head[3];

    assert_int_equal(pread(file, head, 3, 0), 3);
    assert_memory_equal(head, "\x1f\x8b\x08", 3);
    return lseek(file, 0, SEEK_END);
}

static void test_call(void **state)
{
    int file = open_profile();
    off_t size;

    (void)state;
    small_heap_init(&small, "profile_interval=1K");
    small_heap_list_at(&small, 0, LENGTH, BYTES);
    errno = 77;
    assert_int_equal(ter_heap_profile(small.heap, file), TER_OK);
    assert_int_equal(errno, 77);
    size = check_profile(file);
    assert_true(size > 200);
    assert_int_equal(ter_heap_profile(small.heap, -1), TER_ERROR_SYSTEM);
    assert_int_equal(errno, EBADF);
    assert_int_equal(test_count_mappings("terrier:profile"), 0);
    small_heap_fini(&small);
    small_heap_init(&small, "");
    assert_int_equal(ter_heap_profile(small.heap, file), TER_ERROR_INVALID);
    small_heap_fini(&small);
    close(file);
    assert_int_equal(unlink(path), 0);
}

static void test_option(void **state)
{
    char options[256];

    (void)state;
    snprintf(options, sizeof options, "profile_interval=1K,profile=%s", path);
    small_heap_init(&small, options);
    small_heap_list_at(&small, 0, LENGTH, BYTES);
    assert_int_not_equal(access(path, F_OK), 0);
    small_heap_fini(&small);
    assert_int_equal(unlink(path), 0);
    /* What cannot be written is said, and that is all. */
    snprintf(options, sizeof options, "log=0,profile=/nowhere/%s", "a.pb.gz");
    small_heap_init(&small, options);
    small_heap_list_at(&small, 0, LENGTH, BYTES);
    small_heap_fini(&small);
    ter_log_set_level(TER_LOG_WARNING);
}

/* Each call of the system refused once: there is a profile or none, and the heap goes on. */
static void test_no_memory(void **state)
{
    uint64_t failed = 1;

    (void)state;
    for (uint64_t k = 0; failed != 0; k++) {
        int file = open_profile();
        ter_status status;

        small_heap_init(&small, "log=0,profile_interval=256");
        test_fail_calls(TEST_CALL(ALLOCATE) | TEST_CALL(REALLOCATE), k, 1);
        small_heap_list_at(&small, 0, 100, BYTES);
        status = ter_heap_profile(small.heap, file);
        test_stop_failing(&failed);
        if (status == TER_OK)
            check_profile(file);
        else
            assert_int_equal(status, TER_ERROR_NO_MEMORY);
        close(file);
        small_heap_collect(&small);
        small_heap_fini(&small);
    }
    ter_log_set_level(TER_LOG_WARNING);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),     cmocka_unit_test(test_scaling_in_plans),
        cmocka_unit_test(test_lists),     cmocka_unit_test(test_freeing),
        cmocka_unit_test(test_call),      cmocka_unit_test(test_option),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, set_up, test_folder_remove);
}
