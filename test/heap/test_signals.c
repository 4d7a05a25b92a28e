/* SPDX-License-Identifier: MIT */
/*
 * A signal handler looks up addresses at any time: while the heap allocates, grows, collects, gives
 * memory back. It gets the right space or EMPTY, whole objects or none, and disturbs nothing.
 */
#include "heap/heap.h"

#include <terrier/terrier.h>

#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#include "small_heap.h"
#include "support.h"

static struct small_heap small;
static volatile sig_atomic_t signals, wrong;
static uintptr_t bait; /* a word to look up: near an object that may be gone */
static struct ter_random handler_random;

static void look_up(uintptr_t word)
{
    const struct ter_sft *owner = ter_heap_owner(small.heap, word);
    ter_object object = ter_heap_find(small.heap, word);

    if (owner->name == NULL || ter_sft_map_get(&small.heap->collector.arena.map, word) == NULL)
        wrong = 1;
    if (!ter_object_is_none(object) && (object.bits > word || ter_sft_is_empty(owner)))
        wrong = 2;
    if (owner->is_in_space(owner, word) && ter_heap_of_word(word) != small.heap)
        wrong = 3;
}

static void on_alarm(int number)
{
    int saved = errno;

    (void)number;
    signals++;
    look_up(__atomic_load_n(&bait, __ATOMIC_RELAXED) +
            (uintptr_t)ter_random_below(&handler_random, 65536));
    look_up((uintptr_t)ter_random_next(&handler_random));
    look_up((uintptr_t)&saved);
    errno = saved;
}

static void storm(const char *options)
{
    struct sigaction action = {.sa_handler = on_alarm}, before;
    struct itimerval fast = {{0, 50}, {0, 50}}, none = {{0, 0}, {0, 0}};

    signals = wrong = 0;
    handler_random = test_random();
    small_heap_init(&small, options);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &fast, NULL), 0);
    for (unsigned i = 0; i < test_iterations(60) || signals < 200; i++) {
        small.roots[i % 4] = small_heap_list(&small, TER_KIND_NORMAL, 300, 16 + i % 50 * 40);
        small.roots[5] = ter_allocate(small.mutator, TER_KIND_ATOMIC, 9000 + i % 7 * 100000);
        __atomic_store_n(&bait, (uintptr_t)small.roots[i % 6], __ATOMIC_RELAXED);
        if (i % 10 == 9)
            ter_heap_release_memory(small.heap);
        errno = 77;
        ter_collect(small.mutator);
        small_heap_check_list(&small, small.roots[i % 4], 300);
    }
    assert_int_equal(setitimer(ITIMER_REAL, &none, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_int_equal(wrong, 0);
    small_heap_fini(&small);
}

static void lookups_in_a_signal_handler(void **state)
{
    static const char *const sorts[] = {"", "sft_map=dense,layout=small", "layout=32bit",
                                        "markers=3,stress=50,layout=small"};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(sorts); i++)
        storm(sorts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lookups_in_a_signal_handler)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
