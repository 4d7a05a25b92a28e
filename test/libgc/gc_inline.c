/* SPDX-License-Identifier: MIT */
/* The macros of gc_inline.h that allocate from lists of the program's own; kinds by number. */
#define GC_THREADS
#include "check.h"

#include <gc/gc_inline.h>
#include <gc/gc_mark.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LENGTH = 20000 };

static void *normal_lists[GC_TINY_FREELISTS], *atomic_lists[GC_TINY_FREELISTS];

struct cell {
    uintptr_t number;
    struct cell *next;
};

static void test_cons(void)
{
    struct cell *list = NULL;
    size_t count = 0;

    for (uintptr_t i = 0; i < LENGTH; i++) {
        struct cell *cell;

        GC_CONS(cell, i, list, normal_lists);
        list = cell;
        if (i % 5000 == 0)
            GC_gcollect();
    }
    for (const struct cell *cell = list; cell != NULL; cell = cell->next) {
        EXPECT(cell->number == LENGTH - 1 - count, "%zu, not %zu", (size_t)cell->number, count);
        count++;
    }
    EXPECT(count == LENGTH, "%zu", count);
}

/* Links through atomic objects keep nothing, so there is no collection while there are such lists.
 */
static void test_words(void)
{
    GC_disable();
    for (size_t round = 0; round < 300; round++)
        for (size_t words = 1; words < 40; words += 3) {
            uintptr_t *object, *atomic;

            GC_MALLOC_WORDS(object, words, normal_lists);
            GC_MALLOC_ATOMIC_WORDS(atomic, words, atomic_lists);
            EXPECT(is_filled(object, 0, words * sizeof *object), "%zu words", words);
            EXPECT(GC_size(object) >= words * sizeof *object, "%zu words", words);
            EXPECT(GC_get_kind_and_size(object, NULL) == GC_I_NORMAL, "%zu words", words);
            EXPECT(GC_get_kind_and_size(atomic, NULL) == GC_I_PTRFREE, "%zu words", words);
            memset(object, 0xff, words * sizeof *object);
            memset(atomic, 0xff, words * sizeof *atomic);
        }
    memset(atomic_lists, 0, sizeof atomic_lists);
    GC_enable();
}

static void test_kinds(void)
{
    for (size_t bytes = 1; bytes < 50000; bytes = bytes * 2 + 1) {
        for (int kind = 0; kind < 2; kind++) {
            void *object = GC_malloc_kind(bytes, kind);

            EXPECT(GC_get_kind_and_size(object, NULL) == kind, "kind %d, %zu bytes", kind, bytes);
            EXPECT(GC_size(object) >= bytes, "kind %d, %zu bytes", kind, bytes);
            object = GC_malloc_kind_global(bytes, kind);
            EXPECT(GC_get_kind_and_size(object, NULL) == kind, "kind %d, %zu bytes", kind, bytes);
        }
        for (int kind = 0; kind < 4; kind++) {
            size_t size = 0;
            void *object = GC_GENERIC_OR_SPECIAL_MALLOC(bytes, kind);

            EXPECT(GC_get_kind_and_size(object, &size) == kind, "kind %d, %zu bytes", kind, bytes);
            EXPECT(size >= bytes, "kind %d, %zu bytes: %zu", kind, bytes, size);
            EXPECT(kind % 3 == 0 || is_filled(object, 0, bytes), "kind %d", kind);
            GC_free(object);
        }
    }
}

/* A list's objects have the size that was asked for, whether or not others get an extra byte. */
static void test_sizes(void)
{
    for (size_t bytes = 16; bytes <= 128; bytes += 16) {
        void *list = NULL;

        GC_generic_malloc_many(bytes, GC_I_NORMAL, &list);
        EXPECT(GC_size(list) == bytes, "%zu, not %zu bytes", GC_size(list), bytes);
        list = GC_malloc_many(bytes);
        EXPECT(GC_size(list) > bytes, "%zu, not more than %zu bytes", GC_size(list), bytes);
    }
}

static int check_sizes_apart(void)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        GC_set_all_interior_pointers(1);
        GC_INIT();
        test_sizes();
        _exit(check_end());
    }
    waitpid(child, &status, 0);
    return status;
}

int main(void)
{
    /* The option is set once in a process. */
    EXPECT(check_sizes_apart() == 0, "sizes of objects in lists");
    /* The macros add no byte for pointers behind an object. */
    GC_set_all_interior_pointers(0);
    GC_INIT();
    test_cons();
    test_words();
    test_kinds();
    return check_end();
}
