/* SPDX-License-Identifier: MIT */
/* The table of plans: what the option takes, and that every record serves everything once. */
#include "heap/heap.h"

#include "small_heap.h"

static void the_option_takes_the_names_of_the_table(void **state)
{
    struct ter_options options;
    char message[256] = "";

    (void)state;
    ter_options_init(&options);
    assert_string_equal(options.plan, ter_plans[0].name);
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
        assert_int_equal(served, TER_SERVES_SMALL | TER_SERVES_UNCOLLECTABLE | TER_SERVES_LARGE);
    }
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
    ter_allocator_lock(&small.heap->collector.allocator);
    assert_int_equal(ter_collector_check(&small.heap->collector), TER_OK);
    ter_allocator_unlock(&small.heap->collector.allocator);
    small_heap_collect(&small);
    ter_allocator_lock(&small.heap->collector.allocator);
    assert_int_equal(ter_collector_check(&small.heap->collector), TER_OK);
    ter_allocator_unlock(&small.heap->collector.allocator);
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
