/* SPDX-License-Identifier: MIT */
/*
 * Explicitly typed objects: the words that the bitmap names keep what they refer to, the others do
 * not. Bitmaps both shorter and longer than a descriptor word holds.
 */
#include "check.h"

#include <gc/gc_typed.h>

enum { WORDS = 400, CHANCE = 8, WORD_BITS = 64 };

static void **links; /* one for each word of an object */
static void **typed; /* the object; static data keeps it */
static GC_word bitmap[WORDS / WORD_BITS + 1];

static bool is_pointer(size_t word)
{
    return (bitmap[word / WORD_BITS] >> (word % WORD_BITS) & 1) != 0;
}

static NOINLINE void fill(size_t words, size_t bytes, GC_descr descriptor, bool off_page)
{
    links = GC_malloc_atomic(WORDS * sizeof *links);
    memset(links, 0, WORDS * sizeof *links);
    typed = NULL;
    typed = off_page ? GC_malloc_explicitly_typed_ignore_off_page(bytes, descriptor)
                     : GC_malloc_explicitly_typed(bytes, descriptor);
    EXPECT(typed != NULL && is_filled(typed, 0, bytes), "%zu bytes", bytes);
    EXPECT(GC_size(typed) >= bytes, "size %zu of %zu", GC_size(typed), bytes);
    for (size_t i = 0; i < words; i++) {
        typed[i] = GC_malloc(32);
        links[i] = typed[i];
        GC_general_register_disappearing_link(&links[i], links[i]);
    }
}

static void check(size_t words, size_t bytes)
{
    size_t wrongly_kept = 0;

    for (size_t i = 0; i < words; i++)
        if (is_pointer(i))
            EXPECT(links[i] == typed[i], "word %zu of %zu in %zu bytes was not seen", i, words,
                   bytes);
        else
            wrongly_kept += links[i] != NULL;
    EXPECT(wrongly_kept <= CHANCE, "%zu of %zu words in %zu bytes", wrongly_kept, words, bytes);
}

static GC_descr make(size_t words, unsigned pattern, uint64_t *state)
{
    memset(bitmap, 0, sizeof bitmap);
    for (size_t i = 0; i < words; i++) {
        bool set = pattern == 0   ? false
                   : pattern == 1 ? true
                   : pattern == 2 ? i % 2 == 1
                   : pattern == 3 ? i == words - 1
                   : pattern == 4 ? i < words / 2
                                  : random_below(state, 2) == 1;

        if (set)
            bitmap[i / WORD_BITS] |= (GC_word)1 << (i % WORD_BITS);
    }
    return GC_make_descriptor(bitmap, words);
}

static void test(size_t words, unsigned pattern, uint64_t *state)
{
    GC_descr descriptor = make(words, pattern, state);
    size_t sizes[] = {words * sizeof(void *), words * sizeof(void *) + 56, 20000};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        fill(words, sizes[i], descriptor, i == 1);
        collect();
        check(words, sizes[i]);
        collect();
        check(words, sizes[i]);
    }
}

/* Many objects of many types at once, some garbage; each keeps a list. */
static void test_lists(void)
{
    static void **heads[50];
    GC_descr types[5];
    GC_word one;

    for (size_t i = 0; i < 5; i++) {
        one = (GC_word)1 << i;
        types[i] = GC_make_descriptor(&one, i + 1);
    }
    for (size_t i = 0; i < 100000; i++) {
        size_t which = i * 7 % 50, type = which % 5;
        void **object = GC_malloc_explicitly_typed(64, types[type]);

        EXPECT(is_filled(object, 0, 64), "object %zu", i);
        memset(object, 0xfe, 64);
        object[type] = i % 10000 < 50 ? NULL : heads[which];
        object[5] = (void *)(uintptr_t)i;
        heads[which] = object;
    }
    for (size_t which = 0; which < 50; which++) {
        size_t length = 0, type = which % 5;
        uintptr_t last = UINTPTR_MAX;

        for (void **object = heads[which]; object != NULL; object = object[type], length++) {
            EXPECT((uintptr_t)object[5] < last && object[6] == (void *)0xfefefefefefefefe,
                   "list %zu, object %zu is %zu", which, length, (size_t)object[5]);
            last = (uintptr_t)object[5];
        }
        EXPECT(length == 200, "list %zu has length %zu", which, length);
        heads[which] = NULL;
    }
}

/* Of each of `elements` elements of `words` words those that `of_one` has. */
static void test_array(size_t elements, size_t words, GC_word of_one)
{
    GC_descr descriptor = GC_make_descriptor(&of_one, words);
    size_t bytes = words * sizeof(void *);

    memset(bitmap, 0, sizeof bitmap);
    for (size_t i = 0; i < elements * words; i++)
        if ((of_one >> (i % words) & 1) != 0)
            bitmap[i / WORD_BITS] |= (GC_word)1 << (i % WORD_BITS);
    links = GC_malloc_atomic(WORDS * sizeof *links);
    memset(links, 0, WORDS * sizeof *links);
    typed = NULL;
    typed = GC_calloc_explicitly_typed(elements, bytes, descriptor);
    EXPECT(is_filled(typed, 0, elements * bytes), "%zu times %zu: not clear", elements, words);
    EXPECT(GC_size(typed) >= elements * bytes, "%zu times %zu: %zu", elements, words,
           GC_size(typed));
    for (size_t i = 0; i < elements * words; i++) {
        typed[i] = GC_malloc(32);
        links[i] = typed[i];
        GC_general_register_disappearing_link(&links[i], links[i]);
    }
    collect();
    check(elements * words, elements * bytes);
}

static void test_arrays(void)
{
    static const GC_word of_one[] = {0, 1, 2, 3, 5, 6, 7};

    for (size_t elements = 0; elements <= check_scale(130); elements += elements < 12 ? 1 : 59)
        for (size_t i = 0; i < sizeof of_one / sizeof of_one[0]; i++)
            for (size_t words = 1; words <= 3; words++)
                test_array(elements, words, of_one[i] & (((GC_word)1 << words) - 1));
}

int main(void)
{
    static const size_t lengths[] = {1, 2, 3, 8, 61, 62, 63, 64, 65, 127, 128, 129, 300, 400};
    uint64_t state = 77;

    GC_INIT();
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (unsigned pattern = 0; pattern < 8; pattern++)
            test(lengths[i], pattern, &state);
    test_arrays();
    if (check_scale(20) == 20)
        test_lists();
    return check_end();
}
