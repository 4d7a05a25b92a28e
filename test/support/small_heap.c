/* SPDX-License-Identifier: MIT */
#include "small_heap.h"

#include "heap/heap.h"

#include <sys/mman.h>

#define ROOTS_BYTES (SMALL_ROOTS * sizeof(void *))

void test_parse_options(struct ter_options *options, const char *text)
{
    char copy[512], *layout;

    assert_true(strlen(text) < sizeof copy);
    strcpy(copy, text);
    layout = sizeof(uintptr_t) < 8 ? strstr(copy, "layout=small") : NULL;
    if (layout != NULL)
        memcpy(layout, "layout=32bit", strlen("layout=32bit"));
    assert_int_equal(ter_options_parse(options, copy, NULL, 0), TER_OK);
}

bool test_is_too_large(const char *preset, size_t gib)
{
    struct ter_layout layout;

    return test_is_emulated() && ter_layout_find_preset(preset, &layout) &&
           ter_layout_heap_bytes(&layout) >> 20 > gib << 10;
}

void test_check_spaces(struct ter_heap *heap)
{
    ter_allocator_lock(&heap->collector.allocator);
    assert_int_equal(ter_collector_check(&heap->collector), TER_OK);
    ter_allocator_unlock(&heap->collector.allocator);
}

void small_heap_init(struct small_heap *small, const char *text)
{
    struct ter_options options;

    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, "scan_program=0,scan_libraries=0", NULL, 0), 0);
    test_parse_options(&options, text);
    assert_int_equal(ter_heap_new(&options, &small->heap), TER_OK);
    assert_int_equal(ter_mutator_bind(small->heap, &small->mutator), TER_OK);
    /* Not from malloc, which may keep memory for later: tests count what stays mapped. */
    small->roots =
        mmap(NULL, ROOTS_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(small->roots, MAP_FAILED);
    assert_int_equal(ter_roots_add_range(small->heap, small->roots, small->roots + SMALL_ROOTS),
                     TER_OK);
}

void small_heap_fini(struct small_heap *small)
{
    ter_mutator_unbind(small->mutator);
    ter_heap_free(small->heap);
    munmap(small->roots, ROOTS_BYTES);
}

void small_heap_with_plans(struct small_heap *small, const char *options, void (*test)(void),
                           void (*after)(void))
{
    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        char text[160];

        snprintf(text, sizeof text, "plan=%s%s", ter_plans[i].name, options);
        print_message("with %s\n", text);
        small_heap_init(small, text);
        test();
        small_heap_fini(small);
        if (after != NULL)
            after();
    }
}

bool test_plan_has_young(const struct ter_plan *plan)
{
    return plan->barrier == TER_BARRIER_LOGGED;
}

bool test_plan_collects(const struct ter_plan *plan)
{
    return plan->loop != NULL;
}

void small_heap_try_plans(bool (*wanted)(const struct ter_plan *plan), const char *options,
                          void (*open)(const char *options), void (*test)(void),
                          void (*close)(void))
{
    unsigned plans = 0;

    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        char text[200];

        if (!wanted(ter_plans[i].plan))
            continue;
        snprintf(text, sizeof text, "plan=%s,%s", ter_plans[i].name, options);
        print_message("with %s\n", text);
        open(text);
        test();
        close();
        plans++;
    }
    assert_int_not_equal(plans, 0);
}

bool small_heap_never_collects(const struct small_heap *small)
{
    return small->heap->collector.plan->loop == NULL;
}

bool small_heap_has_own_pages(const struct small_heap *small)
{
    return small->heap->collector.spaces[0].space->policy->own_pages;
}

static TER_NOINLINE void collect(struct small_heap *small)
{
    ter_collect(small->mutator);
}

void small_heap_collect_now(struct small_heap *small)
{
    test_clear_stack();
    collect(small);
}

struct ter_statistics small_heap_statistics(const struct small_heap *small)
{
    struct ter_statistics statistics;

    ter_heap_statistics(small->heap, &statistics, sizeof statistics);
    return statistics;
}

TER_NOINLINE void *small_heap_list(struct small_heap *small, unsigned kind, size_t length,
                                   size_t bytes)
{
    void *volatile head = NULL;

    for (size_t i = length; i-- > 0;) {
        void **object = ter_allocate(small->mutator, kind, bytes);

        assert_non_null(object);
        object[0] = head;
        object[1] = (void *)i;
        head = object;
    }
    return head;
}

void small_heap_list_at(struct small_heap *small, unsigned root, size_t length, size_t bytes)
{
    small->roots[root] = NULL;
    for (size_t i = length; i-- > 0;) {
        void **object = ter_allocate(small->mutator, TER_KIND_NORMAL, bytes);

        assert_non_null(object);
        object[0] = small->roots[root];
        object[1] = (void *)i;
        small->roots[root] = object;
    }
}

TER_NOINLINE void small_heap_check_list(const struct small_heap *small, void *head, size_t length)
{
    void **object = head;

    for (size_t i = 0; i < length; i++) {
        assert_int_equal(ter_heap_find(small->heap, (uintptr_t)object).bits, (uintptr_t)object);
        assert_int_equal((uintptr_t)object[1], i);
        object = object[0];
    }
    assert_null(object);
}
