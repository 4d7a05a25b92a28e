/* SPDX-License-Identifier: MIT */
/*
 * Threads that allocate inline while others stop them by signals, wherever they are: each object
 * has its kind and reads zero from the first moment on, nothing that a stopped thread holds is
 * lost, and no object is given out twice. Under every plan that collects.
 */
#include <terrier/fast.h>
#include <terrier/terrier.h>

#include "heap/heap.h"
#include "small_heap.h"
#include "support.h"

#include <pthread.h>

enum { THREADS = 3, LENGTH = 200 };

struct leaf {
    uintptr_t words[3];
};

struct node {
    struct node *next;
    struct leaf *leaf;
    void **words; /* an object of ambiguous words */
    uintptr_t number, zeros[4];
};

static struct small_heap small;
static unsigned node_kind, leaf_kind;
static _Atomic unsigned at_work;

/* ---- Objects ---- */

static bool is_zero(const void *object, size_t bytes)
{
    const unsigned char *byte = object;

    for (size_t i = 0; i < bytes; i++)
        if (byte[i] != 0)
            return false;
    return true;
}

static void check_new(const void *object, size_t bytes, unsigned kind)
{
    assert_non_null(object);
    assert_true(is_zero(object, bytes));
    assert_int_equal(ter_object_kind(small.heap, object), kind);
}

/* `number` differs between all objects of all threads at one time. */
static struct node *make_node(struct ter_mutator *mutator, struct node *next, uintptr_t number)
{
    struct leaf *leaf = TER_NEW(mutator, leaf_kind, struct leaf);
    struct node *node;
    void **words;

    check_new(leaf, sizeof *leaf, leaf_kind);
    for (size_t i = 0; i < TER_ARRAY_LENGTH(leaf->words); i++)
        leaf->words[i] = number + i;
    words = TER_NEW(mutator, TER_KIND_NORMAL, void *);
    check_new(words, sizeof *words, TER_KIND_NORMAL);
    TER_STORE(mutator, words, words[0], (void *)leaf);
    node = TER_NEW(mutator, node_kind, struct node);
    check_new(node, sizeof *node, node_kind);
    node->number = number;
    TER_STORE(mutator, node, node->leaf, leaf);
    TER_STORE(mutator, node, node->words, words);
    TER_STORE(mutator, node, node->next, next);
    return node;
}

static void check_node(const struct node *node, uintptr_t number)
{
    assert_int_equal(ter_object_kind(small.heap, node), node_kind);
    assert_int_equal(ter_object_kind(small.heap, node->leaf), leaf_kind);
    assert_int_equal(ter_object_kind(small.heap, node->words), TER_KIND_NORMAL);
    assert_int_equal(node->number, number);
    assert_ptr_equal(node->words[0], node->leaf);
    assert_true(is_zero(node->zeros, sizeof node->zeros));
    for (size_t i = 0; i < TER_ARRAY_LENGTH(node->leaf->words); i++)
        assert_int_equal(node->leaf->words[i], number + i);
}

static TER_NOINLINE void build_and_check(struct ter_mutator *mutator, uintptr_t number)
{
    struct node *list = NULL;

    for (uintptr_t i = 0; i < LENGTH; i++)
        list = make_node(mutator, list, number + 4 * i);
    for (uintptr_t i = LENGTH; i-- > 0; list = list->next)
        check_node(list, number + 4 * i);
    assert_null(list);
}

/* ---- Threads ---- */

static unsigned rounds(void)
{
    return small_heap_has_own_pages(&small) ? 2 : test_count_not_below(30, 2);
}

static void *work(void *context)
{
    uintptr_t number = (uintptr_t)context * (1u << 24);
    struct ter_mutator *mutator;

    assert_int_equal(ter_mutator_bind(small.heap, &mutator), TER_OK);
    for (unsigned i = 0; i < rounds(); i++) {
        build_and_check(mutator, number + i * 4 * LENGTH);
        if (i % 8 == 0)
            ter_collect(mutator);
    }
    ter_mutator_unbind(mutator);
    at_work--;
    return NULL;
}

static void *join(void *thread)
{
    pthread_join(*(pthread_t *)thread, NULL);
    return NULL;
}

static void stop_them(void)
{
    pthread_t threads[THREADS];
    uint64_t before = small_heap_statistics(&small).collections;

    at_work = THREADS;
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)(i + 1)), 0);
    for (unsigned i = 0; at_work != 0; i++) {
        ter_collect(small.mutator);
        build_and_check(small.mutator, i * 4 * LENGTH % (1u << 24));
    }
    for (unsigned i = 0; i < THREADS; i++)
        ter_mutator_outside(small.mutator, join, &threads[i]);
    assert_true(small_heap_statistics(&small).collections > before + THREADS);
}

static void open_heap(const char *options)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(struct node),
                                                    .header = {.bitmap = 7}};
    const struct ter_kind_description node = {.name = "node", .layout = &layout};
    const struct ter_kind_description leaf = {.name = "leaf", .flags = TER_KIND_NO_SLOTS};

    small_heap_init(&small, options);
    assert_int_equal(ter_kind_define(small.heap, &node, &node_kind), TER_OK);
    assert_int_equal(ter_kind_define(small.heap, &leaf, &leaf_kind), TER_OK);
}

static void close_heap(void)
{
    test_check_spaces(small.heap);
    small_heap_fini(&small);
}

static void threads_are_stopped_while_they_allocate(void **state)
{
    small_heap_try_plans(test_plan_collects, *state, open_heap, stop_them, close_heap);
}

#define WITH(options)                                                                              \
    {                                                                                              \
#options, threads_are_stopped_while_they_allocate, NULL, NULL, options                     \
    }

int main(void)
{
    char signals[] = "stop=signals", with_barriers[] = "stop=signals,barriers=1",
         with_workers[] = "stop=signals,markers=2";
    const struct CMUnitTest tests[] = {WITH(signals), WITH(with_barriers), WITH(with_workers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
