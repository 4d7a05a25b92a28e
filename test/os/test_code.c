/* SPDX-License-Identifier: MIT */
/* What code is loaded, what its functions are called, and who called whom. */
#include "own_folder.h"
#include "support.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct found_code {
    uintptr_t wanted;
    struct ter_os_code code;
    char file[4096];
    uint8_t build_id[64];
    unsigned count;
};

static void find_code(void *context, const struct ter_os_code *code)
{
    struct found_code *found = context;

    assert_true(code->start < code->end);
    found->count++;
    if (found->wanted - code->start >= code->end - code->start)
        return;
    found->code = *code;
    assert_true(strlen(code->file) < sizeof found->file);
    assert_true(code->build_id_bytes <= sizeof found->build_id);
    strcpy(found->file, code->file);
    if (code->build_id_bytes > 0)
        memcpy(found->build_id, code->build_id, code->build_id_bytes);
    found->code.file = found->file;
    found->code.build_id = found->build_id;
}

static TER_NOINLINE uintptr_t own_function(void)
{
    __asm__ volatile("");
    return (uintptr_t)own_function;
}

static struct found_code own_code(void)
{
    static struct found_code found;

    found = (struct found_code){.wanted = own_function()};
    ter_os_for_each_code(find_code, &found);
    assert_true(found.count > 0);
    assert_int_not_equal(found.code.start, 0);
    assert_non_null(strstr(found.file, "test_code"));
    return found;
}

/* ---- Names ---- */

static long own_variable[4] = {1, 2, 3, 4};

/* The test asks itself: neither is exported. */
static void assert_variable(const struct ter_os_names *names, uintptr_t address)
{
    struct ter_os_variable variable = {0};

    assert_true(ter_os_names_find_variable(names, address, &variable));
    assert_string_equal(variable.name, "own_variable");
    assert_int_equal(variable.start, (uintptr_t)own_variable);
    assert_int_equal(variable.bytes, sizeof own_variable);
}

/* This program is not stripped. */
static void test_names(void **state)
{
    struct found_code found = own_code();
    struct ter_os_code code = found.code;
    struct ter_os_names names;

    (void)state;
    code.file = found.file;
    code.build_id = found.build_id;
    assert_true(ter_os_names_open(&names, &code));
    assert_string_equal(ter_os_names_find(&names, own_function()), "own_function");
    assert_string_equal(ter_os_names_find(&names, own_function() + 1), "own_function");
    assert_null(ter_os_names_find(&names, 0));
    assert_null(ter_os_names_find(&names, UINTPTR_MAX));
    assert_null(ter_os_names_find(&names, (uintptr_t)&names));
    assert_null(ter_os_names_find(&names, (uintptr_t)own_variable));
    assert_variable(&names, (uintptr_t)own_variable);
    assert_variable(&names, (uintptr_t)own_variable + sizeof own_variable - 1);
    assert_false(
        ter_os_names_find_variable(&names, (uintptr_t)&names, &(struct ter_os_variable){0}));
    assert_false(ter_os_names_find_variable(&names, own_function(), &(struct ter_os_variable){0}));
    assert_in_range((uintptr_t)own_variable, code.loaded, code.loaded_end - 1);
    assert_in_range(own_function(), code.loaded, code.loaded_end - 1);
    ter_os_names_close(&names);
    if (code.build_id_bytes == 0)
        return;
    found.build_id[0] ^= 1;
    assert_false(ter_os_names_open(&names, &code));
    ter_os_names_close(&names);
}

static void test_no_file(void **state)
{
    static const char *const none[] = {
        "", "/", "/dev/null", "/dev/zero", "/no/such/file", "/proc/self/mem"};
    struct ter_os_names names;

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(none); i++) {
        assert_false(ter_os_names_open(&names, &(struct ter_os_code){.file = none[i]}));
        ter_os_names_close(&names);
    }
}

static size_t read_own(unsigned char **bytes)
{
    struct stat status;
    int file = open("/proc/self/exe", O_RDONLY);
    size_t size;

    assert_true(file >= 0);
    assert_int_equal(fstat(file, &status), 0);
    size = (size_t)status.st_size;
    *bytes = malloc(size);
    assert_non_null(*bytes);
    assert_int_equal(read(file, *bytes, size), size);
    close(file);
    return size;
}

static void write_file(const char *path, const unsigned char *bytes, size_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), size);
    close(file);
}

/* Names or none, and nothing else happens. */
static void ask_file(const char *path)
{
    struct ter_os_names names;

    if (ter_os_names_open(&names, &(struct ter_os_code){.file = path}))
        for (uintptr_t address = 0; address < 64; address++) {
            const char *name = ter_os_names_find(&names, address << 10);

            assert_true(name == NULL || strlen(name) < names.text_bytes);
        }
    ter_os_names_close(&names);
}

/* Where the head says that the sections begin, and in it, since most other bytes are no matter. */
static size_t sensitive_byte(struct ter_random *random, const unsigned char *bytes, size_t size)
{
    size_t sections = 0;

    if (test_below(random, 3) == 0)
        return test_below(random, 64);
    memcpy(&sections, bytes + (sizeof(void *) == 8 ? 40 : 32), sizeof sections);
    return sections < size ? sections + test_below(random, size - sections)
                           : test_below(random, size);
}

static void test_broken_files(void **state)
{
    struct ter_random random = test_random();
    char path[64];
    unsigned char *bytes;
    size_t size = read_own(&bytes);

    (void)state;
    test_folder_file("broken", path, sizeof path);
    write_file(path, bytes, size);
    ask_file(path);
    for (unsigned i = 0; i < test_iterations(30); i++) {
        write_file(path, bytes, test_below(&random, size));
        ask_file(path);
    }
    for (unsigned i = 0; i < test_iterations(100); i++) {
        size_t at = sensitive_byte(&random, bytes, size);
        unsigned char before = bytes[at];

        bytes[at] = (unsigned char)ter_random_next(&random);
        write_file(path, bytes, size);
        ask_file(path);
        bytes[at] = before;
    }
    free(bytes);
    assert_int_equal(unlink(path), 0);
}

/* ---- Callers ---- */

static struct ter_os_stack stack;
static uintptr_t frames[TER_OS_MOST_FRAMES];
static size_t count;

static TER_NOINLINE void innermost(uintptr_t above, size_t room)
{
    memset(frames, 0, sizeof frames);
    count = ter_os_backtrace(&stack, above, frames, room);
    assert_true(count <= room);
    __asm__ volatile("" ::: "memory");
}

static TER_NOINLINE void recurse(unsigned depth, uintptr_t above, size_t room)
{
    if (depth == 0)
        innermost(above, room);
    else
        recurse(depth - 1, above, room);
    __asm__ volatile("" ::: "memory");
}

static unsigned count_named(const struct ter_os_names *names, const char *name)
{
    unsigned named = 0;

    for (size_t i = 0; i < count; i++) {
        const char *there = ter_os_names_find(names, frames[i] - 1);

        named += there != NULL && strcmp(there, name) == 0;
    }
    return named;
}

/* Often, so that frame pointers come to be trusted, where they are there. */
static void test_callers(void **state)
{
    struct found_code found = own_code();
    struct ter_os_names names;

    (void)state;
    found.code.file = found.file;
    found.code.build_id = found.build_id;
    assert_true(ter_os_names_open(&names, &found.code));
    ter_os_prepare_backtraces();
    assert_true(ter_os_find_stack(&stack));
    for (unsigned i = 0; i < 100; i++) {
        recurse(10, 0, TER_OS_MOST_FRAMES);
        assert_true(count >= 12);
        assert_int_equal(count_named(&names, "recurse"), 11);
        assert_int_equal(count_named(&names, "innermost"), 1);
        assert_int_equal(count_named(&names, "test_callers"), 1);
    }
    ter_os_names_close(&names);
}

static void test_room(void **state)
{
    (void)state;
    ter_os_prepare_backtraces();
    for (size_t room = 0; room <= TER_OS_MOST_FRAMES; room++) {
        recurse(200, 0, room);
        assert_int_equal(count, room);
    }
    recurse(10, UINTPTR_MAX, TER_OS_MOST_FRAMES);
    assert_int_equal(count, 0);
}

/* A stack that is not known, or another thread's. */
static void test_other_stacks(void **state)
{
    struct ter_os_stack own = stack;

    (void)state;
    stack = (struct ter_os_stack){0};
    recurse(10, 0, TER_OS_MOST_FRAMES);
    assert_true(count >= 12);
    stack = (struct ter_os_stack){.start = 4096, .end = 8192};
    recurse(10, 0, TER_OS_MOST_FRAMES);
    assert_true(count >= 1);
    stack = own;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_broken_files), cmocka_unit_test(test_callers),
        cmocka_unit_test(test_room),         cmocka_unit_test(test_other_stacks),
    };

    return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
