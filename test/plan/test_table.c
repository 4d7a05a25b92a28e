/* SPDX-License-Identifier: MIT */
/*
 * The table of plans: what the option takes, that every record serves everything once, and that the
 * spaces of each answer for any word what they answer when all objects are visited.
 */
#include "heap/heap.h"

#include "small_heap.h"

#include <stdlib.h>

static void the_option_takes_the_names_of_the_table(void **state)
{
    struct ter_options options;
    char message[256] = "";

    (void)state;
    ter_options_init(&options);
    assert_string_equal(options.plan, "auto");
    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        assert_int_equal(ter_options_set(&options, "plan", ter_plans[i].name, NULL, 0), TER_OK);
        assert_ptr_equal(ter_plan_named(options.plan), ter_plans[i].plan);
    }
    assert_int_equal(ter_options_set(&options, "plan", "none such", message, sizeof message),
                     TER_ERROR_INVALID);
    for (size_t i = 0; i < TER_PLAN_COUNT; i++)
        assert_non_null(strstr(message, ter_plans[i].name));
    assert_int_equal(ter_options_set(&options, "plan", "", NULL, 0), TER_ERROR_INVALID);
    assert_int_equal(ter_options_set(&options, "plan", "|", NULL, 0), TER_ERROR_INVALID);
    assert_null(ter_plan_named("none such"));
}

static void find_help(void *context, const char *name, const char *default_value, const char *help)
{
    const char **found = context;

    (void)default_value;
    if (strcmp(name, "plan") == 0)
        *found = help;
}

static void the_help_tells_of_each(void **state)
{
    const char *help = NULL;

    (void)state;
    ter_options_for_each(find_help, &help);
    assert_non_null(help);
    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        assert_non_null(strstr(help, ter_plans[i].name));
        assert_non_null(strstr(help, ter_plans[i].help));
    }
}

static void everything_is_served_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        const struct ter_plan *plan = ter_plans[i].plan;
        unsigned served = 0;

        assert_in_range(plan->space_count, 1, TER_MOST_SPACES - 2);
        for (unsigned k = 0; k < plan->space_count; k++) {
            assert_true(plan->spaces[k].policy->in_layout);
            assert_int_equal(served & plan->spaces[k].serves, 0);
            served |= plan->spaces[k].serves;
        }
        served &= ~(unsigned)TER_SERVES_FIXED; /* that is apart in some */
        assert_int_equal(served, TER_SERVES_SMALL | TER_SERVES_UNCOLLECTABLE | TER_SERVES_LARGE);
    }
}

/* ---- Every word ---- */

/* In address order, by what visits all objects. */
struct seen {
    uintptr_t object;
    size_t bytes;
    const struct ter_kind *kind;
};

struct all_seen {
    struct seen *each;
    size_t count, room;
};

static void note_object(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    struct all_seen *all = context;

    if (all->count == all->room) {
        all->room = 2 * all->room + 1000;
        all->each = realloc(all->each, all->room * sizeof(*all->each));
        assert_non_null(all->each);
    }
    all->each[all->count++] = (struct seen){object, bytes, kind};
}

static int compare_seen(const void *left, const void *right)
{
    const struct seen *a = left, *b = right;

    return (a->object > b->object) - (a->object < b->object);
}

static void check_object_answers(const struct ter_space *space, const struct seen *seen)
{
    const struct ter_policy *policy = space->policy;
    ter_object object = ter_object_at(seen->object);

    assert_int_equal(seen->object % TER_BYTES_IN_GRANULE, 0);
    assert_int_equal(policy->object_bytes(space, seen->object), seen->bytes);
    assert_ptr_equal(&space->kinds[policy->object_kind(space, seen->object)], seen->kind);
    assert_true(space->sft.is_live(&space->sft, object));
    assert_true(space->sft.is_in_space(&space->sft, seen->object));
}

/* `seen` is the object that covers the word; NULL: none does. */
static void check_word_answers(const struct ter_space *space, const struct seen *seen,
                               uintptr_t word)
{
    const struct ter_sft *sft = &space->sft;
    uintptr_t around = seen == NULL ? 0 : seen->object, exact = around == word ? word : 0;

    if (sft->find_object_from_interior(sft, word).bits != around ||
        sft->find_object(sft, word).bits != exact)
        fail_msg("%s: not the object %#zx is found from %#zx", sft->name, (size_t)around,
                 (size_t)word);
    if (exact == 0 && sft->is_live(sft, ter_object_at(word)))
        fail_msg("%s: %#zx is live and no object", sft->name, (size_t)word);
}

static bool is_behind(const struct seen *seen, uintptr_t word)
{
    return word > seen->object && word - seen->object >= seen->bytes;
}

/* The first and the last byte of every granule of the space's memory, and its edges. */
static void check_every_word(const struct ter_space *space, const struct all_seen *all)
{
    size_t next = 0;
    uintptr_t end = 0, start;

    while ((start = ter_range_next(&space->range, space->arena, end, &end)) != 0) {
        check_word_answers(space, NULL, end);
        for (uintptr_t word = start; word < end; word += TER_BYTES_IN_GRANULE) {
            const struct seen *seen = NULL;

            while (next < all->count && is_behind(&all->each[next], word))
                next++;
            if (next < all->count && all->each[next].object <= word)
                seen = &all->each[next];
            for (size_t byte = 0; byte < TER_BYTES_IN_GRANULE; byte += TER_BYTES_IN_GRANULE - 1)
                check_word_answers(space, seen, word + byte);
        }
    }
}

static void check_answers(struct ter_collector *collector)
{
    for (unsigned i = 0; i < collector->space_count; i++) {
        const struct ter_space *space = collector->spaces[i].space;
        struct all_seen all = {NULL, 0, 0};

        if (!space->policy->in_layout)
            continue;
        space->policy->for_each(space, note_object, &all);
        if (all.count > 0)
            qsort(all.each, all.count, sizeof(*all.each), compare_seen);
        for (size_t k = 0; k < all.count; k++) {
            check_object_answers(space, &all.each[k]);
            if (k > 0)
                assert_in_range(all.each[k - 1].object + all.each[k - 1].bytes, 1,
                                all.each[k].object);
        }
        check_every_word(space, &all);
        free(all.each);
    }
}

/* ---- Use ---- */

static void check_at_rest(struct small_heap *small)
{
    struct ter_collector *collector = &small->heap->collector;

    ter_allocator_lock(&collector->allocator);
    assert_int_equal(ter_collector_check(collector), TER_OK);
    check_answers(collector);
    ter_allocator_unlock(&collector->allocator);
}

/* A heap of each plan, at rest after some use, agrees with itself. */
static void use_and_check(const char *name, const char *more)
{
    char options[128];
    struct small_heap small;

    snprintf(options, sizeof options, "plan=%s%s", name, more);
    small_heap_init(&small, options);
    for (size_t i = 0; i < 2000; i++) {
        void *object = ter_allocate(small.mutator, (unsigned)(i % 4), 1 + i * 7 % 20000);

        assert_non_null(object);
        if (i < SMALL_ROOTS)
            small.roots[i] = object;
        else if (i % 3 == 0)
            ter_free(small.mutator, object);
    }
    check_at_rest(&small);
    small_heap_collect(&small);
    check_at_rest(&small);
    small_heap_fini(&small);
}

static void every_plan_agrees_with_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        use_and_check(ter_plans[i].name, "");
        use_and_check(ter_plans[i].name, ",stress=50");
        use_and_check(ter_plans[i].name, ",objects=malloc,vm_space=1");
        use_and_check(ter_plans[i].name, sizeof(void *) == 8 ? ",layout=32bit" : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_option_takes_the_names_of_the_table),
        cmocka_unit_test(the_help_tells_of_each),
        cmocka_unit_test(everything_is_served_once),
        cmocka_unit_test(every_plan_agrees_with_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
