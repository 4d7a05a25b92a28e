/* SPDX-License-Identifier: MIT */
/* What allocation promises: size, alignment, cleared memory, which addresses belong to an object.
 */
#include "check.h"

#include <errno.h>

typedef void *allocate_function(size_t bytes);

static const struct way {
    const char *name;
    allocate_function *allocate;
    bool cleared, collectable;
} ways[] = {
    {"GC_malloc", GC_malloc, true, true},
    {"GC_malloc_atomic", GC_malloc_atomic, false, true},
    {"GC_malloc_uncollectable", GC_malloc_uncollectable, true, false},
    {"GC_malloc_atomic_uncollectable", GC_malloc_atomic_uncollectable, false, false},
    {"GC_malloc_ignore_off_page", GC_malloc_ignore_off_page, true, true},
    {"GC_malloc_atomic_ignore_off_page", GC_malloc_atomic_ignore_off_page, false, true},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

static void check_object(const struct way *way, size_t bytes, bool every_byte)
{
    char *object = way->allocate(bytes);
    size_t last = way->collectable || bytes == 0 ? bytes : bytes - 1;
    size_t step = every_byte ? 1 : last / 3 + 1;

    EXPECT(object != NULL, "%s(%zu)", way->name, bytes);
    EXPECT((uintptr_t)object % 16 == 0, "%s(%zu) is %p", way->name, bytes, (void *)object);
    EXPECT(GC_size(object) >= bytes, "%s(%zu) has size %zu", way->name, bytes, GC_size(object));
    EXPECT(GC_is_heap_ptr(object), "%s(%zu)", way->name, bytes);
    EXPECT(!way->cleared || is_filled(object, 0, bytes), "%s(%zu)", way->name, bytes);
    for (size_t i = 0; i < last; i += step)
        EXPECT(GC_base(object + i) == object, "%s(%zu): byte %zu of %p has base %p", way->name,
               bytes, i, (void *)object, GC_base(object + i));
    EXPECT(GC_base(object + last) == object, "%s(%zu): byte %zu of %p has base %p", way->name,
           bytes, last, (void *)object, GC_base(object + last));
    memset(object, 0xa5, bytes);
    if (!way->collectable)
        GC_free(object);
}

static void test_sizes(void)
{
    size_t step = check_scale(1);

    for (size_t bytes = 0; bytes <= 20000; bytes += bytes < 1100 ? 1 : step)
        for (size_t way = 0; way < WAYS; way++)
            check_object(&ways[way], bytes, bytes <= 300 || bytes % 997 == 0);
}

static void test_large(void)
{
    static const size_t sizes[] = {32768, 65536, 100001, 1u << 20, 64u << 20};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t way = 0; way < WAYS; way++) {
            check_object(&ways[way], sizes[i] - 1, false);
            check_object(&ways[way], sizes[i], false);
        }
    EXPECT(GC_get_heap_size() < (size_t)2 << 30, "heap %zu", GC_get_heap_size());
}

/* Memory that was used before, by all kinds of objects and of all sizes, is cleared again. */
static void test_cleared_after_reuse(void)
{
    uint64_t state = 12345;
    size_t rounds = check_scale(300000);

    for (size_t i = 0; i < rounds; i++) {
        const struct way *way = &ways[random_below(&state, WAYS)];
        size_t limit = i % 100 == 0 ? 200000 : i % 10 == 0 ? 9000 : 300;
        size_t bytes = random_below(&state, limit);
        char *object = way->allocate(bytes);

        if (way->cleared)
            EXPECT(is_filled(object, 0, bytes), "%s(%zu) in round %zu", way->name, bytes, i);
        memset(object, 0xa5, bytes);
        if (!way->collectable || i % 3 == 0)
            GC_free(object);
    }
}

static void *kept[4096];

/* What is held keeps its contents and its place, whatever happens around it. */
static void test_contents_stay(void)
{
    uint64_t state = 99;

    for (size_t i = 0; i < 4096; i++) {
        size_t bytes = 1 + random_below(&state, i % 64 == 0 ? 50000 : 500);

        kept[i] = ways[i % WAYS].allocate(bytes);
        memset(kept[i], (int)i & 0xff, GC_size(kept[i]));
        if (i % 512 == 0)
            GC_gcollect();
    }
    for (size_t i = 0; i < 4096; i++) {
        EXPECT(is_filled(kept[i], (int)i & 0xff, GC_size(kept[i])), "object %zu of size %zu", i,
               GC_size(kept[i]));
        if (!ways[i % WAYS].collectable)
            GC_free(kept[i]);
        kept[i] = NULL;
    }
}

static void test_text(void)
{
    char *copy = GC_strdup("some text");

    EXPECT(strcmp(copy, "some text") == 0, "'%s'", copy);
    copy = GC_strdup("");
    EXPECT(copy[0] == '\0', "'%s'", copy);
    EXPECT(GC_strdup(NULL) == NULL, "%p", (void *)GC_strdup(NULL));
    copy = GC_strndup("some text", 4);
    EXPECT(strcmp(copy, "some") == 0, "'%s'", copy);
    copy = GC_strndup("some text", 100);
    EXPECT(strcmp(copy, "some text") == 0, "'%s'", copy);
    copy = GC_strndup("some text", 0);
    EXPECT(copy[0] == '\0', "'%s'", copy);
}

static void test_aligned(void)
{
    void *object = NULL;

    for (size_t alignment = 8; alignment <= 2048; alignment *= 2)
        for (size_t bytes = 1; bytes < 10000; bytes = bytes * 3 + 1) {
            char *start = GC_memalign(alignment, bytes);

            EXPECT(start != NULL && (uintptr_t)start % alignment == 0, "%p for %zu, %zu",
                   (void *)start, alignment, bytes);
            EXPECT(GC_base(start) == GC_base(start + bytes - 1), "%p for %zu, %zu", (void *)start,
                   alignment, bytes);
            memset(start, 0x5a, bytes);
            object = NULL;
            EXPECT(GC_posix_memalign(&object, alignment, bytes) == 0, "%zu, %zu", alignment, bytes);
            EXPECT((uintptr_t)object % alignment == 0, "%p for %zu", object, alignment);
            collect();
            EXPECT(is_filled(start, 0x5a, bytes), "%zu, %zu", alignment, bytes);
        }
    EXPECT(GC_posix_memalign(&object, 4, 10) == EINVAL, "alignment 4");
    EXPECT(GC_posix_memalign(&object, 24, 10) == EINVAL, "alignment 24");
}

/* Two live objects never share a byte. */
static void test_apart(void)
{
    static char *objects[1000];

    for (size_t bytes = 1; bytes < 20000; bytes = bytes * 2 + 5) {
        size_t count = bytes > 2000 ? 100 : 1000;

        for (size_t i = 0; i < count; i++) {
            objects[i] = GC_malloc_atomic(bytes);
            memset(objects[i], (int)i & 0xff, bytes);
        }
        for (size_t i = 0; i < count; i++)
            EXPECT(is_filled(objects[i], (int)i & 0xff, bytes), "object %zu of size %zu", i, bytes);
    }
    memset(objects, 0, sizeof objects);
}

int main(void)
{
    GC_INIT();
    EXPECT(GC_get_all_interior_pointers() != 0, "%d", GC_get_all_interior_pointers());
    EXPECT(GC_get_version() >= 0x80200, "%#x", GC_get_version());
    test_sizes();
    test_large();
    test_cleared_after_reuse();
    test_contents_stay();
    test_text();
    test_aligned();
    test_apart();
    return check_end();
}
