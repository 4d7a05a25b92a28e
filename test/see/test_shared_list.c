/* SPDX-License-Identifier: MIT */
/* Files that several processes add to: whole at each moment, and as before where adding fails. */
#include "json.h"
#include "own_folder.h"
#include "see/see.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD "{\"n\":"

static char path[64];

static int set_up(void **state)
{
    int status = test_folder_make(state);

    test_folder_file("list", path, sizeof path);
    return status;
}

static int tear_down(void **state)
{
    unlink(path);
    return test_folder_remove(state);
}

static enum ter_shared_list_result add_number(unsigned number, unsigned filler)
{
    char text[1024];
    int length =
        snprintf(text, sizeof text, ",\n" HEAD "%u,\"f\":\"%0*u\"}", number, (int)filler, 0);

    return ter_shared_list_add(path, HEAD, text, (size_t)length);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static char *read_file(void)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "r");
    size_t length;

    assert_non_null(file);
    length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

static void test_begins_and_adds(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(ter_shared_list_begin(path, HEAD), TER_SHARED_LIST_ADDED);
    assert_string_equal(read_file(), "[\n]\n");
    assert_int_equal(ter_shared_list_begin(path, HEAD), TER_SHARED_LIST_ADDED);
    assert_string_equal(read_file(), "[\n]\n");
    assert_int_equal(add_number(1, 1), TER_SHARED_LIST_ADDED);
    assert_int_equal(add_number(2, 1), TER_SHARED_LIST_ADDED);
    assert_string_equal(read_file(), "[\n{\"n\":1,\"f\":\"0\"},\n{\"n\":2,\"f\":\"0\"}\n]\n");
    assert_int_equal(ter_shared_list_begin(path, HEAD), TER_SHARED_LIST_ADDED);
}

/* What is no such list stays as it is. */
static void test_spares_others(void **state)
{
    static const char *const others[] = {"precious", "[\n{\"m\":1}\n]\n", "[\n{\"n", "[]\n\n",
                                         "[\n\n\n"};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(others); i++) {
        write_file(others[i]);
        errno = 7;
        assert_int_equal(ter_shared_list_begin(path, HEAD), TER_SHARED_LIST_FAILED);
        assert_int_equal(add_number(1, 1), TER_SHARED_LIST_FAILED);
        assert_int_equal(errno, 0);
        assert_string_equal(read_file(), others[i]);
    }
}

/* Wherever a write was cut, what stood before it is there again, and can be added to. */
static void test_mends(void **state)
{
    static char whole[4096];
    size_t least = strlen("[\n" HEAD), first;

    (void)state;
    unlink(path);
    assert_int_equal(add_number(1, 1), TER_SHARED_LIST_ADDED);
    first = strlen(read_file()) - TER_SHARED_LIST_TAIL;
    assert_int_equal(add_number(2, 100), TER_SHARED_LIST_ADDED);
    snprintf(whole, sizeof whole, "%s", read_file());
    for (size_t bytes = strlen(whole) - 1; bytes >= least; bytes--) {
        write_file(whole);
        assert_int_equal(truncate(path, (off_t)bytes), 0);
        assert_int_equal(ter_shared_list_begin(path, HEAD), TER_SHARED_LIST_ADDED);
        assert_true(test_is_json(read_file()));
        assert_true(strlen(read_file()) <= first + TER_SHARED_LIST_TAIL);
        if (bytes > first + 1)
            assert_memory_equal(read_file(), whole, first);
        assert_int_equal(add_number(3, 1), TER_SHARED_LIST_ADDED);
        assert_true(test_is_json(read_file()));
    }
}

/* Far more than is looked at at once. */
static void test_mends_long(void **state)
{
    static char text[40000];

    (void)state;
    unlink(path);
    assert_int_equal(add_number(1, 1), TER_SHARED_LIST_ADDED);
    snprintf(text, sizeof text, ",\n" HEAD "2,\"f\":\"%039900u\"}", 0u);
    assert_int_equal(ter_shared_list_add(path, HEAD, text, strlen(text)), TER_SHARED_LIST_ADDED);
    assert_int_equal(truncate(path, 39000), 0);
    assert_int_equal(ter_shared_list_begin(path, HEAD), TER_SHARED_LIST_ADDED);
    assert_string_equal(read_file(), "[\n{\"n\":1,\"f\":\"0\"}\n]\n");
}

static void test_says_why(void **state)
{
    char text[64] = ",\n" HEAD "1}";

    (void)state;
    assert_int_equal(ter_shared_list_begin("/no/such/folder/list", HEAD), TER_SHARED_LIST_FAILED);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(ter_shared_list_add(test_folder(), HEAD, text, strlen(text)),
                     TER_SHARED_LIST_FAILED);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(ter_shared_list_begin("/dev/null", HEAD), TER_SHARED_LIST_FAILED);
}

/* As on a full disk, and without the signal that writing beyond the limit sends. */
static void test_full(void **state)
{
    struct rlimit before, small;
    char kept[4096];

    (void)state;
    unlink(path);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(add_number(1, 500), TER_SHARED_LIST_ADDED);
    snprintf(kept, sizeof kept, "%s", read_file());
    assert_int_equal(add_number(2, 500), TER_SHARED_LIST_FAILED);
    assert_int_equal(errno, EFBIG);
    assert_string_equal(read_file(), kept);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(add_number(3, 500), TER_SHARED_LIST_ADDED);
}

static void test_busy(void **state)
{
    int other;

    (void)state;
    unlink(path);
    assert_int_equal(add_number(1, 1), TER_SHARED_LIST_ADDED);
    other = open(path, O_RDONLY);
    assert_int_equal(flock(other, LOCK_EX), 0);
    assert_int_equal(add_number(2, 1), TER_SHARED_LIST_BUSY);
    close(other);
    assert_int_equal(add_number(2, 1), TER_SHARED_LIST_ADDED);
}

static void add_many(unsigned process, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        while (add_number(process * count + i, i % 300) != TER_SHARED_LIST_ADDED)
            usleep(100);
}

/* Each of the elements of several processes is there once, and nothing else is. */
static void test_processes(void **state)
{
    enum { PROCESSES = 4, EACH = 200 };
    static unsigned seen[PROCESSES * EACH];
    char *at;
    int status;

    (void)state;
    unlink(path);
    for (unsigned process = 0; process < PROCESSES; process++)
        if (fork() == 0) {
            add_many(process, EACH);
            _exit(0);
        }
    for (unsigned process = 0; process < PROCESSES; process++)
        assert_true(wait(&status) > 0 && status == 0);
    at = read_file();
    assert_int_equal(strncmp(at, "[\n" HEAD, 2 + strlen(HEAD)), 0);
    for (at++; at[0] == '\n' && at[1] == '{'; at += 1 + strcspn(at + 1, "\n")) {
        unsigned number;

        assert_int_equal(sscanf(at + 1, HEAD "%u", &number), 1);
        assert_true(number < TER_ARRAY_LENGTH(seen) && seen[number]++ == 0);
    }
    assert_string_equal(at, "\n]\n");
    for (size_t i = 0; i < TER_ARRAY_LENGTH(seen); i++)
        assert_int_equal(seen[i], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begins_and_adds),
        cmocka_unit_test(test_spares_others),
        cmocka_unit_test(test_mends),
        cmocka_unit_test(test_mends_long),
        cmocka_unit_test(test_says_why),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_processes),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
