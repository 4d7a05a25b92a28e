/* SPDX-License-Identifier: MIT */
/* A largest heap: what happens when it is full, who hears of it, that it can be emptied. */
#include "check.h"

#define MIB ((size_t)1 << 20)

enum { MOST_OBJECTS = 500000 };

static void *held[MOST_OBJECTS];
static size_t last_asked, asked;
static unsigned warnings;

static void *GC_CALLBACK out_of_memory(size_t bytes)
{
    last_asked = bytes;
    asked++;
    return NULL;
}

static void GC_CALLBACK warn(char *message, GC_word argument)
{
    EXPECT(strncmp(message, "GC Warning: ", 12) == 0, "'%s', %zu", message, (size_t)argument);
    warnings++;
}

/* Allocates and holds until memory is out; how many objects that were. */
static NOINLINE size_t fill_heap(size_t bytes)
{
    for (size_t i = 0; i < MOST_OBJECTS; i++) {
        held[i] = GC_malloc(bytes);
        if (held[i] == NULL)
            return i;
        memset(held[i], 0x99, bytes);
    }
    return MOST_OBJECTS;
}

static NOINLINE void check_and_empty(size_t count, size_t bytes)
{
    for (size_t i = 0; i < count; i++) {
        EXPECT(is_filled(held[i], 0x99, bytes), "object %zu of %zu bytes", i, bytes);
        held[i] = NULL;
    }
}

static void test(size_t most, size_t bytes)
{
    size_t count, before = asked;

    warnings = 0;
    count = fill_heap(bytes);
    EXPECT(asked == before + 1, "%zu calls, %zu objects of %zu bytes", asked - before, count,
           bytes);
    EXPECT(last_asked >= bytes && last_asked <= bytes + 16, "%zu, not %zu", last_asked, bytes);
    EXPECT(warnings > 0, "no warning");
    EXPECT(count * bytes > most / 2, "%zu objects of %zu bytes in %zu", count, bytes, most);
    EXPECT(GC_get_heap_size() <= most, "%zu, not %zu", GC_get_heap_size(), most);
    check_and_empty(count, bytes);
    clear_stack();
    /* A heap that was full and got nothing new does not collect again by itself. */
    GC_gcollect();
    for (size_t i = 0; i < count / 2; i++)
        EXPECT(GC_malloc(bytes) != NULL, "object %zu of %zu bytes, heap %zu, free %zu", i, bytes,
               GC_get_heap_size(), GC_get_free_bytes());
}

int main(void)
{
    static const size_t sizes[] = {100, 3000, 100000};
    size_t most = check_scale(30) * MIB;

    GC_INIT();
    GC_set_warn_proc(warn);
    EXPECT(GC_get_warn_proc() == warn, "the function is another");
    GC_set_oom_fn(out_of_memory);
    GC_set_max_heap_size(most);
    for (unsigned round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            test(most, sizes[i]);
    return check_end();
}
