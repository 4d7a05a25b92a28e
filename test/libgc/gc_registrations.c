/* SPDX-License-Identifier: MIT */
/*
 * Who registers much and allocates little has collections all the same: one whenever finalizers or
 * links of one sort come to 4096, or to a power of two beyond that if those before are still there.
 */
#include "check.h"

enum { REGISTRATIONS = 4100, ROOM = 64 << 20 };

static size_t finalized;
static void **words; /* in atomic memory: they keep nothing */

static void count_finalized(void *object, void *data)
{
    (void)object;
    (void)data;
    finalized++;
}

static void register_finalizer(size_t i)
{
    (void)i;
    GC_register_finalizer_no_order(GC_malloc(16), count_finalized, NULL, NULL, NULL);
}

static void register_short(size_t i)
{
    words[i] = GC_malloc(16);
    GC_general_register_disappearing_link(&words[i], words[i]);
}

static void register_long(size_t i)
{
    words[i] = GC_malloc(16);
    GC_register_long_link(&words[i], words[i]);
}

static NOINLINE size_t collections_of(void (*registers)(size_t i))
{
    GC_word before;

    collect();
    before = GC_get_gc_no();
    for (size_t i = 0; i < REGISTRATIONS; i++)
        registers(i);
    GC_malloc(16); /* ours collects with the allocation that follows */
    return (size_t)(GC_get_gc_no() - before);
}

static size_t words_left(void)
{
    size_t left = 0;

    for (size_t i = 0; i < REGISTRATIONS; i++)
        left += words[i] != NULL;
    return left;
}

static void test_links(const char *name, void (*registers)(size_t i))
{
    size_t collections;

    words = GC_malloc_atomic(REGISTRATIONS * sizeof *words);
    memset(words, 0, REGISTRATIONS * sizeof *words);
    collections = collections_of(registers);
    EXPECT(collections >= 1, "%s: %zu collections", name, collections);
    EXPECT(words_left() <= REGISTRATIONS / 8, "%s: %zu words are left", name, words_left());
}

static void test_finalizers(void)
{
    size_t collections = collections_of(register_finalizer);

    EXPECT(collections >= 1, "%zu collections", collections);
    GC_invoke_finalizers();
    EXPECT(finalized >= REGISTRATIONS / 8 * 7, "%zu were finalized", finalized);
}

/* What is disabled stays so, also when that is while many are registered. */
static void test_disabled(void)
{
    size_t collections;

    collect();
    GC_disable();
    collections = collections_of(register_finalizer);
    GC_enable();
    EXPECT(collections == 0, "%zu collections", collections);
}

int main(void)
{
    GC_INIT();
    GC_expand_hp(ROOM);
    test_links("short", register_short);
    test_links("long", register_long);
    test_finalizers();
    test_disabled();
    return check_end();
}
