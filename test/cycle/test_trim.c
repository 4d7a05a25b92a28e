/* SPDX-License-Identifier: MIT */
/* When free memory goes back: the rule by itself, and a heap that shrinks in every form of map. */
#include "heap/heap.h"

#include <terrier/terrier.h>

#include "small_heap.h"
#include "support.h"

static struct ter_accounting accounting_of(size_t mapped, size_t used, size_t clean)
{
    struct ter_accounting accounting = {0};

    ter_accounting_add_mapped(&accounting, mapped);
    ter_accounting_add(&accounting, used);
    ter_accounting_add_clean(&accounting, clean);
    return accounting;
}

static void keeps_what_is_needed_again(void **state)
{
    struct ter_accounting accounting = accounting_of(TER_MIB(64), TER_MIB(8), TER_MIB(6));
    struct ter_trim trim = {.enabled = true};

    (void)state;
    ter_trim_begin(&trim, &accounting);
    assert_int_equal(ter_trim_surplus(&trim, &accounting, SIZE_MAX / 2, 0), TER_MIB(50));
    ter_trim_note(&trim, TER_MIB(20));
    assert_int_equal(ter_trim_surplus(&trim, &accounting, SIZE_MAX / 2, 0), TER_MIB(30));
    for (unsigned i = 1; i < TER_TRIM_INTERVALS; i++) {
        ter_trim_note(&trim, TER_MIB(1));
        assert_int_equal(ter_trim_surplus(&trim, &accounting, SIZE_MAX / 2, 0), TER_MIB(30));
    }
    /* The busy interval is forgotten. */
    ter_trim_note(&trim, TER_MIB(2));
    assert_int_equal(ter_trim_surplus(&trim, &accounting, SIZE_MAX / 2, 0), TER_MIB(48));
    ter_trim_note(&trim, TER_MIB(50));
    assert_int_equal(ter_trim_surplus(&trim, &accounting, SIZE_MAX / 2, 0), 0);
    /* The plan knows that it will not grow so far. */
    assert_int_equal(ter_trim_surplus(&trim, &accounting, TER_MIB(12), TER_MIB(1)), TER_MIB(37));
}

static void little_is_not_worth_it(void **state)
{
    struct ter_accounting small = accounting_of(TER_MIB(4), TER_MIB(3) + 1, 0);
    struct ter_accounting enough = accounting_of(TER_MIB(4), TER_MIB(3), 0);
    struct ter_accounting share = accounting_of(TER_MIB(124), TER_MIB(100), 0);
    struct ter_trim trim = {.enabled = true};

    (void)state;
    ter_trim_begin(&trim, &share);
    assert_int_equal(ter_trim_surplus(&trim, &small, SIZE_MAX / 2, 0), 0);
    assert_int_equal(ter_trim_surplus(&trim, &enough, SIZE_MAX / 2, 0), TER_MIB(1));
    assert_int_equal(ter_trim_surplus(&trim, &share, SIZE_MAX / 2, 0), 0);
}

/* A collection that came since the limit was reached: the next interval needs all of it again. */
static void keeps_what_had_a_use_before(void **state)
{
    struct ter_accounting full = accounting_of(TER_MIB(64), TER_MIB(61), TER_MIB(2));
    struct ter_accounting after = accounting_of(TER_MIB(64), TER_MIB(8), TER_MIB(2));
    struct ter_accounting part = accounting_of(TER_MIB(64), TER_MIB(50), TER_MIB(2));
    struct ter_trim trim = {.enabled = true};

    (void)state;
    ter_trim_begin(&trim, &full);
    assert_int_equal(ter_trim_surplus(&trim, &after, SIZE_MAX / 2, 0), 0);
    ter_trim_begin(&trim, &part);
    assert_int_equal(ter_trim_surplus(&trim, &after, SIZE_MAX / 2, 0), TER_MIB(12));
    ter_trim_begin(&trim, &after);
    assert_int_equal(ter_trim_surplus(&trim, &after, SIZE_MAX / 2, 0), TER_MIB(54));
}

static void no_more_than_the_limit(void **state)
{
    /* 50 MiB have memory, 30 of them are used. */
    struct ter_accounting accounting = accounting_of(TER_MIB(64), TER_MIB(30), TER_MIB(14));
    struct ter_trim trim = {.enabled = true};

    (void)state;
    accounting.limit_bytes = TER_MIB(49) + 1;
    assert_int_equal(ter_trim_excess(&trim, &accounting), 0);
    accounting.limit_bytes = TER_MIB(49);
    assert_int_equal(ter_trim_excess(&trim, &accounting), TER_MIB(1));
    accounting.limit_bytes = TER_MIB(40);
    assert_int_equal(ter_trim_excess(&trim, &accounting), TER_MIB(10));
    ter_accounting_add_foreign(&accounting, TER_MIB(3));
    assert_int_equal(ter_trim_excess(&trim, &accounting), TER_MIB(13));
    /* What is used stays. */
    accounting.limit_bytes = TER_MIB(10);
    assert_int_equal(ter_trim_excess(&trim, &accounting), TER_MIB(20));
    accounting = accounting_of(TER_MIB(30), TER_MIB(30), 0);
    assert_int_equal(ter_trim_excess(&trim, &accounting), 0);
}

/* A limit that comes down may come up again: what it was lately holds. */
static void no_more_than_the_limit_was_lately(void **state)
{
    struct ter_accounting accounting = accounting_of(TER_MIB(64), TER_MIB(20), TER_MIB(14));
    struct ter_trim trim = {.enabled = true};

    (void)state;
    accounting.limit_bytes = TER_MIB(30);
    ter_trim_note_limit(&trim, TER_MIB(50));
    for (unsigned i = 1; i < TER_TRIM_INTERVALS; i++) {
        ter_trim_note_limit(&trim, TER_MIB(30));
        assert_int_equal(ter_trim_excess(&trim, &accounting), 0);
    }
    ter_trim_note_limit(&trim, TER_MIB(30));
    assert_int_equal(ter_trim_excess(&trim, &accounting), TER_MIB(20));
}

/*
 * Without the stack: these lists are so large that where addresses have 32 bits each word there
 * that holds anything keeps a part of one in some runs of a hundred.
 */
static void init(struct small_heap *small, const char *options)
{
    char text[160];

    snprintf(text, sizeof text, "stacks=exact,%s", options);
    small_heap_init(small, text);
}

static size_t resident(const struct small_heap *small)
{
    struct ter_statistics statistics = small_heap_statistics(small);

    return (size_t)(statistics.mapped_bytes - statistics.clean_bytes);
}

/* Free memory of one space goes back when another grows, with no collection between. */
static void one_space_for_another(void **state)
{
    struct small_heap small;
    struct ter_statistics before, after;

    (void)state;
    /* What is allocated in one interval the rule for after collections keeps. */
    init(&small, "plan=mark-sweep,heap_initial=33554432");
    small_heap_list_at(&small, 0, 200, 100000);
    small_heap_collect_now(&small);
    small.roots[0] = NULL;
    small_heap_collect_now(&small);
    before = small_heap_statistics(&small);
    assert_true(resident(&small) > TER_MIB(16));
    small_heap_list_at(&small, 0, 100000, 200);
    after = small_heap_statistics(&small);
    assert_int_equal(after.collections, before.collections);
    assert_true(after.used_bytes > before.used_bytes + TER_MIB(10));
    assert_true(resident(&small) < after.heap_limit_bytes + TER_MIB(2));
    small_heap_fini(&small);
}

/* Blocks that had memory ahead, and no use before a trim that leaves most as it is. */
static void what_was_ahead(void **state)
{
    struct small_heap small;
    const struct ter_sft *owner;

    (void)state;
    init(&small, "heap_initial=64M");
    small_heap_list_at(&small, 0, 240000, 200);
    ter_spaces_trim(&small.heap->collector, 1);
    for (unsigned i = 0; i < 4000; i++) {
        void *object = ter_allocate(small.mutator, TER_KIND_NORMAL, 64 + i % 8 * 100);

        owner = ter_heap_owner(small.heap, (uintptr_t)object);
        assert_true(owner->is_live(owner, ter_object_at((uintptr_t)object)));
    }
    small_heap_fini(&small);
}

static void fill(struct small_heap *small)
{
    small_heap_list_at(small, 0, 20000, 200);
    small_heap_list_at(small, 1, 40, 100000);
}

static void shrink(const char *options, bool gives_back)
{
    struct small_heap small;
    size_t full;

    init(&small, options);
    fill(&small);
    full = resident(&small);
    assert_true(full > TER_MIB(6));
    small.roots[0] = small.roots[1] = NULL;
    for (unsigned i = 0; i <= TER_TRIM_INTERVALS; i++)
        small_heap_collect_now(&small);
    if (gives_back)
        assert_true(resident(&small) < full / 4);
    else
        assert_true(resident(&small) > full / 2);
    if (!gives_back)
        assert_true(ter_heap_release_memory(small.heap) > full / 2);
    assert_true(resident(&small) < full / 4);
    /* And it comes again. */
    fill(&small);
    small_heap_collect_now(&small);
    small_heap_check_list(&small, small.roots[0], 20000);
    small_heap_check_list(&small, small.roots[1], 40);
    small_heap_fini(&small);
}

static void a_heap_that_shrinks(void **state)
{
    (void)state;
    shrink("sft_map=auto", true);
    shrink("sft_map=dense", true);
    shrink("sft_map=sparse", true);
    shrink("layout=32bit", true);
    shrink("give_back=0", false);
}

/* A list of which every so many-th object is kept, one to two pages. */
static void keep_some(struct small_heap *small, unsigned phase, size_t bytes)
{
    size_t each = 8192 / bytes + 1;
    void **object, **kept = NULL;

    small_heap_list_at(small, phase, TER_MIB(4) / bytes, bytes);
    object = small->roots[phase];
    for (size_t i = 0; object != NULL; i++) {
        void **next = *object;

        if (i % each == 0) {
            ter_write(small->mutator, object, object, kept);
            *object = kept;
            kept = object;
        }
        object = next;
    }
    small->roots[phase] = kept;
}

static void check_kept(const struct small_heap *small, unsigned phase, size_t bytes)
{
    size_t count = 0;

    for (void **object = small->roots[phase]; object != NULL; object = *object)
        count++;
    assert_int_equal(count, (TER_MIB(4) / bytes + 8192 / bytes) / (8192 / bytes + 1));
}

/* Phases with objects of one size each, of which a few stay: pages between those go back. */
static void pages_between_objects(const char *options, bool gives_back)
{
    enum { PHASES = 16 };
    struct small_heap small;
    size_t kept;

    init(&small, options);
    for (unsigned phase = 0; phase < PHASES; phase++) {
        keep_some(&small, phase, 32 + 48 * phase);
        small_heap_collect_now(&small);
    }
    for (unsigned i = 0; i < 4; i++)
        small_heap_collect_now(&small);
    /* Half of the pages have an object. */
    kept = PHASES * TER_MIB(4) / 2;
    assert_true(small_heap_statistics(&small).used_bytes > kept * 7 / 4);
    if (gives_back)
        assert_true(resident(&small) < kept * 5 / 4);
    else
        assert_true(resident(&small) > kept * 7 / 4);
    assert_int_equal(ter_heap_release_memory(small.heap) > TER_MIB(8), !gives_back);
    assert_true(resident(&small) < kept * 5 / 4);
    for (unsigned phase = 0; phase < PHASES; phase++)
        check_kept(&small, phase, 32 + 48 * phase);
    /* And they come again. */
    for (unsigned phase = 0; phase < PHASES; phase++)
        keep_some(&small, phase, 32 + 48 * phase);
    small_heap_collect_now(&small);
    for (unsigned phase = 0; phase < PHASES; phase++)
        check_kept(&small, phase, 32 + 48 * phase);
    small_heap_fini(&small);
}

static void a_heap_with_holes(void **state)
{
    (void)state;
    if (ter_os_page_size() > TER_KIB(4))
        skip();
    pages_between_objects("sft_map=auto", true);
    pages_between_objects("sft_map=sparse", true);
    pages_between_objects("layout=32bit", true);
    pages_between_objects("give_back=0", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_is_needed_again),
        cmocka_unit_test(little_is_not_worth_it),
        cmocka_unit_test(keeps_what_had_a_use_before),
        cmocka_unit_test(no_more_than_the_limit),
        cmocka_unit_test(no_more_than_the_limit_was_lately),
        cmocka_unit_test(one_space_for_another),
        cmocka_unit_test(a_heap_that_shrinks),
        cmocka_unit_test(a_heap_with_holes),
        cmocka_unit_test(what_was_ahead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
