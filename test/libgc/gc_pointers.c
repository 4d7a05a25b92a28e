/* SPDX-License-Identifier: MIT */
/* Checks of pointer arithmetic: what is right passes, what is wrong is reported once. */
#define GC_DEBUG
#include "check.h"

#include <gc/gc_mark.h>

static unsigned reports;

static void GC_CALLBACK report(void *pointer)
{
    (void)pointer;
    reports++;
}

static void GC_CALLBACK report_two(void *pointer, void *other)
{
    (void)pointer, (void)other;
    reports++;
}

#define PASSES(call, result)                                                                       \
    do {                                                                                           \
        void *wanted_result = (result);                                                            \
        reports = 0;                                                                               \
        EXPECT((void *)(call) == wanted_result, "the result");                                     \
        EXPECT(reports == 0, "%u reports", reports);                                               \
    } while (0)

#define IS_REPORTED(call)                                                                          \
    do {                                                                                           \
        reports = 0;                                                                               \
        (void)(call);                                                                              \
        EXPECT(reports == 1, "%u reports", reports);                                               \
    } while (0)

static char in_static[64] __attribute__((aligned(16)));

static void test_same(char *object, char *other)
{
    PASSES(GC_same_obj(object, object + 99), object);
    PASSES(GC_same_obj(object + 100, object), object + 100);
    PASSES(GC_same_obj(in_static, in_static + 5), in_static);
    IS_REPORTED(GC_same_obj(object, other));
    IS_REPORTED(GC_same_obj(object, in_static));
    IS_REPORTED(GC_same_obj(in_static, object));
}

static void test_steps(char *object)
{
    void *pointer = object;
    uintptr_t *words = (uintptr_t *)object;

    PASSES(GC_pre_incr(&pointer, 8), object + 8);
    PASSES(GC_post_incr(&pointer, 8), object + 8);
    PASSES(pointer, object + 16);
    PASSES(GC_post_incr(&pointer, -16), object + 16);
    PASSES(pointer, object);
    IS_REPORTED(GC_pre_incr(&pointer, 100000));
    PASSES(GC_PTR_ADD(words, 3), object + 24);
    PASSES(GC_PRE_INCR(words, 2), object + 16);
    PASSES(GC_POST_INCR(words), object + 16);
    PASSES(GC_POST_DECR(words), object + 24);
    PASSES(words, object + 16);
}

static void test_visible(char *object)
{
    void *on_stack = NULL, *atomic = GC_malloc_atomic(100);

    PASSES(GC_is_visible(object + 8), object + 8);
    PASSES(GC_is_visible(in_static), in_static);
    PASSES(GC_is_visible(&on_stack), &on_stack);
    PASSES(GC_is_visible(atomic), atomic);
    IS_REPORTED(GC_is_visible(object + 3));
    PASSES(GC_is_valid_displacement(object), object);
    PASSES(GC_is_valid_displacement(object + 5), object + 5);
    PASSES(GC_is_valid_displacement(in_static + 5), in_static + 5);
    PASSES(GC_is_valid_displacement(NULL), NULL);
}

static void test_stores(void **object, char *value)
{
    GC_ptr_store_and_dirty(&object[1], value);
    EXPECT(object[1] == value, "%p", object[1]);
    reports = 0;
    GC_debug_ptr_store_and_dirty(&object[2], value);
    EXPECT(object[2] == value && reports == 0, "%p", object[2]);
    GC_PTR_STORE_AND_DIRTY(&object[3], value);
    EXPECT(object[3] == value && reports == 0, "%p", object[3]);
    GC_PTR_STORE(&object[4], value);
    EXPECT(object[4] == value && reports == 0, "%p", object[4]);
    GC_END_STUBBORN_CHANGE(object);
    GC_end_stubborn_change(object);
    IS_REPORTED((GC_debug_ptr_store_and_dirty((char *)object + 33, value), 0));
}

int main(void)
{
    char *object, *other;

    GC_INIT();
    object = GC_malloc(100);
    other = GC_malloc(5000);
    GC_same_obj_print_proc = report_two;
    GC_is_visible_print_proc = report;
    GC_is_valid_displacement_print_proc = report;
    test_same(object, other);
    test_steps(object);
    test_visible(object);
    test_stores((void **)object, other);
    EXPECT(GC_clear_stack(object) == object, "GC_clear_stack");
    return check_end();
}
