/* SPDX-License-Identifier: MIT */
/*
 * Absurd sizes and the function that hears of them; figures of the heap; switching collections off.
 */
#include "check.h"

#include <limits.h>

#define MIB ((size_t)1 << 20)

/* ---- Absurd sizes ---- */

static size_t asked[4096];
static size_t asked_count;
static void *instead; /* what the function below returns */

static void *GC_CALLBACK out_of_memory(size_t bytes)
{
    asked[asked_count++ % 4096] = bytes;
    return instead;
}

static void check_refused(const char *call, size_t bytes, const void *result, size_t before)
{
    EXPECT(result == NULL, "%s(%#zx) is %p", call, bytes, result);
    EXPECT(asked_count == before + 1, "%s(%#zx): the function was called %zu times", call, bytes,
           asked_count - before);
    EXPECT(asked[before % 4096] == bytes, "%s(%#zx) says %#zx", call, bytes, asked[before % 4096]);
}

#define REFUSED(function, bytes, ...)                                                              \
    do {                                                                                           \
        size_t before_call = asked_count;                                                          \
        void *result_of_call = function(__VA_ARGS__);                                              \
        check_refused(#function, bytes, result_of_call, before_call);                              \
    } while (0)

/* Sizes that the compiler cannot see: it would warn of them. */
static size_t absurd_size(unsigned number)
{
    static volatile size_t sizes[] = {
        SIZE_MAX,         SIZE_MAX - 1,     SIZE_MAX - 8,    SIZE_MAX - 15,
        SIZE_MAX - 16,    SIZE_MAX - 4095,  SIZE_MAX - 4096, SIZE_MAX - 65535,
        SIZE_MAX / 2 + 2, SIZE_MAX / 2 + 1, SIZE_MAX / 2,    SIZE_MAX / 2 - 4096,
        SIZE_MAX / 4,     SIZE_MAX / 16,    (size_t)1 << 47, (size_t)1 << 46,
    };

    return number < sizeof sizes / sizeof sizes[0] ? sizes[number] : 0;
}

static void test_absurd(void)
{
    char *kept = GC_malloc(100);
    size_t bytes;

    memset(kept, 0x3c, 100);
    GC_set_oom_fn(out_of_memory);
    EXPECT(GC_get_oom_fn() == out_of_memory, "the function is another");
    for (unsigned i = 0; (bytes = absurd_size(i)) != 0; i++) {
        REFUSED(GC_malloc, bytes, bytes);
        REFUSED(GC_malloc_atomic, bytes, bytes);
        REFUSED(GC_malloc_uncollectable, bytes, bytes);
        REFUSED(GC_malloc_atomic_uncollectable, bytes, bytes);
        REFUSED(GC_malloc_ignore_off_page, bytes, bytes);
        EXPECT(GC_realloc(kept, bytes) == NULL, "%#zx", bytes);
        EXPECT(is_filled(kept, 0x3c, 100), "after GC_realloc to %#zx", bytes);
        (void)GC_malloc(1000);
    }
    instead = kept;
    EXPECT(GC_malloc(absurd_size(0)) == kept, "what the function returns is what the caller gets");
    instead = NULL;
}

/* Collections go on as before: the heap was not taken to be larger than it is. */
static void test_after_absurd(void)
{
    GC_word collections = GC_get_gc_no();

    for (size_t i = 0; i < check_scale(300000) || i < 100000; i++)
        memset(GC_malloc(1000), 1, 1000);
    EXPECT(GC_get_gc_no() >= collections + 2, "%zu collections in 300 MB of garbage",
           (size_t)(GC_get_gc_no() - collections));
    EXPECT(GC_get_heap_size() < 256 * MIB, "heap %zu", GC_get_heap_size());
}

/* ---- Figures ---- */

static void test_figures(void)
{
    size_t total = GC_get_total_bytes(), heap, since;
    GC_word collections, parts[5];

    for (size_t i = 0; i < 1000; i++)
        (void)GC_malloc(1000);
    EXPECT(GC_get_total_bytes() >= total + 900000, "%zu, then %zu", total, GC_get_total_bytes());
    (void)GC_malloc_atomic(5 * MIB);
    EXPECT(GC_get_heap_size() >= 5 * MIB, "heap %zu", GC_get_heap_size());
    since = GC_get_bytes_since_gc();
    EXPECT(since >= 5 * MIB, "%zu", since);
    collections = GC_get_gc_no();
    GC_gcollect();
    EXPECT(GC_get_gc_no() > collections, "%zu", (size_t)GC_get_gc_no());
    EXPECT(GC_get_bytes_since_gc() < since, "%zu, then %zu", since, GC_get_bytes_since_gc());

    heap = GC_get_heap_size();
    EXPECT(GC_expand_hp(10 * MIB) == 1, "GC_expand_hp");
    EXPECT(GC_get_heap_size() >= heap + 10 * MIB, "%zu, then %zu", heap, GC_get_heap_size());
    EXPECT(GC_get_free_bytes() >= 10 * MIB, "%zu", GC_get_free_bytes());
    EXPECT(GC_get_free_bytes() <= GC_get_heap_size(), "%zu", GC_get_free_bytes());

    GC_get_heap_usage_safe(&parts[0], &parts[1], &parts[2], &parts[3], &parts[4]);
    EXPECT(parts[0] == GC_get_heap_size(), "%zu", (size_t)parts[0]);
    EXPECT(parts[1] + parts[2] <= parts[0], "%zu + %zu", (size_t)parts[1], (size_t)parts[2]);
    EXPECT(parts[4] == GC_get_total_bytes(), "%zu", (size_t)parts[4]);
    GC_get_heap_usage_safe(NULL, NULL, NULL, NULL, NULL);
}

/* ---- Off and on ---- */

static void test_disabled(void)
{
    GC_word collections;

    EXPECT(!GC_is_disabled(), "%d", GC_is_disabled());
    GC_disable();
    GC_disable();
    collections = GC_get_gc_no();
    EXPECT(GC_is_disabled(), "after two calls");
    GC_gcollect();
    for (size_t i = 0; i < 100000; i++)
        (void)GC_malloc(1000);
    EXPECT(GC_get_gc_no() == collections, "%zu collections while disabled",
           (size_t)(GC_get_gc_no() - collections));
    GC_enable();
    EXPECT(GC_is_disabled(), "after one of two");
    GC_gcollect();
    EXPECT(GC_get_gc_no() == collections, "disabled once");
    GC_enable();
    EXPECT(!GC_is_disabled(), "after two of two");
    GC_gcollect();
    EXPECT(GC_get_gc_no() > collections, "enabled again");
}

int main(void)
{
    GC_INIT();
    GC_set_warn_proc(GC_ignore_warn_proc);
    test_absurd();
    test_after_absurd();
    test_figures();
    test_disabled();
    return check_end();
}
