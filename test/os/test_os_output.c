/* SPDX-License-Identifier: MIT */
/* Files that options name: made, added to, and not followed to where others point. */
#define _GNU_SOURCE
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of the test's own, and paths in it: the last two stay. */
static char folder[256];

static const char *path_of(const char *name)
{
    static char paths[2][512];
    static unsigned turn;
    char *path = paths[turn++ % 2];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    const char *parent = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%s/terrier-test-XXXXXX", parent == NULL ? "/tmp" : parent);
    umask(022);
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"new", "old", "link", "dangling", "pipe", "second"};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(names); i++)
        unlink(path_of(names[i]));
    return rmdir(folder);
}

static void make_file(const char *name)
{
    int file = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(file >= 0);
    assert_int_equal(write(file, "old", 3), 3);
    close(file);
}

/* Opens, writes one byte; the file's size then, or 0 when it was not opened. */
static off_t size_after(const char *name, mode_t mode)
{
    struct stat status;
    int file;

    assert_int_equal(chmod(folder, mode), 0);
    file = ter_os_open_to_append(path_of(name));
    if (file < 0)
        return 0;
    assert_int_equal(write(file, "x", 1), 1);
    assert_int_equal(fstat(file, &status), 0);
    assert_true((fcntl(file, F_GETFD) & FD_CLOEXEC) != 0);
    close(file);
    return status.st_size;
}

static void own_folder(void **state)
{
    struct stat status;

    (void)state;
    assert_int_equal(size_after("new", 0755), 1);
    assert_int_equal(size_after("new", 0755), 2);
    assert_int_equal(stat(path_of("new"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
    make_file("old");
    assert_int_equal(symlink("old", path_of("link")), 0);
    assert_int_equal(size_after("link", 0755), 4);
    assert_int_equal(size_after("link", 0775), 5);
    assert_true(ter_os_open_to_append(path_of("nothing/new")) < 0 && errno == ENOENT);
    assert_true(ter_os_open_to_append("") < 0);
    assert_true(ter_os_open_to_append(folder) < 0);
}

static void shared_folder(void **state)
{
    struct stat status;

    (void)state;
    assert_int_equal(size_after("new", 01777), 1);
    assert_int_equal(size_after("new", 01777), 2);
    assert_int_equal(stat(path_of("new"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    make_file("old");
    assert_int_equal(size_after("old", 0777), 4);
    assert_int_equal(symlink("old", path_of("link")), 0);
    assert_int_equal(symlink("absent", path_of("dangling")), 0);
    assert_int_equal(size_after("link", 01777), 0);
    assert_int_equal(size_after("dangling", 01777), 0);
    assert_int_equal(access(path_of("absent"), F_OK), -1);
    assert_int_equal(mkfifo(path_of("pipe"), 0666), 0);
    assert_int_equal(size_after("pipe", 01777), 0);
    assert_int_equal(link(path_of("old"), path_of("second")), 0);
    assert_int_equal(size_after("second", 01777), 0);
    assert_int_equal(stat(path_of("old"), &status), 0);
    assert_int_equal(status.st_size, 4);
}

/* A file that another user laid there is not written to; only root can play both. */
static void somebody_elses(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    make_file("old");
    assert_int_equal(chown(path_of("old"), 65534, 65534), 0);
    assert_int_equal(size_after("old", 01777), 0);
    assert_int_equal(size_after("old", 0755), 4);
    assert_int_equal(symlink("old", path_of("link")), 0);
    assert_int_equal(chown(folder, 65534, 65534), 0);
    assert_int_equal(size_after("link", 0755), 0);
    assert_int_equal(size_after("new", 0755), 1);
}

/* Names with a meaning of their own still have it. */
static void devices(void **state)
{
    int file = ter_os_open_to_append("/dev/null");

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, "x", 1), 1);
    close(file);
    file = ter_os_open_to_append("/proc/self/fd/2");
    if (file >= 0)
        close(file);
    else
        assert_int_not_equal(errno, ELOOP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(own_folder, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(shared_folder, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(somebody_elses, make_folder, remove_folder),
        cmocka_unit_test(devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
