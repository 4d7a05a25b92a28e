/* SPDX-License-Identifier: MIT */
/* Weak words through the public functions: they keep nothing, and read 0 when what they name went.
 */
#include "small_heap.h"

#define WORDS 200u

SMALL_HEAP_FIXTURE(small, "")

static void **words; /* in an object without references, which the first root keeps */

static void *allocate(unsigned kind, size_t bytes)
{
    void *object = ter_allocate(small.mutator, kind, bytes);

    assert_non_null(object);
    return object;
}

/* Each word names an object; every second one is kept. */
static __attribute__((noinline)) void fill_words(void)
{
    void **kept = allocate(TER_KIND_NORMAL, WORDS * sizeof *kept);

    small.roots[0] = words = allocate(TER_KIND_ATOMIC, WORDS * sizeof *words);
    small.roots[1] = kept;
    for (size_t i = 0; i < WORDS; i++) {
        words[i] = allocate(TER_KIND_NORMAL, 32);
        assert_int_equal(ter_weak_add(small.heap, &words[i], words[i]), TER_OK);
        if (i % 2 == 0)
            kept[i] = words[i];
    }
}

static size_t count_words(void)
{
    size_t count = 0;

    for (size_t i = 0; i < WORDS; i++)
        count += words[i] != NULL;
    return count;
}

static void what_is_kept_stays_and_the_rest_reads_0(void **state)
{
    (void)state;
    fill_words();
    small_heap_collect(&small);
    for (size_t i = 0; i < WORDS; i += 2)
        assert_ptr_equal(words[i], ((void **)small.roots[1])[i]);
    assert_in_range(count_words(), WORDS / 2, WORDS / 2 + SMALL_SLACK);
}

static void a_removed_word_is_left_alone(void **state)
{
    (void)state;
    fill_words();
    for (size_t i = 0; i < WORDS; i++)
        assert_int_equal(ter_weak_remove(small.heap, &words[i]), TER_OK);
    assert_int_equal(ter_weak_remove(small.heap, &words[0]), TER_ERROR_INVALID);
    small_heap_collect(&small);
    assert_int_equal(count_words(), WORDS);
}

static void what_is_no_object_is_refused(void **state)
{
    char *object = allocate(TER_KIND_NORMAL, 32);
    void *word;

    (void)state;
    assert_int_equal(ter_weak_add(small.heap, &word, NULL), TER_ERROR_INVALID);
    assert_int_equal(ter_weak_add(small.heap, &word, object + 1), TER_ERROR_INVALID);
    assert_int_equal(ter_weak_add(small.heap, &word, &word), TER_ERROR_INVALID);
    assert_int_equal(ter_weak_add(small.heap, (void **)(object + 1), object), TER_ERROR_INVALID);
    assert_int_equal(ter_weak_add(small.heap, &word, object), TER_OK);
    assert_int_equal(ter_weak_remove(small.heap, &word), TER_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_kept_stays_and_the_rest_reads_0, make_heap,
                                        free_heap),
        cmocka_unit_test_setup_teardown(a_removed_word_is_left_alone, make_heap, free_heap),
        cmocka_unit_test_setup_teardown(what_is_no_object_is_refused, make_heap, free_heap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
