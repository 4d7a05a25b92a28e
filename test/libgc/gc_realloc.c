/* SPDX-License-Identifier: MIT */
/* GC_realloc: contents are kept, growth is cleared, the kind of memory stays what it was. */
#include "check.h"

#define LARGEST ((size_t)4 << 20)

static unsigned char byte_at(size_t index)
{
    return (unsigned char)(index * 31 + (index >> 8) + 1);
}

static void fill(unsigned char *object, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        object[i] = byte_at(i);
}

static bool holds(const unsigned char *object, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (object[i] != byte_at(i))
            return false;
    return true;
}

typedef void *allocate_function(size_t bytes);

static void test_byte_by_byte(allocate_function *allocate, bool cleared, const char *name)
{
    size_t last = check_scale(12000);
    unsigned char *object = allocate(1);

    fill(object, 0, 1);
    for (size_t bytes = 2; bytes <= last; bytes++) {
        object = GC_realloc(object, bytes);
        EXPECT(GC_size(object) >= bytes, "%s: %zu, size %zu", name, bytes, GC_size(object));
        EXPECT(object[0] == byte_at(0) && object[bytes - 2] == byte_at(bytes - 2), "%s: %zu", name,
               bytes);
        EXPECT(!cleared || object[bytes - 1] == 0, "%s: %zu: %d", name, bytes, object[bytes - 1]);
        fill(object, bytes - 1, bytes);
        if (bytes % 1000 == 0)
            EXPECT(holds(object, bytes), "%s: %zu", name, bytes);
    }
    EXPECT(holds(object, last), "%s", name);
    GC_free(object);
}

static void test_doubling(allocate_function *allocate, bool cleared, const char *name)
{
    size_t bytes = 1;
    unsigned char *object = allocate(bytes);

    fill(object, 0, bytes);
    for (; bytes < LARGEST; bytes *= 2) {
        object = GC_realloc(object, bytes * 2);
        EXPECT(holds(object, bytes), "%s: %zu", name, bytes);
        EXPECT(!cleared || is_filled(object + bytes, 0, bytes), "%s: %zu", name, bytes);
        fill(object, bytes, bytes * 2);
        if (bytes % 3 == 1)
            GC_gcollect();
    }
    for (; bytes > 1; bytes = bytes * 2 / 3) {
        object = GC_realloc(object, bytes);
        EXPECT(holds(object, bytes), "%s: %zu", name, bytes);
        EXPECT(GC_size(object) >= bytes, "%s: %zu", name, bytes);
    }
    GC_free(object);
}

/* Shrunk and grown again, cleared memory shows nothing of what was there. */
static void test_shrink_and_grow(void)
{
    for (size_t bytes = 16; bytes < 300000; bytes = bytes * 5 / 3) {
        unsigned char *object = GC_malloc(bytes);

        fill(object, 0, bytes);
        object = GC_realloc(object, bytes * 3 / 4);
        object = GC_realloc(object, bytes);
        EXPECT(holds(object, bytes * 3 / 4), "%zu", bytes);
        EXPECT(is_filled(object + bytes * 3 / 4, 0, bytes - bytes * 3 / 4), "%zu", bytes);
    }
}

/* Arrays that all grow at once, so that none can grow where it is for long. */
static void test_many(void)
{
    static unsigned char *objects[64];
    static size_t sizes[64];
    size_t rounds = check_scale(20000);
    uint64_t state = 4711;

    for (size_t i = 0; i < rounds; i++) {
        size_t which = random_below(&state, 64);
        size_t bytes = 1 + random_below(&state, i % 20 == 0 ? 100000 : 2000);
        size_t kept = bytes < sizes[which] ? bytes : sizes[which];

        objects[which] = GC_realloc(objects[which], bytes);
        EXPECT(holds(objects[which], kept), "round %zu: %zu to %zu", i, sizes[which], bytes);
        EXPECT(is_filled(objects[which] + kept, 0, bytes - kept), "round %zu: %zu to %zu", i,
               sizes[which], bytes);
        fill(objects[which], kept, bytes);
        sizes[which] = bytes;
    }
    memset(objects, 0, sizeof objects);
}

enum { OBJECTS = 200 };

static uintptr_t hidden[OBJECTS];
static size_t alive;
static uintptr_t series; /* what chance kept of an earlier one does not count */

static void GC_CALLBACK finalized(void *object, void *data)
{
    (void)object;
    if ((uintptr_t)data == series)
        alive--;
}

static NOINLINE void make_referrers(void **referrers, allocate_function *allocate)
{
    alive = OBJECTS;
    series++;
    for (size_t i = 0; i < OBJECTS; i++) {
        void **referrer = allocate(sizeof(void *));
        void *object = GC_malloc(40);

        GC_register_finalizer_no_order(object, finalized, (void *)series, NULL, NULL);
        referrer[0] = object;
        referrers[i] = GC_realloc(referrer, i % 2 == 0 ? 1000 : 50000);
        ((void **)referrers[i])[1] = NULL;
    }
}

/* Atomic memory does not begin to keep things, other memory does not cease to. */
static void test_kind_stays(void)
{
    static void *referrers[OBJECTS];

    make_referrers(referrers, GC_malloc_atomic);
    collect();
    collect();
    EXPECT(alive <= 5, "%zu of %d objects are kept by atomic memory", alive, OBJECTS);
    make_referrers(referrers, GC_malloc);
    collect();
    EXPECT(alive == OBJECTS, "%zu of %d", alive, OBJECTS);
    memset(referrers, 0, sizeof referrers);
    collect();
    EXPECT(alive <= 5, "%zu of %d", alive, OBJECTS);
}

static NOINLINE void make_uncollectable(allocate_function *allocate)
{
    void *referrers[OBJECTS];

    make_referrers(referrers, allocate);
    for (size_t i = 0; i < OBJECTS; i++)
        hidden[i] = hide(referrers[i]);
}

static void test_uncollectable_stays(void)
{
    make_uncollectable(GC_malloc_uncollectable);
    collect();
    collect();
    EXPECT(alive == OBJECTS, "%zu of %d", alive, OBJECTS);
    for (size_t i = 0; i < OBJECTS; i++)
        GC_free(reveal(hidden[i]));
    collect();
    EXPECT(alive <= 5, "%zu of %d", alive, OBJECTS);
    make_uncollectable(GC_malloc_atomic_uncollectable);
    collect();
    EXPECT(alive <= 5, "%zu of %d", alive, OBJECTS);
    for (size_t i = 0; i < OBJECTS; i++)
        GC_free(reveal(hidden[i]));
}

static void test_edges(void)
{
    char *object = GC_realloc(NULL, 100);

    EXPECT(object != NULL && GC_size(object) >= 100, "%p", (void *)object);
    EXPECT(is_filled(object, 0, 100), "GC_realloc(NULL, 100)");
    EXPECT(GC_realloc(object, 0) == NULL, "to 0 bytes");
    object = GC_realloc(NULL, 0);
    EXPECT(object != NULL, "GC_realloc(NULL, 0)");
}

int main(void)
{
    GC_INIT();
    test_byte_by_byte(GC_malloc, true, "GC_malloc");
    test_byte_by_byte(GC_malloc_atomic, false, "GC_malloc_atomic");
    test_byte_by_byte(GC_malloc_uncollectable, true, "GC_malloc_uncollectable");
    test_doubling(GC_malloc, true, "GC_malloc");
    test_doubling(GC_malloc_atomic, false, "GC_malloc_atomic");
    test_doubling(GC_malloc_uncollectable, true, "GC_malloc_uncollectable");
    test_shrink_and_grow();
    test_many();
    test_kind_stays();
    test_uncollectable_stays();
    test_edges();
    return check_end();
}
