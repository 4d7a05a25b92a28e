/* SPDX-License-Identifier: MIT */
/* What of memory can be read: ranges, parts of ranges, mappings; with /proc and without. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PAGES = 32 };

static size_t page;

static char *map(size_t pages, int access)
{
    char *memory = mmap(NULL, pages * page, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

/* Pages between two that cannot be read, so that nothing joins them. */
static char *map_alone(void)
{
    char *memory = map(PAGES + 2, PROT_NONE);

    assert_int_equal(mprotect(memory + page, PAGES * page, PROT_READ | PROT_WRITE), 0);
    return memory + page;
}

static void unmap_alone(char *memory)
{
    munmap(memory - page, (PAGES + 2) * page);
}

struct seen {
    uintptr_t start;
    bool pages[PAGES];
    size_t bytes;
};

static void see(void *context, uintptr_t start, uintptr_t end)
{
    struct seen *seen = context;

    assert_true(seen->start <= start && start < end && end <= seen->start + PAGES * page);
    seen->bytes += end - start;
    for (uintptr_t at = ter_align_down(start, page); at < end; at += page) {
        assert_false(seen->pages[(at - seen->start) / page]);
        seen->pages[(at - seen->start) / page] = true;
    }
}

static void whole_ranges(void **state)
{
    char *memory = map_alone();
    uintptr_t start = (uintptr_t)memory, end = start + PAGES * page;

    (void)state;
    errno = 77;
    assert_true(ter_os_is_readable(start, end));
    assert_true(ter_os_is_readable(start + 1, start + 2));
    assert_false(ter_os_is_readable(start, end + 1));
    assert_false(ter_os_is_readable(UINTPTR_MAX - 4096, UINTPTR_MAX));
    munmap(memory + 5 * page, page);
    assert_false(ter_os_is_readable(start, end));
    assert_true(ter_os_is_readable(start, start + 5 * page));
    assert_true(ter_os_is_readable(start + 6 * page, end));
    assert_int_equal(errno, 77);
    unmap_alone(memory);
}

/* Some pages are touched, some closed, some unmapped: only the first are seen, and may be more. */
static void check_parts(struct ter_random *random)
{
    char *memory = map_alone();
    struct seen seen = {.start = (uintptr_t)memory};
    bool touched[PAGES] = {false}, gone[PAGES] = {false};
    size_t left = PAGES * page, readable;

    for (size_t i = 0; i < PAGES; i++) {
        touched[i] = test_below(random, 2) == 0;
        if (touched[i])
            memory[i * page + 5] = 1;
        gone[i] = test_below(random, 4) == 0;
        if (gone[i] && test_below(random, 2) == 0)
            mprotect(memory + i * page, page, PROT_NONE);
        else if (gone[i])
            munmap(memory + i * page, page);
        left -= gone[i] ? page : 0;
    }
    readable = ter_os_for_each_readable(seen.start, seen.start + PAGES * page, see, &seen);
    assert_int_equal(readable, left);
    assert_true(seen.bytes <= left);
    for (size_t i = 0; i < PAGES; i++) {
        assert_true(!gone[i] || !seen.pages[i]);
        assert_true(gone[i] || !touched[i] || seen.pages[i]);
    }
    unmap_alone(memory);
}

static void parts_of_ranges(void **state)
{
    struct ter_random random = test_random();
    unsigned rounds = test_iterations(100);

    (void)state;
    for (unsigned i = 0; i < rounds; i++)
        check_parts(&random);
}

static void ends_are_exact(void **state)
{
    char *memory = map_alone();
    struct seen seen = {.start = (uintptr_t)memory};

    (void)state;
    memset(memory, 1, PAGES * page);
    munmap(memory + 8 * page, page);
    assert_int_equal(
        ter_os_for_each_readable(seen.start + 24, seen.start + 9 * page + 8, see, &seen),
        8 * page - 24 + 8);
    assert_int_equal(seen.bytes, 8 * page - 24 + 8);
    unmap_alone(memory);
}

static void check_mapping(void)
{
    char *memory = map_alone();
    uintptr_t start = 0, end = 0, wanted = (uintptr_t)memory;

    errno = 77;
    assert_true(ter_os_find_mapping(wanted + 7 * page + 3, &start, &end));
    assert_int_equal(start, wanted);
    assert_int_equal(end, wanted + PAGES * page);
    /* Advice makes two of one. */
    madvise(memory + 9 * page, page, MADV_DONTDUMP);
    assert_true(ter_os_find_mapping(wanted + 3 * page, &start, &end));
    assert_int_equal(end, wanted + PAGES * page);
    assert_false(ter_os_find_mapping(wanted - 1, &start, &end));
    assert_true(ter_os_find_mapping((uintptr_t)&start, &start, &end));
    assert_true(start <= (uintptr_t)&start && (uintptr_t)&start < end);
    assert_int_equal(errno, 77);
    unmap_alone(memory);
}

static void mappings_are_found(void **state)
{
    (void)state;
    check_mapping();
}

/* No file can be opened: pages are asked about. */
static void without_files(void *context)
{
    struct ter_random random = {1};
    struct rlimit limit = {0, 0};

    (void)context;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(open("/proc/self/maps", O_RDONLY) < 0);
    check_mapping();
    for (unsigned i = 0; i < 10; i++)
        check_parts(&random);
}

static void no_list_of_mappings(void **state)
{
    struct test_end end;

    (void)state;
    test_in_child(without_files, NULL, &end);
    if (end.signal != 0 || end.code != 0)
        print_error("%s\n", end.text);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
}

static void *find_stack(void *context)
{
    assert_true(ter_os_find_stack(context));
    assert_true(ter_os_is_readable((uintptr_t)&context, ((struct ter_os_stack *)context)->end));
    return NULL;
}

static void stacks_are_found(void **state)
{
    struct ter_os_stack own, other;
    pthread_t thread;

    (void)state;
    find_stack(&own);
    assert_true(own.start < own.end && (uintptr_t)&own < own.end);
    assert_int_equal(own.end, ter_os_stack_base());
    assert_int_equal(pthread_create(&thread, NULL, find_stack, &other), 0);
    pthread_join(thread, NULL);
    assert_false(other.grows);
    assert_true(other.end - other.start >= 4096 && other.end != own.end);
}

static int measure_page(void **state)
{
    (void)state;
    page = (size_t)sysconf(_SC_PAGESIZE);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_ranges),        cmocka_unit_test(parts_of_ranges),
        cmocka_unit_test(ends_are_exact),      cmocka_unit_test(mappings_are_found),
        cmocka_unit_test(no_list_of_mappings), cmocka_unit_test(stacks_are_found),
    };

    return cmocka_run_group_tests(tests, measure_page, NULL);
}
