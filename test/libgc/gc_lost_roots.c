/* SPDX-License-Identifier: MIT */
/*
 * Roots whose memory the program took away: unmapped, closed, cut off, wholly or in part. What is
 * left of them keeps objects; what is gone is said in one line, however many collections there are.
 *
 * The stock library reads all of them.
 */
#define _GNU_SOURCE
#include "capture.h"
#include "check.h"

#include <sys/mman.h>
#include <unistd.h>

enum { PAGES = 8, WATCHED = 100 };

static size_t page;
static void **links;

static NOINLINE void watch(void **places)
{
    for (size_t i = 0; i < WATCHED; i++) {
        links[i] = places[i] = GC_malloc(40);
        GC_general_register_disappearing_link(&links[i], links[i]);
    }
}

static size_t count_alive(void)
{
    size_t count = 0;

    for (size_t i = 0; i < WATCHED; i++)
        count += links[i] != NULL;
    return count;
}

static char *map_pages(int file)
{
    int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    char *memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, flags, file, 0);

    if (memory == MAP_FAILED)
        abort();
    return memory;
}

/* Takes [from, to) pages of memory away. */
typedef void take_away(char *memory, size_t from, size_t to);

static void unmap(char *memory, size_t from, size_t to)
{
    munmap(memory + from * page, (to - from) * page);
}

static void protect(char *memory, size_t from, size_t to)
{
    mprotect(memory + from * page, (to - from) * page, PROT_NONE);
}

static int file;

static void truncate_file(char *memory, size_t from, size_t to)
{
    (void)memory, (void)to;
    if (ftruncate(file, (off_t)(from * page)) != 0)
        abort();
}

static void collect_often(void)
{
    for (unsigned i = 0; i < 4; i++)
        collect();
}

/* `kept`: a page that stays. */
static void test_taken(char *memory, take_away *take, size_t from, size_t to, size_t kept)
{
    const char *text;
    char part[100];

    if (kept < PAGES)
        watch((void **)(memory + kept * page));
    collect();
    capture_begin(STDERR_FILENO);
    take(memory, from, to);
    collect_often();
    text = capture_end();
    EXPECT(kept == PAGES || count_alive() == WATCHED, "%zu of %d", count_alive(), WATCHED);
    snprintf(part, sizeof part, "%zu of %zu bytes cannot be read", (to - from) * page,
             PAGES * page);
    EXPECT(count_in(text, part) == 1 && count_in(text, "\n") == 1, "%s in '%s'", part, text);
}

static void test_mapped(take_away *take, size_t from, size_t to, size_t kept)
{
    char *memory = map_pages(take == truncate_file ? file : -1);

    GC_add_roots(memory, memory + PAGES * page);
    test_taken(memory, take, from, to, kept);
    GC_remove_roots(memory, memory + PAGES * page);
    munmap(memory, PAGES * page);
}

static void test_file(size_t left)
{
    file = memfd_create("roots", 0);
    if (file < 0 || ftruncate(file, (off_t)(PAGES * page)) != 0)
        return;
    test_mapped(truncate_file, left, PAGES, left == 0 ? PAGES : 0);
    close(file);
}

/* Memory that comes again at the same place is looked at again. */
static void test_again(void)
{
    char *memory = map_pages(-1);

    GC_add_roots(memory, memory + PAGES * page);
    test_taken(memory, protect, 0, PAGES, PAGES);
    mprotect(memory, PAGES * page, PROT_READ | PROT_WRITE);
    watch((void **)memory);
    collect_often();
    EXPECT(count_alive() == WATCHED, "%zu of %d", count_alive(), WATCHED);
    GC_remove_roots(memory, memory + PAGES * page);
    munmap(memory, PAGES * page);
}

/* A stack in static data with a page that guards it. */
static char guarded[PAGES << 16] __attribute__((aligned(65536)));

static void test_static(void)
{
    const char *text;

    watch((void **)(guarded + 7 * page));
    capture_begin(STDERR_FILENO);
    protect(guarded, 3, 4);
    collect_often();
    text = capture_end();
    EXPECT(count_alive() == WATCHED, "%zu of %d", count_alive(), WATCHED);
    EXPECT(count_in(text, "cannot be read") == 1, "'%s'", text);
    mprotect(guarded, sizeof guarded, PROT_READ | PROT_WRITE);
}

int main(void)
{
    if (!is_drop_in()) {
        puts("SKIP: the stock library reads roots that are gone");
        return 77;
    }
    page = (size_t)sysconf(_SC_PAGESIZE);
    GC_INIT();
    links = GC_malloc_atomic_uncollectable(WATCHED * sizeof *links);
    test_mapped(unmap, 0, PAGES, PAGES);
    test_mapped(unmap, 2, 3, 5);
    test_mapped(unmap, 0, 3, 7);
    test_mapped(unmap, 5, PAGES, 1);
    test_mapped(protect, 0, PAGES, PAGES);
    test_mapped(protect, 2, 3, 5);
    test_mapped(protect, 5, PAGES, 1);
    test_file(3);
    test_file(0);
    test_again();
    test_static();
    return check_end();
}
