/* SPDX-License-Identifier: MIT */
/*
 * Exact roots of every form in a heap that scans no stack: frames, slots, visitors, pins. Each
 * keeps what it leads to and nothing else does, under a plan that collects.
 */
#include <terrier/terrier.h>

#include "heap/heap.h"
#include "support.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>

struct pair {
    struct pair *next;
    uintptr_t number;
};

static struct ter_heap *heap;
static struct ter_mutator *mutator;

static int make_heap(void **state)
{
    struct ter_options options;

    (void)state;
    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, "stacks=exact", NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    return 0;
}

static int free_heap(void **state)
{
    (void)state;
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    return 0;
}

static struct pair *make_pair(uintptr_t number)
{
    struct pair *pair = ter_allocate(mutator, TER_KIND_NORMAL, sizeof *pair);

    assert_non_null(pair);
    pair->number = number;
    return pair;
}

static bool is_there(const void *object)
{
    return ter_heap_find(heap, (uintptr_t)object).bits == (uintptr_t)object;
}

/* ---- Frames ---- */

static void test_a_frame_keeps_what_its_slots_name(void **state)
{
    struct pair *lost = make_pair(1);

    (void)state;
    {
        TER_FRAME(mutator, frame, 2);
        assert_null(frame.slots[0]);
        frame.slots[1] = make_pair(2);
        ((struct pair *)frame.slots[1])->next = make_pair(3);
        ter_collect(mutator);
        assert_false(is_there(lost));
        lost = frame.slots[1];
        assert_true(is_there(lost) && is_there(lost->next));
        assert_int_equal(lost->next->number, 3);
        TER_FRAME_END(mutator, frame);
    }
    assert_null(ter_frames_save(mutator));
    ter_collect(mutator);
    assert_false(is_there(lost));
}

static uintptr_t sum_down(unsigned depth)
{
    uintptr_t sum;

    TER_ROOTS(mutator, roots, struct pair * mine; struct pair * other;);
    roots.mine = make_pair(depth);
    roots.other = make_pair(depth + 1);
    sum = depth == 0 ? 0 : sum_down(depth - 1);
    if (depth % 16 == 0)
        ter_collect(mutator);
    sum += roots.mine->number + roots.other->number;
    TER_FRAME_END(mutator, roots);
    return sum;
}

static void test_frames_nest(void **state)
{
    (void)state;
    assert_int_equal(sum_down(99), 100 * 100);
    assert_null(ter_frames_save(mutator));
}

static jmp_buf far_out;

static void jump(void)
{
    longjmp(far_out, 1);
}

/* So that the compiler does not see that no call comes back. */
static void (*volatile jump_out)(void) = jump;

static TER_NOINLINE void push_and_jump(unsigned depth)
{
    TER_FRAME(mutator, frame, 1);
    frame.slots[0] = make_pair(depth);
    if (depth == 0)
        jump_out();
    else
        push_and_jump(depth - 1);
    TER_FRAME_END(mutator, frame);
}

static void test_a_jump_leaves_frames_behind(void **state)
{
    struct ter_frame *volatile saved;

    (void)state;
    TER_FRAME(mutator, frame, 1);
    frame.slots[0] = make_pair(7);
    saved = ter_frames_save(mutator);
    if (setjmp(far_out) == 0)
        push_and_jump(5);
    assert_ptr_not_equal(ter_frames_save(mutator), saved);
    ter_frames_restore(mutator, saved);
    ter_collect(mutator);
    assert_int_equal(((struct pair *)frame.slots[0])->number, 7);
    TER_FRAME_END(mutator, frame);
}

static void test_popping_an_outer_frame_pops_the_inner_ones(void **state)
{
    (void)state;
    TER_FRAME(mutator, outer, 1);
    TER_FRAME(mutator, inner, 1);
    assert_ptr_equal(ter_frames_save(mutator), &inner.frame);
    TER_FRAME_END(mutator, outer);
    assert_null(ter_frames_save(mutator));
}

static void test_pinning_frames_take_any_word(void **state)
{
    struct pair *pair = make_pair(4);

    (void)state;
    {
        TER_FRAME_AS(mutator, frame, 3, TER_ROOT_PINNING);
        frame.slots[0] = (void *)(uintptr_t)12345;
        frame.slots[1] = (char *)pair + 5;
        frame.slots[2] = (void *)UINTPTR_MAX;
        ter_collect(mutator);
        assert_true(is_there(pair));
        TER_FRAME_END(mutator, frame);
    }
    {
        TER_PIN(mutator, pin, pair);
        ter_collect(mutator);
        assert_true(is_there(pair));
        TER_PIN_END(mutator, pin);
    }
    ter_collect(mutator);
    assert_false(is_there(pair));
}

/* Tag 1 is a number, 2 and 0 are references. */
static void test_tagged_words(void **state)
{
    struct pair *pair = make_pair(8), *other = make_pair(9), *number = make_pair(10);
    static const struct ter_slot_type tags = {
        .form = TER_SLOTS_TAGGED, .mask = 3, .references = 1u << 2 | 1u};
    static const struct ter_slot_type wrong = {.form = TER_SLOTS_TAGGED, .mask = 16};
    static const struct ter_slot_type offsets = {.form = TER_SLOTS_OFFSET32};
    static const struct ter_slot_type plain = {.form = TER_SLOTS_PLAIN};

    (void)state;
    assert_int_equal(ter_roots_set_tags(heap, NULL), TER_ERROR_INVALID);
    assert_int_equal(ter_roots_set_tags(heap, &wrong), TER_ERROR_INVALID);
    assert_int_equal(ter_roots_set_tags(heap, &offsets), TER_ERROR_INVALID);
    assert_int_equal(ter_roots_set_tags(heap, &tags), TER_OK);
    TER_FRAME_AS(mutator, frame, 4, TER_ROOT_TAGGED);
    frame.slots[0] = (char *)pair + 2;
    frame.slots[1] = other;
    frame.slots[2] = (char *)number + 1;
    frame.slots[3] = (void *)(uintptr_t)2;
    ter_collect(mutator);
    assert_true(is_there(pair) && is_there(other));
    assert_false(is_there(number));
    assert_ptr_equal(frame.slots[0], (char *)pair + 2);
    assert_ptr_equal(frame.slots[3], (void *)(uintptr_t)2);
    TER_FRAME_END(mutator, frame);
    {
        TER_ROOTS_AS(mutator, roots, TER_ROOT_TAGGED, uintptr_t first; uintptr_t second;);
        roots.second = (uintptr_t)other + 2;
        ter_collect(mutator);
        assert_true(is_there(other));
        assert_int_equal(roots.first, 0);
        assert_int_equal(roots.second, (uintptr_t)other + 2);
        TER_FRAME_END(mutator, roots);
    }
    ter_collect(mutator);
    assert_false(is_there(other));
    assert_int_equal(ter_roots_set_tags(heap, &plain), TER_OK);
}

static unsigned count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned count = 0;

    assert_non_null(tasks);
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

/* Its argument is kept by the call itself. */
static void test_reallocating_keeps_the_object(void **state)
{
    struct ter_options options;
    struct ter_mutator *exact = mutator;
    struct ter_heap *before = heap;
    uintptr_t *object;

    (void)state;
    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, "stacks=exact,stress=1", NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    object = ter_allocate(mutator, TER_KIND_NORMAL, 16);
    assert_non_null(object);
    object[1] = 77;
    for (size_t bytes = 64; bytes < 100000; bytes *= 3) {
        object = ter_reallocate(mutator, object, bytes);
        assert_non_null(object);
        assert_int_equal(object[1], 77);
    }
    /* Under stress helpers are always worth it, but nobody asked for any. */
    assert_int_equal(count_threads(), 1);
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    heap = before;
    mutator = exact;
}

/* ---- Slots ---- */

static void *globals[8];

static void test_slots_are_roots_until_removed(void **state)
{
    (void)state;
    globals[0] = make_pair(0);
    ter_collect(mutator);
    assert_false(is_there(globals[0]));
    assert_int_equal(ter_roots_add_slots(heap, globals, 8, TER_ROOT_EXACT), TER_OK);
    for (unsigned i = 0; i < 8; i++)
        globals[i] = make_pair(i);
    ter_collect(mutator);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(((struct pair *)globals[i])->number, i);
    assert_int_equal(ter_roots_remove_slots(heap, &globals[3], 2), TER_OK);
    ter_collect(mutator);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(is_there(globals[i]), i != 3 && i != 4);
    assert_int_equal(ter_roots_remove_slots(heap, globals, 3), TER_OK);
    assert_int_equal(ter_roots_remove_slots(heap, &globals[5], 3), TER_OK);
    ter_collect(mutator);
    for (unsigned i = 0; i < 8; i++)
        assert_false(is_there(globals[i]));
}

static void test_slots_that_cannot_be(void **state)
{
    (void)state;
    assert_int_equal(ter_roots_add_slots(heap, (char *)globals + 1, 1, TER_ROOT_EXACT),
                     TER_ERROR_INVALID);
    assert_int_equal(ter_roots_add_slots(heap, globals, 0, TER_ROOT_EXACT), TER_ERROR_INVALID);
    assert_int_equal(ter_roots_add_slots(heap, globals, SIZE_MAX, TER_ROOT_EXACT),
                     TER_ERROR_INVALID);
    assert_int_equal(ter_roots_add_slots(heap, globals, 1, (enum ter_root_form)3),
                     TER_ERROR_INVALID);
    assert_int_equal(ter_roots_add_slots(heap, &globals[2], 2, TER_ROOT_PINNING), TER_OK);
    assert_int_equal(ter_roots_add_slots(heap, globals, 3, TER_ROOT_EXACT), TER_ERROR_INVALID);
    assert_int_equal(ter_roots_add_slots(heap, &globals[3], 1, TER_ROOT_EXACT), TER_ERROR_INVALID);
    assert_int_equal(ter_roots_remove_slots(heap, &globals[3], 2), TER_ERROR_INVALID);
    assert_int_equal(ter_roots_remove_slots(heap, &globals[2], 2), TER_OK);
    assert_int_equal(ter_roots_remove_slots(heap, &globals[2], 2), TER_ERROR_INVALID);
}

/* Against a plain array of flags: every word is there once or not at all. */
static void test_slots_at_random(void **state)
{
    enum { WORDS = 512 };
    static void *words[WORDS];
    bool added[WORDS] = {false};
    struct ter_random random = test_random();

    (void)state;
    for (unsigned step = 0; step < test_iterations(4000); step++) {
        size_t first = test_below(&random, WORDS), count = 1 + test_below(&random, 6), present = 0;

        if (first + count > WORDS)
            continue;
        for (size_t i = first; i < first + count; i++)
            present += added[i];
        if (present == 0) {
            assert_int_equal(ter_roots_add_slots(heap, &words[first], count, TER_ROOT_EXACT),
                             TER_OK);
            memset(&added[first], true, count);
        } else if (ter_roots_remove_slots(heap, &words[first], count) == TER_OK) {
            assert_int_equal(present, count);
            memset(&added[first], false, count);
        }
    }
    for (size_t i = 0; i < WORDS; i++) {
        words[i] = make_pair(i);
        if (!added[i])
            words[i] = (void *)test_hide(words[i]);
    }
    ter_collect(mutator);
    for (size_t i = 0; i < WORDS; i++)
        assert_int_equal(is_there(added[i] ? words[i] : test_show((uintptr_t)words[i])), added[i]);
    for (size_t i = 0; i < WORDS; i++)
        if (added[i])
            assert_int_equal(ter_roots_remove_slots(heap, &words[i], 1), TER_OK);
}

/* ---- Visitors ---- */

struct own_stack {
    uintptr_t slot, hidden, word;
    unsigned calls;
};

static void report(void *context, struct ter_root_visit *visit)
{
    struct own_stack *stack = context;

    stack->calls++;
    ter_visit_slot(visit, ter_slot_at((uintptr_t)&stack->slot));
    stack->hidden =
        test_hide(ter_visit_object(visit, stack->hidden == 0 ? NULL : test_show(stack->hidden)));
    ter_visit_word(visit, stack->word);
}

static void check_visitor(struct own_stack *stack)
{
    *stack = (struct own_stack){(uintptr_t)make_pair(1), test_hide(make_pair(2)),
                                (uintptr_t)make_pair(3) + 7, 0};
    ter_collect(mutator);
    assert_int_not_equal(stack->calls, 0);
    assert_true(is_there((void *)stack->slot) && is_there(test_show(stack->hidden)));
    assert_true(is_there((void *)(stack->word - 7)));
}

static void test_visitors_report(void **state)
{
    struct own_stack stack, of_mutator;

    (void)state;
    assert_int_equal(ter_roots_add_visitor(heap, NULL, NULL), TER_ERROR_INVALID);
    assert_int_equal(ter_roots_add_visitor(heap, report, &stack), TER_OK);
    assert_int_equal(ter_roots_add_visitor(heap, report, &stack), TER_ERROR_INVALID);
    check_visitor(&stack);
    ter_mutator_set_visitor(mutator, report, &of_mutator);
    check_visitor(&of_mutator);
    assert_true(is_there((void *)stack.slot));
    ter_mutator_set_visitor(mutator, NULL, NULL);
    assert_int_equal(ter_roots_remove_visitor(heap, report, &stack), TER_OK);
    assert_int_equal(ter_roots_remove_visitor(heap, report, &stack), TER_ERROR_INVALID);
    ter_collect(mutator);
    assert_false(is_there((void *)stack.slot) || is_there((void *)of_mutator.slot));
}

static void test_so_many_visitors(void **state)
{
    struct own_stack stacks[17] = {{0}};

    (void)state;
    for (unsigned i = 0; i < 17; i++)
        assert_int_equal(ter_roots_add_visitor(heap, report, &stacks[i]),
                         i < 16 ? TER_OK : TER_ERROR_FULL);
    ter_collect(mutator);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_not_equal(stacks[i].calls, 0);
        assert_int_equal(ter_roots_remove_visitor(heap, report, &stacks[i]), TER_OK);
    }
}

/* ---- Pins and identities ---- */

static void test_pins_count(void **state)
{
    struct pair *pair = make_pair(1);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(ter_pin(heap, pair), TER_OK);
    assert_false(ter_is_movable(heap, pair));
    for (unsigned i = 0; i < 3; i++) {
        ter_collect(mutator);
        assert_true(is_there(pair));
        ter_unpin(heap, pair);
    }
    ter_collect(mutator);
    assert_false(is_there(pair));
}

static void unpin_what_is_not(void *context)
{
    (void)context;
    ter_unpin(heap, make_pair(1));
}

static void pin_what_is_no_object(void *context)
{
    (void)context;
    (void)ter_pin(heap, &heap);
}

static void test_pins_of_others(void **state)
{
    (void)state;
    test_dies(unpin_what_is_not, NULL, "is not pinned");
    test_dies(pin_what_is_no_object, NULL, "ter_pin");
}

static void test_an_identity_stays(void **state)
{
    uintptr_t hashes[64];

    (void)state;
    TER_FRAME(mutator, frame, 64);
    for (unsigned i = 0; i < 64; i++) {
        frame.slots[i] = make_pair(i);
        hashes[i] = ter_identity_hash(heap, frame.slots[i]);
        assert_int_not_equal(hashes[i], 0);
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(hashes[i], hashes[j]);
    }
    for (unsigned round = 0; round < 3; round++) {
        ter_collect(mutator);
        for (unsigned i = 0; i < 64; i++)
            assert_int_equal(ter_identity_hash(heap, frame.slots[i]), hashes[i]);
    }
    TER_FRAME_END(mutator, frame);
}

/* ---- The heap ---- */

static void test_exact_stacks_refuse_signals(void **state)
{
    struct ter_options options;
    struct ter_heap *refused = NULL;

    (void)state;
    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, "stacks=exact,stop=signals", NULL, 0), TER_OK);
    test_log_begin();
    assert_int_equal(ter_heap_new(&options, &refused), TER_ERROR_INVALID);
    assert_int_equal(
        test_log_end("terrier: ter_heap_new: stacks=exact needs stop=safepoints: a signal stops a "
                     "thread where its references lie in registers, which nobody scans then\n"),
        1);
    assert_null(refused);
}

static void unbind_with_a_frame(void *context)
{
    (void)context;
    TER_FRAME(mutator, frame, 1);
    ter_mutator_unbind(mutator);
}

static void test_unbinding_with_frames_is_told(void **state)
{
    (void)state;
    test_dies(unbind_with_a_frame, NULL, "still has frames");
}

/* In a process that has no other heap: nothing of it is changed by one with safepoints. */
static void look_at_signals(void *context)
{
    struct sigaction action;
    int number = ter_os_stop_signal();

    (void)context;
    ter_collect(mutator);
    assert_int_equal(sigaction(number, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
}

static void test_no_signal_is_handled(void **state)
{
    struct test_end end;

    (void)state;
    test_in_child(look_at_signals, NULL, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
}

/* A heap with ambiguous stacks takes frames as well. */
static void test_frames_beside_stacks(void **state)
{
    struct ter_mutator *exact = mutator;
    struct ter_heap *before = heap;

    (void)state;
    assert_int_equal(ter_heap_new(NULL, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    assert_int_equal(sum_down(99), 100 * 100);
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    heap = before;
    mutator = exact;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_signal_is_handled),
        cmocka_unit_test(test_a_frame_keeps_what_its_slots_name),
        cmocka_unit_test(test_frames_nest),
        cmocka_unit_test(test_a_jump_leaves_frames_behind),
        cmocka_unit_test(test_popping_an_outer_frame_pops_the_inner_ones),
        cmocka_unit_test(test_pinning_frames_take_any_word),
        cmocka_unit_test(test_tagged_words),
        cmocka_unit_test(test_reallocating_keeps_the_object),
        cmocka_unit_test(test_slots_are_roots_until_removed),
        cmocka_unit_test(test_slots_that_cannot_be),
        cmocka_unit_test(test_slots_at_random),
        cmocka_unit_test(test_visitors_report),
        cmocka_unit_test(test_so_many_visitors),
        cmocka_unit_test(test_pins_count),
        cmocka_unit_test(test_pins_of_others),
        cmocka_unit_test(test_an_identity_stays),
        cmocka_unit_test(test_exact_stacks_refuse_signals),
        cmocka_unit_test(test_unbinding_with_frames_is_told),
        cmocka_unit_test(test_frames_beside_stacks),
    };

    return cmocka_run_group_tests(tests, make_heap, free_heap);
}
