/* SPDX-License-Identifier: MIT */
/* EMPTY answers every question with no, and stops at every order. */
#include "sft/map_state.h"

#include "support.h"

static const struct ter_sft *const empty = &ter_sft_empty_functions;

static void answers(void **state)
{
    const uintptr_t words[] = {0, 1, 4096, UINTPTR_MAX, (uintptr_t)&words};

    (void)state;
    assert_int_equal(empty->kind, TER_SPACE_EMPTY);
    assert_string_equal(empty->name, "EMPTY");
    for (size_t i = 0; i < TER_ARRAY_LENGTH(words); i++) {
        ter_object object = ter_object_at(words[i]);

        assert_true(ter_object_is_none(empty->find_object(empty, words[i])));
        assert_true(ter_object_is_none(empty->find_object_from_interior(empty, words[i])));
        assert_true(ter_object_is_none(empty->forwarded_object(empty, object)));
        assert_false(empty->is_live(empty, object));
        assert_false(empty->is_reachable(empty, object));
        assert_false(empty->is_in_space(empty, words[i]));
        assert_false(empty->is_movable(empty, object));
        assert_false(empty->is_pinned(empty, object));
        assert_false(empty->is_sane(empty, object));
    }
}

static void print_is_cut(void **state)
{
    char text[128], longest[128];

    (void)state;
    empty->print_object(empty, ter_object_at(0x1234), longest, sizeof longest);
    assert_non_null(strstr(longest, "0x1234"));
    assert_non_null(strstr(longest, "EMPTY"));
    for (size_t size = 0; size < 40; size++) {
        memset(text, 'x', sizeof text);
        empty->print_object(empty, ter_object_at(0x1234), text, size);
        assert_int_equal(text[size], 'x');
        if (size > 0)
            assert_true(strlen(text) < size && strncmp(text, longest, strlen(text)) == 0);
    }
}

static void trace(void *context)
{
    empty->trace_object(empty, context, ter_object_at(0xabcd0));
}

static void pin(void *context)
{
    (void)context;
    empty->pin(empty, ter_object_at(0xabcd0));
}

static void unpin(void *context)
{
    (void)context;
    empty->unpin(empty, ter_object_at(0xabcd0));
}

static void initialise(void *context)
{
    (void)context;
    empty->init_object_metadata(empty, ter_object_at(0xabcd0), 48);
}

/* The line names the call, the address and the owner. */
static void orders_are_misuse(void **state)
{
    static const struct {
        test_body *body;
        const char *call;
    } rows[] = {{trace, "trace_object"},
                {pin, " pin"},
                {unpin, "unpin"},
                {initialise, "init_object_metadata"}};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(rows); i++) {
        test_dies(rows[i].body, NULL, rows[i].call);
        test_dies(rows[i].body, NULL, "0xabcd0");
        test_dies(rows[i].body, NULL, "EMPTY");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(print_is_cut),
        cmocka_unit_test(orders_are_misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
