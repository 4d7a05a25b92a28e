/* SPDX-License-Identifier: MIT */
/*
 * Explicit freeing. Every live object is filled with a byte of its own, which is checked when it is
 * freed: two objects that shared memory would show.
 */
#include "check.h"

enum { SLOTS = 4096 };

static struct slot {
    unsigned char *object;
    size_t bytes;
    int fill;
} slots[SLOTS];

static void *allocate(unsigned kind, size_t bytes)
{
    switch (kind) {
    case 0: return GC_malloc(bytes);
    case 1: return GC_malloc_atomic(bytes);
    case 2: return GC_malloc_uncollectable(bytes);
    default: return GC_malloc_atomic_uncollectable(bytes);
    }
}

static size_t random_bytes(uint64_t *state)
{
    switch (random_below(state, 64)) {
    case 0: return random_below(state, 60000);
    case 1:
    case 2: return random_below(state, 9000);
    default: return random_below(state, 400);
    }
}

static void empty_slot(struct slot *slot)
{
    EXPECT(is_filled(slot->object, slot->fill, slot->bytes), "%p of %zu bytes, %#x at its start",
           (void *)slot->object, slot->bytes, slot->object[0]);
    GC_free(slot->object);
    *slot = (struct slot){0};
}

static void fill_slot(struct slot *slot, uint64_t *state)
{
    unsigned kind = (unsigned)random_below(state, 4);
    size_t bytes = random_bytes(state) + 1;

    *slot = (struct slot){allocate(kind, bytes), bytes, (int)random_below(state, 255) + 1};
    if (kind % 2 == 0)
        EXPECT(is_filled(slot->object, 0, bytes), "kind %u, %zu bytes", kind, bytes);
    memset(slot->object, slot->fill, bytes);
}

static void test_mixed(uint64_t seed)
{
    uint64_t state = seed;
    size_t rounds = check_scale(2000000);

    for (size_t round = 0; round < rounds; round++) {
        struct slot *slot = &slots[random_below(&state, SLOTS)];

        if (slot->object != NULL)
            empty_slot(slot);
        else
            fill_slot(slot, &state);
        if (round % 200000 == 199999)
            GC_gcollect();
    }
    for (size_t i = 0; i < SLOTS; i++)
        if (slots[i].object != NULL)
            empty_slot(&slots[i]);
    EXPECT(GC_get_heap_size() < (size_t)256 << 20, "heap %zu", GC_get_heap_size());
}

/* Blocks full of objects, some of which go, by the program and by collections in turn. */
static void test_partly_used_blocks(size_t bytes)
{
    enum { COUNT = 3000 };
    static unsigned char *objects[COUNT];

    for (unsigned round = 0; round < 6; round++) {
        for (size_t i = 0; i < COUNT; i++)
            if (objects[i] == NULL) {
                objects[i] = GC_malloc(bytes);
                EXPECT(is_filled(objects[i], 0, bytes), "%zu bytes, object %zu", bytes, i);
                memset(objects[i], (int)(i % 255) + 1, bytes);
            }
        if (round % 2 == 0)
            GC_gcollect();
        for (size_t i = round % 3; i < COUNT; i += 3) {
            EXPECT(is_filled(objects[i], (int)(i % 255) + 1, bytes), "%zu bytes, object %zu", bytes,
                   i);
            if (i % 2 == 0)
                GC_free(objects[i]);
            objects[i] = NULL;
        }
        if (round % 3 == 0)
            GC_gcollect();
    }
    for (size_t i = 0; i < COUNT; i++)
        EXPECT(objects[i] == NULL || is_filled(objects[i], (int)(i % 255) + 1, bytes),
               "%zu bytes, object %zu", bytes, i);
    memset(objects, 0, sizeof objects);
}

/* Freed at once, memory is there again: the heap stays small and few collections are needed. */
static void test_freed_at_once(void)
{
    size_t rounds = check_scale(3000000);
    size_t before = GC_get_heap_size();

    for (size_t i = 0; i < rounds; i++) {
        char *object = GC_malloc(16 + i % 7 * 64);

        object[0] = 1;
        GC_free(object);
    }
    EXPECT(GC_get_heap_size() < before + ((size_t)64 << 20), "heap %zu, before %zu",
           GC_get_heap_size(), before);
}

/* A last-in, first-out and a first-in, first-out order of freeing, with large objects between. */
static void test_orders(void)
{
    enum { COUNT = 500 };
    static char *objects[COUNT];

    for (size_t round = 0; round < 8; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            size_t bytes = i % 50 == 0 ? 40000 + i : 24 + i % 5 * 100;

            objects[i] = round % 4 < 2 ? GC_malloc(bytes) : GC_malloc_uncollectable(bytes);
            EXPECT(is_filled(objects[i], 0, bytes), "round %zu, object %zu", round, i);
            memset(objects[i], 0x77, bytes);
        }
        for (size_t i = 0; i < COUNT; i++)
            GC_free(objects[round % 2 == 0 ? i : COUNT - 1 - i]);
        memset(objects, 0, sizeof objects);
    }
}

int main(int count, char **arguments)
{
    GC_INIT();
    GC_free(NULL);
    test_mixed(check_seed(count, arguments));
    for (size_t bytes = 8; bytes < 5000; bytes = bytes * 2 + 1)
        test_partly_used_blocks(bytes);
    test_freed_at_once();
    test_orders();
    return check_end();
}
