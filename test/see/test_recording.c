/* SPDX-License-Identifier: MIT */
/* What a recording holds under every plan, how its lists become thinner, and what a fork does. */
#include "heap/heap.h"
#include "own_folder.h"
#include "see/record_lists.h"
#include "small_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[64];
static char options[256];
static struct small_heap small;

static int set_up(void **state)
{
    int status = test_folder_make(state);

    test_folder_file("recording", path, sizeof path);
    return status;
}

static const char *file_name(unsigned number)
{
    static char name[80];

    snprintf(name, sizeof name, "%s.%u", path, number);
    return name;
}

/* ---- Lists ---- */

static struct ter_recording *new_recording(void)
{
    struct ter_recording *recording = calloc(1, sizeof *recording);

    assert_non_null(recording);
    recording->sample_list.stride = recording->collection_list.stride =
        recording->snapshot_list.stride = 1;
    return recording;
}

/* Sample i has i used, so each record says of which ones it is. */
static void test_samples(void **state)
{
    struct ter_recording *recording = new_recording();
    uint32_t in_last = 0, count = 5 * TER_RECORDED_SAMPLES + 3;
    uint64_t next = 0;

    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        const struct ter_recorded_sample sample = {i, i, i, i, 7, i == 100 ? 9 : 1};

        ter_record_sample(recording, &sample, &in_last);
        assert_true(recording->sample_list.count <= TER_RECORDED_SAMPLES);
    }
    assert_int_equal(recording->sample_list.stride, 8);
    for (uint32_t i = 0; i < recording->sample_list.count; i++) {
        const struct ter_recorded_sample *sample = &recording->samples[i];

        assert_int_equal(sample->start_ns, next);
        assert_int_equal(sample->used_least, next);
        assert_int_equal(sample->used_most, sample->end_ns);
        assert_int_equal(sample->limit, 7);
        assert_int_equal(sample->resident, next <= 100 && sample->end_ns >= 100 ? 9 : 1);
        next = sample->end_ns + 1;
    }
    assert_int_equal(next, count);
    free(recording);
}

static void test_collections(void **state)
{
    struct ter_recording *recording = new_recording();
    uint32_t in_last = 0;
    uint64_t count = 3 * TER_RECORDED_COLLECTIONS, all = 0, pauses = 0, longest = 0;

    (void)state;
    for (uint64_t i = 1; i <= count; i++) {
        const struct ter_recorded_collection collection = {
            .count = 1, .number = i, .pause_ns = i * 7919 % 1000, .all_pauses_ns = i * 7919 % 1000};

        ter_record_collection(recording, &collection, &in_last);
        pauses += collection.pause_ns;
    }
    for (uint32_t i = 0; i < recording->collection_list.count; i++) {
        const struct ter_recorded_collection *one = &recording->collections[i];

        assert_true(one->count <= recording->collection_list.stride);
        assert_true(one->number > all && one->number <= all + one->count);
        assert_int_equal(one->pause_ns, one->number * 7919 % 1000);
        all += one->count;
        pauses -= one->all_pauses_ns;
        longest = one->pause_ns > longest ? one->pause_ns : longest;
    }
    assert_int_equal(all, count);
    assert_int_equal(pauses, 0);
    assert_int_equal(longest, 999);
    free(recording);
}

static void test_pauses(void **state)
{
    struct ter_recording *recording = new_recording();
    uint32_t counted = 0;

    (void)state;
    for (unsigned log = 0; log < 64; log++)
        ter_record_pause(recording, log % 2 != 0, UINT64_C(1) << log);
    for (unsigned i = 0; i < TER_RECORDED_PAUSES; i++)
        counted += recording->pauses[0][i] + recording->pauses[1][i];
    assert_int_equal(counted, 64);
    /* 1024 ns is the first step of its power of two: 2^10 is the eighth above the plain ones. */
    assert_int_equal(recording->pauses[0][(10 - 3 + 1) * 8], 1);
    assert_int_equal(recording->pauses[1][(11 - 3 + 1) * 8], 1);
    free(recording);
}

/* Every second pair goes, and nothing is torn. */
static void test_snapshots(void **state)
{
    struct ter_recording *recording = new_recording();
    uint64_t last = 0;

    (void)state;
    for (uint64_t i = 1; i <= 100; i++) {
        struct ter_recorded_snapshot *two = ter_record_snapshots(recording);

        for (unsigned j = 0; j < 2; j++)
            two[j] = (struct ter_recorded_snapshot){.collection = i, .moment = j, .gather = 1};
        ter_record_commit_snapshots(recording, 2);
        assert_true(recording->snapshot_list.count <= TER_RECORDED_SNAPSHOTS);
    }
    assert_true(recording->snapshot_list.stride >= 8);
    for (uint32_t i = 0; i < recording->snapshot_list.count; i += 2) {
        assert_int_equal(recording->snapshots[i].moment, TER_RECORDED_BEFORE);
        assert_int_equal(recording->snapshots[i + 1].moment, TER_RECORDED_AFTER);
        assert_int_equal(recording->snapshots[i].collection,
                         recording->snapshots[i + 1].collection);
        assert_true(recording->snapshots[i].collection > last);
        last = recording->snapshots[i].collection;
    }
    assert_int_equal(recording->snapshots[0].collection, 1);
    free(recording);
}

/* ---- Heaps ---- */

static const char *with_recording(const char *others)
{
    snprintf(options, sizeof options, "%s,recording=%s", others, path);
    return options;
}

static struct ter_recording read_recording(unsigned number)
{
    static struct ter_recording recording;
    FILE *file = fopen(file_name(number), "r");

    assert_non_null(file);
    assert_int_equal(fread(&recording, sizeof recording, 1, file), 1);
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
    unlink(file_name(number));
    assert_memory_equal(recording.magic, TER_RECORDING_MAGIC, sizeof recording.magic);
    return recording;
}

static bool collects;

static void fill_and_collect(void)
{
    collects = !small_heap_never_collects(&small);
    for (unsigned i = 0; i < 3; i++) {
        small_heap_list_at(&small, 0, 500, 48);
        small_heap_collect(&small);
    }
    small_heap_list_at(&small, 1, 2, 100000);
}

static uint64_t tiles_of(const struct ter_recorded_snapshot *snapshot)
{
    uint64_t tiles = 0;

    for (uint32_t i = 0; i < snapshot->stretch_count; i++)
        tiles += snapshot->stretches[i].tiles;
    return tiles;
}

static uint64_t objects_of(const struct ter_recorded_snapshot *snapshot)
{
    uint64_t objects = 0;

    for (uint32_t i = 0; i < snapshot->row_count; i++)
        objects += snapshot->rows[i].objects;
    return objects;
}

static uint64_t live_objects(const struct ter_recording *recording, uint64_t number)
{
    for (uint32_t i = 0; i < recording->collection_list.count; i++)
        if (recording->collections[i].number == number)
            return recording->collections[i].live_objects;
    fail();
    return 0;
}

static void check_snapshots(const struct ter_recording *recording)
{
    for (uint32_t i = 0; i < recording->snapshot_list.count; i++) {
        const struct ter_recorded_snapshot *snapshot = &recording->snapshots[i];
        uint64_t parcels = 0;

        for (unsigned state = 0; state < TER_SNAPSHOT_STATES; state++)
            parcels += snapshot->parcels[state];
        assert_int_equal(tiles_of(snapshot), snapshot->tile_count);
        assert_true(snapshot->gather == 1 && parcels == snapshot->tile_count);
        assert_int_equal(snapshot->left_out, 0);
        if (snapshot->moment == TER_RECORDED_AFTER)
            assert_true(objects_of(snapshot) >= live_objects(recording, snapshot->collection));
    }
}

static void check_plan(void)
{
    struct ter_recording recording = read_recording(0);

    assert_int_equal(recording.ended, 1);
    assert_true(recording.sample_list.count > 0);
    assert_int_equal(recording.process, ter_os_process_id());
    assert_int_equal(recording.options_bytes, sizeof(struct ter_options));
    assert_true(recording.snapshot_list.count >= 1);
    assert_int_equal(recording.snapshots[recording.snapshot_list.count - 1].moment,
                     TER_RECORDED_LAST);
    check_snapshots(&recording);
    if (!collects)
        return;
    assert_true(recording.collection_list.count >= 3);
    assert_true(recording.snapshot_list.count >= 7);
    assert_int_equal(recording.statistics[0], recording.collection_list.count);
    assert_true(objects_of(&recording.snapshots[recording.snapshot_list.count - 2]) >= 500);
    for (uint32_t i = 0; i < recording.collection_list.count; i++) {
        const struct ter_recorded_collection *one = &recording.collections[i];
        uint64_t parts = 0;

        for (unsigned part = 0; part < TER_PART_AFTER; part++)
            parts += one->parts_ns[part];
        assert_true(parts > 0 && parts <= one->total_ns);
        assert_true(one->pause_ns <= one->total_ns);
    }
}

static void test_plans(void **state)
{
    (void)state;
    small_heap_with_plans(&small, with_recording(""), fill_and_collect, check_plan);
}

/* A child has its own file, in which there is nothing of its parent's, and which it makes late. */
static void test_fork(void **state)
{
    struct ter_recording parent, child;
    int status;

    (void)state;
    small_heap_init(&small, with_recording("give_back=1"));
    for (unsigned i = 0; i < 5; i++)
        ter_collect(small.mutator);
    if (fork() == 0) {
        ter_heap_write_last_report(small.heap);
        _exit(0);
    }
    assert_true(wait(&status) > 0 && status == 0);
    assert_int_not_equal(access(file_name(1), F_OK), 0);
    if (fork() == 0) {
        for (unsigned i = 0; i < 3; i++)
            ter_collect(small.mutator);
        _exit(0);
    }
    assert_true(wait(&status) > 0 && status == 0);
    ter_collect(small.mutator);
    small_heap_fini(&small);
    parent = read_recording(0);
    child = read_recording(1);
    assert_int_equal(parent.collection_list.count, 6);
    assert_int_equal(child.collection_list.count, 3);
    assert_int_equal(child.collections[0].number, 6);
    assert_int_not_equal(parent.process, child.process);
    assert_int_equal(child.ended, 0);
}

/* Heaps beyond the most are as they would be without the option. */
static void test_many_heaps(void **state)
{
    enum { COUNT = 3 };
    struct small_heap heaps[COUNT];

    (void)state;
    for (unsigned i = 0; i < COUNT; i++)
        small_heap_init(&heaps[i], with_recording("give_back=1"));
    for (unsigned i = 0; i < COUNT; i++) {
        small_heap_collect(&heaps[i]);
        small_heap_fini(&heaps[i]);
    }
    for (unsigned i = 0; i < COUNT && access(file_name(i), F_OK) == 0; i++)
        assert_true(read_recording(i).heap <= TER_MOST_RECORDED);
}

static void test_no_file(void **state)
{
    (void)state;
    ter_log_set_level(TER_LOG_SILENT);
    small_heap_init(&small, "log=0,recording=/no/such/folder/file");
    assert_null(small.heap->collector.allocator.watch);
    small_heap_collect(&small);
    small_heap_fini(&small);
    ter_log_set_level(TER_LOG_WARNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),    cmocka_unit_test(test_collections),
        cmocka_unit_test(test_pauses),     cmocka_unit_test(test_snapshots),
        cmocka_unit_test(test_plans),      cmocka_unit_test(test_fork),
        cmocka_unit_test(test_many_heaps), cmocka_unit_test(test_no_file),
    };

    return cmocka_run_group_tests(tests, set_up, test_folder_remove);
}
