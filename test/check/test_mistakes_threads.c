/* SPDX-License-Identifier: MIT */
/* Planted mistakes with mutators and threads. */
#include "mistakes.h"

#include <pthread.h>

#define WALK "check_heap=1,poison=1,origins=1"

static void use_after_unbind(void)
{
    struct ter_mutator *mutator = embedder.mutator;

    if (!embedder.wrong)
        make_pair(1);
    ter_mutator_unbind(mutator);
    embedder.mutator = NULL;
    if (embedder.wrong)
        ter_allocate(mutator, TER_KIND_NORMAL, 16);
}

static void *allocate_here(void *mutator)
{
    ter_allocate(mutator, embedder.pair_kind, sizeof(struct pair));
    return NULL;
}

static void *bind_and_allocate(void *unused)
{
    struct ter_mutator *mutator;

    (void)unused;
    assert_int_equal(ter_mutator_bind(embedder.heap, &mutator), TER_OK);
    allocate_here(mutator);
    ter_mutator_unbind(mutator);
    return NULL;
}

static void of_another_thread(void)
{
    pthread_t thread;

    make_pair(1);
    assert_int_equal(pthread_create(&thread, NULL,
                                    embedder.wrong ? allocate_here : bind_and_allocate,
                                    embedder.mutator),
                     0);
    pthread_join(thread, NULL);
}

static void enters_twice(void)
{
    ter_mutator_leave(embedder.mutator);
    ter_mutator_enter(embedder.mutator);
    if (embedder.wrong)
        ter_mutator_enter(embedder.mutator);
}

static void leaves_twice(void)
{
    ter_mutator_leave(embedder.mutator);
    if (embedder.wrong)
        ter_mutator_leave(embedder.mutator);
    ter_mutator_enter(embedder.mutator);
}

static void allocates_outside(void)
{
    ter_mutator_leave(embedder.mutator);
    if (!embedder.wrong)
        ter_mutator_enter(embedder.mutator);
    make_pair(1);
    if (embedder.wrong)
        ter_mutator_enter(embedder.mutator);
}

static void heap_ends_while_bound(void)
{
    if (!embedder.wrong)
        return;
    ter_heap_free(embedder.heap);
}

static const struct mistake mistakes[] = {
    {"use after unbind",
     use_after_unbind,
     "",
     {"ter_allocate: mutator", "was unbound before"},
     MISTAKE_ANY},
    {"mutator of another thread",
     of_another_thread,
     WALK,
     {"belongs to another thread", "ter_mutator_bind", "ter_mutator_attach"},
     MISTAKE_ANY},
    {"enters twice",
     enters_twice,
     "",
     {"ter_mutator_enter: mutator", "is not outside"},
     MISTAKE_ANY},
    {"leaves twice",
     leaves_twice,
     "",
     {"ter_mutator_leave: mutator", "is outside the heap"},
     MISTAKE_ANY},
    {"allocates outside",
     allocates_outside,
     "",
     {"ter_allocate: mutator", "ter_mutator_leave"},
     MISTAKE_ANY},
    {"heap ends while bound", heap_ends_while_bound, "", {"while a mutator is bound"}, MISTAKE_ANY},
};

static void each_is_found(void **state)
{
    (void)state;
    test_mistakes(mistakes, TER_ARRAY_LENGTH(mistakes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_found)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
