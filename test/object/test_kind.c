/* SPDX-License-Identifier: MIT */
/* Kinds and layouts: which are accepted, and which slots a cursor finds in them. */
#include "object/object.h"

#include "support.h"

#define WORD sizeof(uintptr_t)

/* What ter_object_layout_check says of a header and elements. */
static const char *check(size_t header_bytes, struct ter_slots header, size_t element_bytes,
                         struct ter_slots element)
{
    struct ter_object_layout layout = {header_bytes, header, element_bytes, element};

    return ter_object_layout_check(&layout, WORD);
}

static const struct ter_slots none;

static void layouts_are_accepted(void **state)
{
    static const uint32_t offsets[] = {0, 2 * WORD, 1000 * WORD};

    (void)state;
    assert_null(check(0, none, 0, none));
    assert_null(check(WORD, none, 0, none));
    assert_null(check(WORD, (struct ter_slots){.bitmap = 1}, 0, none));
    assert_null(check(1001 * WORD, (struct ter_slots){offsets, 3, 0}, 0, none));
    assert_null(check(64 * WORD, (struct ter_slots){.bitmap = UINT64_MAX}, 0, none));
    assert_null(check(65 * WORD, (struct ter_slots){.bitmap = UINT64_MAX}, 0, none));
    assert_null(check(0, none, WORD, (struct ter_slots){.bitmap = 1}));
    assert_null(check(3 * WORD, none, 3 * WORD, (struct ter_slots){offsets, 2, 0}));
    /* Elements without slots have a size or none. */
    assert_null(check(0, none, 5 * WORD, none));
    /* An empty list is no list that matters. */
    assert_null(check(0, (struct ter_slots){offsets, 0, 0}, 0, none));
}

static void refused(const char *wrong, const char *part)
{
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, part));
}

static void offsets_are_checked(void **state)
{
    static const uint32_t odd[] = {0, WORD + 1}, down[] = {WORD, 0}, twice[] = {0, 0};
    static const uint32_t last[] = {3 * WORD};

    (void)state;
    refused(check(4 * WORD, (struct ter_slots){odd, 2, 0}, 0, none), "not aligned");
    refused(check(4 * WORD, (struct ter_slots){down, 2, 0}, 0, none), "do not ascend");
    refused(check(4 * WORD, (struct ter_slots){twice, 2, 0}, 0, none), "do not ascend");
    assert_null(check(4 * WORD, (struct ter_slots){last, 1, 0}, 0, none));
    refused(check(3 * WORD, (struct ter_slots){last, 1, 0}, 0, none), "outside");
    refused(check(0, none, 3 * WORD, (struct ter_slots){last, 1, 0}), "outside");
    refused(check(4 * WORD, (struct ter_slots){last, 1, 1}, 0, none), "a list and a bitmap");
}

static void bitmaps_are_checked(void **state)
{
    (void)state;
    refused(check(0, (struct ter_slots){.bitmap = 1}, 0, none), "outside");
    refused(check(63 * WORD, (struct ter_slots){.bitmap = UINT64_C(1) << 63}, 0, none), "outside");
    refused(check(0, none, 2 * WORD, (struct ter_slots){.bitmap = 4}), "outside");
    refused(check(WORD, (struct ter_slots){.count = 1, .bitmap = 1}, 0, none), "no list");
}

static void sizes_are_checked(void **state)
{
    static const uint32_t first[] = {0};

    (void)state;
    refused(check(WORD + 1, none, 0, none), "whole number of words");
    refused(check(0, none, WORD / 2, none), "whole number of words");
    refused(check(WORD, none, 0, (struct ter_slots){.bitmap = 1}), "no size");
    refused(check(WORD, none, 0, (struct ter_slots){first, 1, 0}), "no size");
}

static void see_nothing(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context, (void)trace, (void)object, (void)bytes;
}

static void kinds_are_checked(void **state)
{
    static const struct ter_object_layout empty, wrong = {.header_bytes = 1};
    struct ter_kind kind = {.scan = TER_SCAN_LAYOUT, .zeroed = true};

    (void)state;
    refused(ter_kind_check(&kind), "no layout");
    kind.layout = &wrong;
    refused(ter_kind_check(&kind), "whole number of words");
    kind.layout = &empty;
    assert_null(ter_kind_check(&kind));
    kind.zeroed = false;
    refused(ter_kind_check(&kind), "begin as zero");
    kind.scan = TER_SCAN_VISITOR;
    refused(ter_kind_check(&kind), "no visitor");
    kind.visitor = see_nothing;
    assert_null(ter_kind_check(&kind));
    assert_null(ter_kind_check(&(struct ter_kind){.scan = TER_SCAN_NONE}));
    assert_null(ter_kind_check(&(struct ter_kind){.scan = TER_SCAN_AMBIGUOUS}));
}

static void uninitialized_memory_is_cleared_for(enum ter_scan scan, bool wanted)
{
    struct ter_kind kind = {.scan = scan};

    assert_int_equal(ter_kind_trusts_contents(&kind), wanted);
}

static void trust_in_contents(void **state)
{
    (void)state;
    uninitialized_memory_is_cleared_for(TER_SCAN_NONE, false);
    uninitialized_memory_is_cleared_for(TER_SCAN_AMBIGUOUS, false);
    uninitialized_memory_is_cleared_for(TER_SCAN_LAYOUT, true);
    uninitialized_memory_is_cleared_for(TER_SCAN_VISITOR, true);
}

/* ---- Cursors and slots ---- */

static void finds(const struct ter_slots *slots, const size_t *words, size_t count)
{
    struct ter_slot_cursor cursor = ter_slot_cursor_at(slots);
    size_t offset;

    for (size_t i = 0; i < count; i++) {
        assert_true(ter_slot_cursor_next(&cursor, WORD, &offset));
        assert_int_equal(offset, words[i] * WORD);
    }
    assert_false(ter_slot_cursor_next(&cursor, WORD, &offset));
    assert_false(ter_slot_cursor_next(&cursor, WORD, &offset));
}

static void cursors_find_all_slots(void **state)
{
    static const uint32_t offsets[] = {WORD, 100 * WORD};
    static const size_t some[] = {0, 5, 63}, listed[] = {1, 100};
    size_t all[64];

    (void)state;
    for (size_t i = 0; i < 64; i++)
        all[i] = i;
    finds(&none, all, 0);
    finds(&(struct ter_slots){.bitmap = UINT64_MAX}, all, 64);
    finds(&(struct ter_slots){.bitmap = 1 | UINT64_C(1) << 5 | UINT64_C(1) << 63}, some, 3);
    finds(&(struct ter_slots){offsets, 2, 0}, listed, 2);
    finds(&(struct ter_slots){offsets, 0, 0}, listed, 0);
}

static void slots_are_loaded_and_stored(void **state)
{
    uintptr_t words[3] = {1, 16, 3};
    ter_slot slot = ter_slot_at((uintptr_t)&words[1]);

    (void)state;
    assert_int_equal(ter_slot_load(slot).bits, 16);
    ter_slot_store(slot, ter_object_at(48));
    assert_int_equal(ter_slot_load(slot).bits, 48);
    ter_slot_store(slot, ter_object_none());
    assert_true(ter_object_is_none(ter_slot_load(slot)));
    assert_int_equal(words[0], 1);
    assert_int_equal(words[2], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_are_accepted),   cmocka_unit_test(offsets_are_checked),
        cmocka_unit_test(bitmaps_are_checked),    cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(kinds_are_checked),      cmocka_unit_test(trust_in_contents),
        cmocka_unit_test(cursors_find_all_slots), cmocka_unit_test(slots_are_loaded_and_stored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
