/* SPDX-License-Identifier: MIT */
/* Limits of control groups, in a tree of files of our own. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/os.h"
#include "cgroup_tree.h"
#include "support.h"

static struct cgroup_tree tree;

static int plant(void **state)
{
    (void)state;
    cgroup_tree_init(&tree);
    return 0;
}

static int uproot(void **state)
{
    (void)state;
    cgroup_tree_fini(&tree);
    return 0;
}

static struct ter_os_cgroup_memory read_memory(void)
{
    struct ter_os_cgroup group = {0};
    struct ter_os_cgroup_memory memory = {.limited = true, .limit_bytes = 77, .pressure = 7};

    ter_os_read_cgroup(&group, &memory);
    return memory;
}

static void assert_none(void)
{
    struct ter_os_cgroup_memory memory = read_memory();

    assert_false(memory.limited);
    assert_int_equal(memory.limit_bytes, 0);
    assert_int_equal(memory.left_bytes, 0);
    assert_int_equal(memory.pressure, 0);
}

static void assert_left(uint64_t limit, int64_t left)
{
    struct ter_os_cgroup_memory memory = read_memory();

    assert_true(memory.limited);
    assert_int_equal(memory.limit_bytes, limit);
    assert_int_equal(memory.left_bytes, left);
}

static void no_files_at_all(void **state)
{
    (void)state;
    assert_none();
    cgroup_tree_write(&tree, "proc/self/cgroup", "0::/app\n");
    assert_none();
    cgroup_tree_place(&tree, "/app");
    assert_none(); /* a group without a memory controller */
}

static void version_1(void **state)
{
    (void)state;
    cgroup_tree_write(&tree, "proc/self/cgroup", "4:memory:/app\n1:name=systemd:/\n");
    cgroup_tree_write(&tree, "proc/self/mountinfo",
                      "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    cgroup_tree_write(&tree, "sys/fs/cgroup/memory/app/memory.limit_in_bytes", "1000000\n");
    cgroup_tree_write(&tree, "sys/fs/cgroup/memory/app/memory.max", "1000000\n");
    assert_none();
}

static void one_group(void **state)
{
    (void)state;
    cgroup_tree_place(&tree, "/app");
    cgroup_tree_group(&tree, "/app", "max", "1000000", "100000");
    assert_left(1000000, 800000);
    /* The smaller of the two. */
    cgroup_tree_group(&tree, "/app", "500000", "1000000", "100000");
    assert_left(500000, 350000);
    cgroup_tree_group(&tree, "/app", "2000000", "1000000", "100000");
    assert_left(1000000, 800000);
    /* Used up. */
    cgroup_tree_group(&tree, "/app", "max", "1000000", "950000");
    assert_left(1000000, -50000);
    cgroup_tree_group(&tree, "/app", "max", "max", "950000");
    assert_none();
}

/* What counts is what is left, wherever that is. */
static void groups_in_groups(void **state)
{
    (void)state;
    cgroup_tree_place(&tree, "/a/b/c");
    cgroup_tree_group(&tree, "/a", "max", "4000000", "3000000");
    cgroup_tree_group(&tree, "/a/b", "2000000", "max", "100000");
    cgroup_tree_group(&tree, "/a/b/c", "max", "max", "100000");
    assert_left(4000000, 600000);
    cgroup_tree_group(&tree, "/a", "max", "4000000", "1000000");
    assert_left(2000000, 1700000);
    cgroup_tree_group(&tree, "/a/b/c", "1000000", "900000", "800000");
    assert_left(900000, 10000);
    /* A neighbour's is no matter. */
    cgroup_tree_group(&tree, "/a/d", "1", "1", "1");
    assert_left(900000, 10000);
    /* A missing level does not hide those above. */
    cgroup_tree_place(&tree, "/a/none/c");
    assert_left(4000000, 2600000);
}

/* The kernel takes clean pages of files first. */
static void files_in_memory(void **state)
{
    (void)state;
    cgroup_tree_place(&tree, "/app");
    cgroup_tree_group(&tree, "/app", "max", "1000000", "900000");
    cgroup_tree_write(&tree, "sys/fs/cgroup/app/memory.stat",
                      "anon 400000\nfile 500000\ninactive_file 300000\nactive_file 100000\nno\n");
    assert_left(1000000, 400000);
    cgroup_tree_write(&tree, "sys/fs/cgroup/app/memory.stat",
                      "inactive_file -3\nactive_file 9999999\n");
    assert_left(1000000, 900000);
}

/* Those that wait to be written it cannot take. */
static void files_that_are_not_written_yet(void **state)
{
    (void)state;
    cgroup_tree_place(&tree, "/app");
    cgroup_tree_group(&tree, "/app", "max", "1000000", "900000");
    cgroup_tree_write(&tree, "sys/fs/cgroup/app/memory.stat",
                      "file_dirty 150000\nfile_writeback 50000\ninactive_file 300000\n"
                      "active_file 100000\n");
    assert_left(1000000, 200000);
    cgroup_tree_write(&tree, "sys/fs/cgroup/app/memory.stat",
                      "file_dirty 999999\nfile_writeback 5\ninactive_file 300000\n");
    assert_left(1000000, 0);
}

/* A name may hold dots, and none of them leads up. */
static void dots_in_a_name(void **state)
{
    (void)state;
    cgroup_tree_group(&tree, "", "max", "max", "100000");
    cgroup_tree_place(&tree, "/a..b/..c/d..");
    cgroup_tree_group(&tree, "/a..b/..c/d..", "max", "1000000", "100000");
    assert_left(1000000, 800000);
    cgroup_tree_write(&tree, "proc/self/cgroup", "0::/a..b/..c/d../..\n");
    assert_none();
}

/* What could not be read at first is read later. */
static void a_place_that_is_seen_later(void **state)
{
    struct ter_os_cgroup group = {0};
    struct ter_os_cgroup_memory memory;

    (void)state;
    ter_os_read_cgroup(&group, &memory);
    assert_false(memory.limited);
    cgroup_tree_place(&tree, "/app");
    cgroup_tree_group(&tree, "/app", "max", "1000000", "100000");
    ter_os_read_cgroup(&group, &memory);
    assert_int_equal(memory.limit_bytes, 1000000);
}

static void garbage(void **state)
{
    static const char *const wrong[] = {
        "",           "\n",         "-1\n",       "1e6\n",
        "1000000 \n", " 1000000\n", "0x10\n",     "99999999999999999999999\n",
        "infinity\n", "maximum\n",  "1000000K\n", "\x01\xff\xfe\n",
    };

    (void)state;
    cgroup_tree_place(&tree, "/app");
    for (size_t i = 0; i < TER_ARRAY_LENGTH(wrong); i++) {
        cgroup_tree_group(&tree, "/app", wrong[i], wrong[i], "100000");
        assert_none();
        cgroup_tree_group(&tree, "/app", wrong[i], "1000000", "100000");
        assert_left(1000000, 800000);
        cgroup_tree_group(&tree, "/app", "max", "1000000", wrong[i]);
        assert_none();
    }
    cgroup_tree_group(&tree, "/app", "0", "max", "100000");
    assert_left(0, -100000);
}

static void garbage_in_proc(void **state)
{
    static const char *const wrong[] = {
        "", "0::\n", "0:/app\n", "::/app\n", "0::app\n", "\n\n\n", "1:memory:/app\n0:memory:/app\n",
    };
    static const char *const mounts[] = {
        "",
        "1\n",
        "1 2 3 4\n",
        "1 2 3 / /sys/fs/cgroup rw\n",
        "1 2 3 / /sys/fs/cgroup rw -\n",
        "1 2 3 / /sys/fs/cgroup rw - tmpfs cgroup2 rw\n",
        "- - - - - - cgroup2\n",
        "   \n - cgroup2",
    };
    char line[3000];

    (void)state;
    cgroup_tree_place(&tree, "/app");
    cgroup_tree_group(&tree, "/app", "max", "1000000", "100000");
    for (size_t i = 0; i < TER_ARRAY_LENGTH(wrong); i++) {
        cgroup_tree_write(&tree, "proc/self/cgroup", wrong[i]);
        assert_none();
    }
    /* A line that is too long is none; the next one is read. */
    memset(line, 'x', sizeof line);
    strcpy(line + sizeof line - 20, "\n0::/app\n");
    cgroup_tree_write(&tree, "proc/self/cgroup", line);
    assert_left(1000000, 800000);
    cgroup_tree_place(&tree, "/app");
    for (size_t i = 0; i < TER_ARRAY_LENGTH(mounts); i++) {
        cgroup_tree_write(&tree, "proc/self/mountinfo", mounts[i]);
        assert_none();
    }
}

/* As in a container that sees its own part alone, or the numbers of another's. */
static void mounted_in_part(void **state)
{
    (void)state;
    cgroup_tree_group(&tree, "", "max", "1000000", "100000");
    cgroup_tree_group(&tree, "/inner", "max", "500000", "100000");
    cgroup_tree_write(&tree, "proc/self/mountinfo",
                      "20 1 8:1 / / rw - ext4 /dev/sda rw\n"
                      "30 20 0:9 /docker/1f /sys/fs/cgroup ro shared:1 x:2 - cgroup2 cgroup rw\n");
    cgroup_tree_write(&tree, "proc/self/cgroup", "0::/docker/1f\n");
    assert_left(1000000, 800000);
    cgroup_tree_write(&tree, "proc/self/cgroup", "0::/docker/1f/inner\n");
    assert_left(500000, 350000);
    cgroup_tree_write(&tree, "proc/self/cgroup", "0::/docker/1fe/inner\n");
    assert_left(1000000, 800000);
    cgroup_tree_write(&tree, "proc/self/cgroup", "0::/docker/1f/../inner\n");
    assert_left(1000000, 800000);
    /* A space in the name of the place. */
    cgroup_tree_write(&tree, "proc/self/mountinfo",
                      "30 20 0:9 / /sys/fs/c\\040group ro - cgroup2 cgroup rw\n");
    cgroup_tree_write(&tree, "sys/fs/c group/app/memory.max", "200000\n");
    cgroup_tree_write(&tree, "sys/fs/c group/app/memory.current", "1\n");
    cgroup_tree_write(&tree, "proc/self/cgroup", "0::/app\n");
    assert_left(200000, 179999);
}

static unsigned pressure_with(const char *text)
{
    cgroup_tree_write(&tree, "sys/fs/cgroup/app/memory.pressure", text);
    return read_memory().pressure;
}

static void pressure(void **state)
{
    (void)state;
    cgroup_tree_place(&tree, "/app");
    cgroup_tree_group(&tree, "/app", "max", "1000000", "100000");
    assert_int_equal(read_memory().pressure, 0);
    assert_int_equal(pressure_with("some avg10=12.34 avg60=0.00 avg300=0.00 total=5\nfull"), 1234);
    assert_int_equal(pressure_with("some avg10=100.00 avg60=0.00 avg300=0.00 total=5\n"), 10000);
    assert_int_equal(pressure_with("some avg10=0.05"), 5);
    assert_int_equal(pressure_with("full avg10=12.34 avg60=0.00\n"), 0);
    assert_int_equal(pressure_with("some avg10=\n"), 0);
    assert_int_equal(pressure_with("some avg10=12\n"), 0);
    assert_int_equal(pressure_with("some avg10=12.3\n"), 0);
    assert_int_equal(pressure_with("some avg10=-1.00\n"), 0);
    assert_int_equal(pressure_with("some avg10=99999999999999.00\n"), 0);
    /* Where there is no limit it says nothing of one. */
    assert_int_equal(pressure_with("some avg10=12.34 avg60=0.00\n"), 1234);
    cgroup_tree_group(&tree, "/app", "max", "max", "100000");
    assert_none();
}

static void what_is_known_of_the_place_stays(void **state)
{
    struct ter_os_cgroup group = {0};
    struct ter_os_cgroup_memory memory;

    (void)state;
    cgroup_tree_place(&tree, "/app");
    cgroup_tree_group(&tree, "/app", "max", "1000000", "100000");
    ter_os_read_cgroup(&group, &memory);
    assert_int_equal(memory.limit_bytes, 1000000);
    /* Where it is mounted is known; the limit and the group may change. */
    cgroup_tree_write(&tree, "proc/self/mountinfo", "");
    cgroup_tree_group(&tree, "/app", "max", "3000000", "100000");
    ter_os_read_cgroup(&group, &memory);
    assert_int_equal(memory.limit_bytes, 3000000);
    cgroup_tree_group(&tree, "/other", "max", "2000000", "100000");
    cgroup_tree_write(&tree, "proc/self/cgroup", "0::/other\n");
    ter_os_read_cgroup(&group, &memory);
    assert_int_equal(memory.limit_bytes, 2000000);
}

static void errno_stays(void **state)
{
    (void)state;
    cgroup_tree_place(&tree, "/app");
    errno = 1234;
    assert_none();
    assert_int_equal(errno, 1234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_files_at_all, plant, uproot),
        cmocka_unit_test_setup_teardown(version_1, plant, uproot),
        cmocka_unit_test_setup_teardown(one_group, plant, uproot),
        cmocka_unit_test_setup_teardown(groups_in_groups, plant, uproot),
        cmocka_unit_test_setup_teardown(files_in_memory, plant, uproot),
        cmocka_unit_test_setup_teardown(files_that_are_not_written_yet, plant, uproot),
        cmocka_unit_test_setup_teardown(dots_in_a_name, plant, uproot),
        cmocka_unit_test_setup_teardown(a_place_that_is_seen_later, plant, uproot),
        cmocka_unit_test_setup_teardown(garbage, plant, uproot),
        cmocka_unit_test_setup_teardown(garbage_in_proc, plant, uproot),
        cmocka_unit_test_setup_teardown(mounted_in_part, plant, uproot),
        cmocka_unit_test_setup_teardown(pressure, plant, uproot),
        cmocka_unit_test_setup_teardown(what_is_known_of_the_place_stays, plant, uproot),
        cmocka_unit_test_setup_teardown(errno_stays, plant, uproot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
