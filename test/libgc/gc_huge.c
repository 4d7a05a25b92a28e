/* SPDX-License-Identifier: MIT */
/*
 * Requests that no machine can meet, through every function that allocates: NULL at once, and the
 * heap is as before, in its figures, its memory and what it can do. What is granted is not touched.
 */
#include "check.h"

#include <gc/gc_gcj.h>
#include <gc/gc_mark.h>
#include <gc/gc_typed.h>

#include <errno.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static void GC_CALLBACK no_word(char *message, GC_word argument)
{
    (void)message, (void)argument;
}

static size_t peak(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024;
}

/* The system says yes to everything then, and so does the library. */
static bool is_everything_granted(void)
{
    FILE *file = fopen("/proc/sys/vm/overcommit_memory", "r");
    int mode = 0;

    if (file == NULL)
        return false;
    if (fscanf(file, "%d", &mode) != 1)
        mode = 0;
    fclose(file);
    return mode == 1;
}

/* Of memory and swap; no more than half of the addresses. */
static size_t machine_bytes(void)
{
    struct sysinfo machine;
    unsigned long long bytes;

    sysinfo(&machine);
    bytes = ((unsigned long long)machine.totalram + machine.totalswap) * machine.mem_unit;
    return bytes > SIZE_MAX / 4 ? SIZE_MAX / 4 : (size_t)bytes;
}

static GC_word typed;
static char *small, *small_debug;

static void *posix_memalign_64(size_t bytes)
{
    void *object = NULL;

    return GC_posix_memalign(&object, 64, bytes) == 0 ? object : NULL;
}

static void *reallocate(size_t bytes)
{
    return GC_realloc(small, bytes);
}

static void *reallocate_debug(size_t bytes)
{
    return GC_debug_realloc(small_debug, bytes, GC_EXTRAS);
}

static void *many(size_t bytes)
{
    return GC_malloc_many(bytes);
}

static void *by_kind(size_t bytes)
{
    return GC_generic_malloc(bytes, 1);
}

static void *typed_object(size_t bytes)
{
    return GC_malloc_explicitly_typed(bytes, typed);
}

static void *typed_array(size_t bytes)
{
    return GC_calloc_explicitly_typed(bytes / 16 + 1, 16, typed);
}

static void *typed_product(size_t bytes)
{
    return GC_calloc_explicitly_typed(bytes, bytes, typed);
}

static void *aligned(size_t bytes)
{
    return GC_memalign(4096, bytes);
}

static void *debug(size_t bytes)
{
    return GC_debug_malloc(bytes, GC_EXTRAS);
}

static void *debug_atomic(size_t bytes)
{
    return GC_debug_malloc_atomic(bytes, GC_EXTRAS);
}

static void *debug_uncollectable(size_t bytes)
{
    return GC_debug_malloc_uncollectable(bytes, GC_EXTRAS);
}

static const struct {
    const char *name;
    void *(*allocate)(size_t bytes);
} ways[] = {
    {"GC_malloc", GC_malloc},
    {"GC_malloc_atomic", GC_malloc_atomic},
    {"GC_malloc_uncollectable", GC_malloc_uncollectable},
    {"GC_malloc_atomic_uncollectable", GC_malloc_atomic_uncollectable},
    {"GC_malloc_ignore_off_page", GC_malloc_ignore_off_page},
    {"GC_malloc_atomic_ignore_off_page", GC_malloc_atomic_ignore_off_page},
    {"GC_generic_malloc", by_kind},
    {"GC_realloc", reallocate},
    {"GC_memalign", aligned},
    {"GC_posix_memalign", posix_memalign_64},
    {"GC_malloc_many", many},
    {"GC_malloc_explicitly_typed", typed_object},
    {"GC_calloc_explicitly_typed", typed_array},
    {"GC_debug_malloc", debug},
    {"GC_debug_malloc_atomic", debug_atomic},
    {"GC_debug_malloc_uncollectable", debug_uncollectable},
    {"GC_debug_realloc", reallocate_debug},
};

static void check_heap(void)
{
    EXPECT(strcmp(small, "small") == 0, "%s", small);
    for (size_t i = 0; i < 1000; i++)
        memset(GC_malloc(200), 1, 200);
    memset(GC_malloc(MIB), 1, MIB);
}

static void expect_null(size_t bytes)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        size_t heap = GC_get_heap_size(), before = peak();
        GC_word collections = GC_get_gc_no();
        void *object = ways[i].allocate(bytes);

        EXPECT(object == NULL, "%s(%#zx) gives %p", ways[i].name, bytes, object);
        if (!is_drop_in())
            continue;
        EXPECT(GC_get_gc_no() == collections, "%s(%#zx): %zu collections", ways[i].name, bytes,
               (size_t)(GC_get_gc_no() - collections));
        EXPECT(GC_get_heap_size() == heap, "%s(%#zx): the heap grew by %zu", ways[i].name, bytes,
               GC_get_heap_size() - heap);
        EXPECT(peak() - before < 4 * MIB, "%s(%#zx): %zu KiB more", ways[i].name, bytes,
               (peak() - before) >> 10);
    }
    EXPECT(GC_expand_hp(bytes) == 0, "a heap of %#zx more bytes", bytes);
    check_heap();
}

/* What is granted is found by any address in it, and let go of: all without touching it. */
static void expect_untouched(void *(*allocate)(size_t bytes), size_t bytes)
{
    size_t before = peak();
    char *object = allocate(bytes);

    if (object == NULL)
        return; /* other limits */
    for (size_t offset = 0; offset < bytes; offset += bytes / 500)
        EXPECT(GC_base(object + offset) == object, "%zu of %zu", offset, bytes);
    EXPECT(GC_base(object + bytes - 1) == object && GC_size(object) >= bytes, "%zu", bytes);
    object[bytes / 2] = 1;
    GC_gcollect();
    EXPECT(object[bytes / 2] == 1, "%zu", bytes);
    GC_free(object);
    EXPECT(GC_base(object + bytes / 2) == NULL || !is_drop_in(), "%zu", bytes);
    EXPECT(!is_drop_in() || peak() - before < 8 * MIB, "%zu MiB granted, %zu KiB touched",
           bytes >> 20, (peak() - before) >> 10);
}

/* A heap that may not grow so far refuses likewise. */
static void expect_limit(void)
{
    GC_word collections;

    GC_set_max_heap_size(256 * MIB);
    collections = GC_get_gc_no();
    /* The stock library may have such a piece free. */
    EXPECT(GC_malloc_atomic(300 * MIB) == NULL || !is_drop_in(), "more than the maximum");
    EXPECT(GC_get_gc_no() <= collections + 4, "%zu collections",
           (size_t)(GC_get_gc_no() - collections));
    check_heap();
}

int main(void)
{
    GC_word bits = 1;
    size_t machine = machine_bytes();
    volatile size_t much = SIZE_MAX / 3;

    if (is_everything_granted()) {
        puts("SKIP: the system grants everything (overcommit_memory is 1)");
        return 77;
    }
    GC_INIT();
    GC_set_warn_proc(no_word);
    typed = GC_make_descriptor(&bits, 1);
    small = GC_malloc(16);
    strcpy(small, "small");
    small_debug = GC_debug_malloc(16, GC_EXTRAS);
    check_heap();
    if (is_drop_in()) {
        expect_untouched(GC_malloc_atomic, machine / 8);
        expect_untouched(GC_malloc_atomic_uncollectable, machine / 4 + 12345);
    }
    for (size_t bytes = 2 * machine; bytes < SIZE_MAX / 64; bytes *= 64)
        expect_null(bytes);
    expect_null(SIZE_MAX / 2);
    expect_null(SIZE_MAX / 2 + 1);
    expect_null(SIZE_MAX - 4096);
    expect_null(SIZE_MAX);
    EXPECT(typed_product(much) == NULL, "a product that wraps");
    expect_limit();
    return check_end();
}
