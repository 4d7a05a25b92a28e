/* SPDX-License-Identifier: MIT */
/* What a space answers where it says nothing, and that what it says is kept. */
#include "sft/sft.h"

#include "support.h"

#define OBJECT ((uintptr_t)0x10000)
#define OBJECT_BYTES 64u
#define ELSEWHERE ((uintptr_t)0x20000)

/* A space with one object. */
static ter_object find_the_object(const struct ter_sft *space, uintptr_t word)
{
    (void)space;
    return word - OBJECT < OBJECT_BYTES ? ter_object_at(OBJECT) : ter_object_none();
}

static bool yes(const struct ter_sft *space, ter_object object)
{
    (void)space, (void)object;
    return true;
}

static bool no(const struct ter_sft *space, ter_object object)
{
    (void)space, (void)object;
    return false;
}

static struct ter_sft_map map;

static int make_map(void **state)
{
    const struct ter_sft_map_options options = {.kind = TER_SFT_SPARSE_MAP,
                                                .bytes = TER_SFT_BYTES_IN_CHUNK};

    (void)state;
    return ter_sft_map_create(&map, &options) == TER_OK ? 0 : 1;
}

static int free_map(void **state)
{
    (void)state;
    ter_sft_map_destroy(&map);
    return 0;
}

static const struct ter_sft *add(struct ter_sft functions)
{
    struct ter_sft *space;

    functions.kind = TER_SPACE_OTHER;
    functions.name = "kennel";
    assert_int_equal(ter_sft_map_add_space(&map, &functions, &space), TER_OK);
    return space;
}

static void check_print(const struct ter_sft *space, uintptr_t word, const char *wanted)
{
    char text[100], cut[100];

    memset(text, 'x', sizeof text);
    space->print_object(space, ter_object_at(word), text, sizeof text);
    assert_string_equal(text, wanted);
    for (size_t size = 0; size < strlen(wanted) + 2; size++) {
        memset(cut, 'x', sizeof cut);
        space->print_object(space, ter_object_at(word), cut, size);
        assert_int_equal(cut[size], 'x');
        if (size > 0) {
            assert_int_equal(strlen(cut), ter_min(size - 1, strlen(wanted)));
            assert_memory_equal(cut, wanted, strlen(cut));
        }
    }
}

/* Nothing is given: no object anywhere, nothing moves. */
static void a_space_that_says_nothing(void **state)
{
    const struct ter_sft *space = add((struct ter_sft){0});
    const uintptr_t words[] = {0, 1, OBJECT, UINTPTR_MAX};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(words); i++) {
        ter_object object = ter_object_at(words[i]);

        assert_int_equal(space->find_object_from_interior(space, words[i]).bits, 0);
        assert_int_equal(space->find_object(space, words[i]).bits, 0);
        assert_int_equal(space->forwarded_object(space, object).bits, 0);
        assert_false(space->is_live(space, object));
        assert_false(space->is_reachable(space, object));
        assert_false(space->is_sane(space, object));
        assert_true(space->is_in_space(space, words[i]));
        assert_false(space->is_movable(space, object));
        assert_false(space->pin(space, object));
        assert_false(space->unpin(space, object));
        assert_true(space->is_pinned(space, object));
        space->init_object_metadata(space, object, 16);
    }
    check_print(space, OBJECT, "0x10000: space kennel, no object");
}

/* All that follows from the one function that finds. */
static void a_space_that_finds_objects(void **state)
{
    const struct ter_sft *space =
        add((struct ter_sft){.find_object_from_interior = find_the_object});
    const ter_object object = ter_object_at(OBJECT), inside = ter_object_at(OBJECT + 8);

    (void)state;
    assert_int_equal(space->find_object(space, OBJECT).bits, OBJECT);
    assert_int_equal(space->find_object(space, OBJECT + 8).bits, 0);
    assert_int_equal(space->find_object_from_interior(space, OBJECT + 63).bits, OBJECT);
    assert_true(space->is_live(space, object) && !space->is_live(space, inside));
    assert_true(space->is_reachable(space, object) && !space->is_reachable(space, inside));
    assert_true(space->is_sane(space, object) && !space->is_sane(space, inside));
    check_print(space, OBJECT, "0x10000: space kennel, object");
    check_print(space, OBJECT + 8, "0x10008: space kennel, no object");
    check_print(space, ELSEWHERE, "0x20000: space kennel, no object");
}

/* is_live of its own: reachable and sane follow it. */
static void answers_follow_is_live(void **state)
{
    const struct ter_sft *space =
        add((struct ter_sft){.find_object_from_interior = find_the_object, .is_live = no});

    (void)state;
    assert_false(space->is_reachable(space, ter_object_at(OBJECT)));
    assert_false(space->is_sane(space, ter_object_at(OBJECT)));
    assert_int_equal(space->find_object(space, OBJECT).bits, OBJECT);
    space = add((struct ter_sft){.is_live = yes});
    assert_true(space->is_reachable(space, ter_object_at(ELSEWHERE)));
    assert_true(space->is_sane(space, ter_object_at(ELSEWHERE)));
}

static void pinned_is_what_cannot_move(void **state)
{
    const struct ter_sft *space = add((struct ter_sft){.is_movable = yes});

    (void)state;
    assert_false(space->is_pinned(space, ter_object_at(OBJECT)));
    space = add((struct ter_sft){.is_movable = no});
    assert_true(space->is_pinned(space, ter_object_at(OBJECT)));
}

/* Each function that a space has stays, the others are filled in. */
static void what_is_given_is_kept(void **state)
{
    const size_t first = offsetof(struct ter_sft, find_object_from_interior);
    const size_t count = (offsetof(struct ter_sft, name) - first) / sizeof(void *);

    (void)state;
    assert_int_equal(count, 14);
    for (size_t i = 0; i <= count; i++) {
        struct ter_sft functions = {0};
        void *field, *wanted = (void *)(uintptr_t)yes;
        const struct ter_sft *space;

        /* The last time none is given. */
        if (i < count)
            memcpy((char *)&functions + first + i * sizeof wanted, &wanted, sizeof wanted);
        space = add(functions);
        for (size_t k = 0; k < count; k++) {
            memcpy(&field, (const char *)space + first + k * sizeof field, sizeof field);
            assert_non_null(field);
            assert_int_equal(field == wanted, i == k);
        }
        assert_string_equal(space->name, "kennel");
    }
}

static void trace(void *context)
{
    const struct ter_sft *space = context;

    space->trace_object(space, NULL, ter_object_at(OBJECT));
}

static void tracing_is_misuse(void **state)
{
    struct ter_sft *space;
    const struct ter_sft functions = {.kind = TER_SPACE_OTHER, .name = "kennel"};

    (void)state;
    assert_int_equal(ter_sft_map_add_space(&map, &functions, &space), TER_OK);
    test_dies(trace, space, "trace_object");
    test_dies(trace, space, "kennel");
    test_dies(trace, space, "0x10000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_space_that_says_nothing), cmocka_unit_test(a_space_that_finds_objects),
        cmocka_unit_test(answers_follow_is_live),    cmocka_unit_test(pinned_is_what_cannot_move),
        cmocka_unit_test(what_is_given_is_kept),     cmocka_unit_test(tracing_is_misuse),
    };

    return cmocka_run_group_tests(tests, make_map, free_map);
}
