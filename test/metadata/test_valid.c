/* SPDX-License-Identifier: MIT */
/* Objects at and around any word, against a list of objects. */
#include "metadata/metadata.h"
#include "support.h"

#define CHUNKS 24u
#define MOST 4000u

struct object {
    uintptr_t start;
    size_t bytes;
};

struct valid_test {
    struct ter_side_metadata side;
    const struct ter_side_table *valid;
    struct ter_random random;
    uintptr_t start, end;
    struct object objects[MOST]; /* upward, apart */
    size_t count;
};

/* Objects in every third chunk or run of chunks; the others are not mapped. */
static int make_objects(void **state)
{
    struct valid_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    test->random = test_random();
    test->start = ((uintptr_t)1 << 30) + TER_BYTES_IN_CHUNK;
    test->end = test->start + CHUNKS * TER_BYTES_IN_CHUNK;
    assert_int_equal(ter_side_init(&test->side, test->start, test->end - test->start), TER_OK);
    test->valid = &test->side.tables[TER_SIDE_VALID_OBJECT];
    for (size_t chunk = 2; chunk + 6 < CHUNKS; chunk += 9) {
        uintptr_t at = test->start + chunk * TER_BYTES_IN_CHUNK;
        uintptr_t limit = at + 4 * TER_BYTES_IN_CHUNK;

        assert_int_equal(ter_side_map(&test->side, 0, at, limit - at), TER_OK);
        while (at < limit && test->count < MOST) {
            size_t most = test_below(&test->random, 4) == 0 ? TER_KIB(512) : 300;
            struct object object = {at, 1 + test_below(&test->random, most)};

            if (object.bytes > limit - at)
                break;
            test->objects[test->count++] = object;
            ter_bits_set_shared(test->valid, at);
            at += ter_align_up(object.bytes, 16) + 16 * test_below(&test->random, 4);
        }
    }
    *state = test;
    return 0;
}

static int free_objects(void **state)
{
    struct valid_test *test = *state;

    ter_side_fini(&test->side);
    free(test);
    return 0;
}

/* The last object that begins at or below the word. */
static const struct object *below(const struct valid_test *test, uintptr_t word)
{
    const struct object *last = NULL;

    for (size_t i = 0; i < test->count && test->objects[i].start <= word; i++)
        last = &test->objects[i];
    return last;
}

static size_t bytes_of(const void *context, uintptr_t object)
{
    const struct object *found = below(context, object);

    assert_non_null(found);
    assert_int_equal(found->start, object);
    return found->bytes;
}

static void check_word(const struct valid_test *test, uintptr_t word, size_t distance)
{
    const struct object *object = below(test, word);
    bool readable =
        word >= test->start && word < test->end && ter_side_is_mapped(test->valid, word);
    bool is_near = readable && object != NULL && word - object->start <= distance;
    bool holds = is_near && word - object->start < object->bytes;
    uintptr_t found = 0;

    assert_int_equal(ter_valid_find_object(test->valid, word),
                     object != NULL && object->start == word);
    assert_int_equal(
        ter_valid_find_object_from_interior(test->valid, word, distance, bytes_of, test, &found),
        holds);
    assert_int_equal(found, holds ? object->start : 0);
    found = 0;
    assert_int_equal(
        ter_valid_find_object_from_interior(test->valid, word, distance, NULL, NULL, &found),
        is_near);
    assert_int_equal(found, is_near ? object->start : 0);
}

static void random_words(void **state)
{
    struct valid_test *test = *state;
    unsigned steps = test_iterations(20000);

    assert_true(test->count > 100);
    for (unsigned i = 0; i < steps; i++) {
        const struct object *object = &test->objects[test_below(&test->random, test->count)];
        uintptr_t word = object->start + test_below(&test->random, object->bytes + 40) - 8;
        size_t distance =
            test_below(&test->random, 3) == 0 ? SIZE_MAX : test_below(&test->random, 2000);

        if (i % 16 == 0)
            word = test->start + test_below(&test->random, test->end - test->start);
        if (i % 64 == 0)
            word = (uintptr_t)ter_random_next(&test->random);
        if (i % 5 == 0)
            distance = ter_max(object->start, word) - object->start;
        check_word(test, word, distance);
    }
}

static void edges(void **state)
{
    struct valid_test *test = *state;
    const uintptr_t words[] = {
        0, 1, UINTPTR_MAX, test->start, test->start - 1, test->end, test->end - 1};

    for (size_t i = 0; i < TER_ARRAY_LENGTH(words); i++)
        check_word(test, words[i], SIZE_MAX);
    for (size_t chunk = 0; chunk <= CHUNKS; chunk++)
        for (uintptr_t slack = 0; slack < 40; slack++) {
            check_word(test, test->start + chunk * TER_BYTES_IN_CHUNK + slack, SIZE_MAX);
            check_word(test, test->start + chunk * TER_BYTES_IN_CHUNK - slack, slack);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_words, make_objects, free_objects),
        cmocka_unit_test_setup_teardown(edges, make_objects, free_objects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
