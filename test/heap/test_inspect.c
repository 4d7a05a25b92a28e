/* SPDX-License-Identifier: MIT */
/*
 * Looking at a heap under every plan: what lies at a word, walks, counts, and paths from every form
 * of root through every kind of object.
 */
#include "heap/heap.h"

#include <pthread.h>
#include <string.h>

#include "small_heap.h"

static struct small_heap small;

struct pair {
    struct pair *next;
    uintptr_t number;
};

static const struct ter_object_layout pair_layout = {.header_bytes = sizeof(struct pair),
                                                     .header = {.bitmap = 1}};
static const struct ter_kind_description pair_description = {.name = "pair",
                                                             .layout = &pair_layout};
static unsigned pair_kind;

static unsigned define(const struct ter_kind_description *description)
{
    unsigned kind;

    assert_int_equal(ter_kind_define(small.heap, description, &kind), TER_OK);
    return kind;
}

static void (*test_of_plan)(void);

static void begin_test(void)
{
    pair_kind = define(&pair_description);
    test_of_plan();
}

static void with_plans(const char *options, void (*test)(void))
{
    test_of_plan = test;
    small_heap_with_plans(&small, options, begin_test, NULL);
}

#define EXACT ",stacks=exact,heap_initial=64M"

static void *allocate(unsigned kind, size_t bytes)
{
    void *object = ter_allocate(small.mutator, kind, bytes);

    assert_non_null(object);
    return object;
}

static struct pair *make_pair(struct pair *next)
{
    struct pair *pair = allocate(pair_kind, sizeof *pair);

    pair->next = next;
    return pair;
}

/* ---- Answers ---- */

enum { MOST_SEEN = 8 };

struct seen {
    struct ter_reference references[MOST_SEEN];
    size_t count;
};

static void see(void *context, const struct ter_reference *reference)
{
    struct seen *seen = context;

    if (seen->count < MOST_SEEN)
        seen->references[seen->count] = *reference;
    seen->count++;
}

static struct seen path_to(const void *object, unsigned without)
{
    struct seen seen = {.count = 0};
    size_t length = 77;

    assert_int_equal(ter_heap_path(small.mutator, object, without, see, &seen, &length), TER_OK);
    assert_int_equal(length, seen.count);
    return seen;
}

static struct seen referrers_of(const void *object)
{
    struct seen seen = {.count = 0};
    size_t count = 77;

    assert_int_equal(ter_heap_referrers(small.mutator, object, 0, see, &seen, &count), TER_OK);
    assert_int_equal(count, seen.count);
    return seen;
}

/* The path to what the head of a list of two refers to: a root, and the head's slot. */
static void check_path(struct pair *head, enum ter_reference_place place, const void *word,
                       bool is_exact)
{
    struct pair *target = head->next;
    struct seen seen = path_to(target, 0);
    const struct ter_reference *first = &seen.references[0], *second = &seen.references[1];

    assert_int_equal(seen.count, 2);
    assert_string_equal(ter_reference_place_name(first->place), ter_reference_place_name(place));
    assert_int_equal(first->is_exact, is_exact);
    assert_true(ter_object_is_none(first->holder));
    assert_ptr_equal(first->word, word);
    assert_int_equal(first->object.bits, (uintptr_t)head);
    assert_int_equal(second->place, TER_IN_OBJECT);
    assert_int_equal(second->holder.bits, (uintptr_t)head);
    assert_int_equal(second->holder_kind, ter_object_kind(small.heap, head));
    assert_ptr_equal(second->word, &head->next);
    assert_int_equal(second->object.bits, (uintptr_t)target);
    assert_int_equal(second->kind, pair_kind);
    assert_int_equal(second->bytes, ter_object_bytes(small.heap, second->object));
    assert_int_equal(path_to(target, TER_WITHOUT(place)).count, 0);
}

/* ---- Roots ---- */

static const struct ter_slot_type root_tags = {
    .form = TER_SLOTS_TAGGED, .mask = 3, .references = 1u << 2};

static void from_frames(void)
{
    struct pair *head = make_pair(make_pair(NULL));

    assert_int_equal(ter_roots_set_tags(small.heap, &root_tags), TER_OK);
    {
        TER_FRAME(small.mutator, frame, 3);
        frame.slots[1] = head;
        check_path(head, TER_IN_FRAME, &frame.slots[1], true);
        TER_FRAME_END(small.mutator, frame);
    }
    {
        TER_FRAME_AS(small.mutator, frame, 3, TER_ROOT_TAGGED);
        frame.slots[0] = (char *)head + 1;
        frame.slots[2] = (char *)head + 2;
        check_path(head, TER_IN_FRAME, &frame.slots[2], true);
        TER_FRAME_END(small.mutator, frame);
    }
    {
        TER_FRAME_AS(small.mutator, frame, 3, TER_ROOT_PINNING);
        frame.slots[2] = (char *)head + 9;
        check_path(head, TER_IN_FRAME, &frame.slots[2], false);
        TER_FRAME_END(small.mutator, frame);
    }
    assert_int_equal(path_to(head, 0).count, 0);
    assert_null(ter_frames_save(small.mutator));
}

static void *globals[3];

static void from_slots(void)
{
    struct pair *head = make_pair(make_pair(NULL));

    assert_int_equal(ter_roots_add_slots(small.heap, globals, 3, TER_ROOT_EXACT), TER_OK);
    globals[2] = head;
    check_path(head, TER_IN_SLOTS, &globals[2], true);
    globals[2] = NULL;
    assert_int_equal(path_to(head, 0).count, 0);
}

static void from_ranges(void)
{
    struct pair *head = make_pair(make_pair(NULL));

    small.roots[7] = (char *)head + 8;
    check_path(head, TER_IN_RANGE, &small.roots[7], false);
    small.roots[7] = NULL;
}

struct reported {
    void *slot, *object, *word;
};

static void report(void *context, struct ter_root_visit *visit)
{
    struct reported *reported = context;

    ter_visit_slot(visit, ter_slot_at((uintptr_t)&reported->slot));
    reported->object = ter_visit_object(visit, reported->object);
    ter_visit_word(visit, (uintptr_t)reported->word);
}

static void check_reported(struct reported *reported)
{
    struct pair *head = make_pair(make_pair(NULL));

    reported->slot = head;
    check_path(head, TER_IN_VISITOR, &reported->slot, true);
    *reported = (struct reported){NULL, head, NULL};
    check_path(head, TER_IN_VISITOR, NULL, true);
    *reported = (struct reported){NULL, NULL, (char *)head + 3};
    check_path(head, TER_IN_VISITOR, NULL, false);
    *reported = (struct reported){NULL, NULL, NULL};
}

static void from_visitors(void)
{
    struct reported of_heap = {NULL, NULL, NULL}, of_mutator = of_heap;

    assert_int_equal(ter_roots_add_visitor(small.heap, report, &of_heap), TER_OK);
    ter_mutator_set_visitor(small.mutator, report, &of_mutator);
    check_reported(&of_heap);
    check_reported(&of_mutator);
    ter_mutator_set_visitor(small.mutator, NULL, NULL);
    assert_int_equal(ter_roots_remove_visitor(small.heap, report, &of_heap), TER_OK);
}

static void nothing(void *object, void *data)
{
    (void)object, (void)data;
}

static void from_what_the_heap_keeps(void)
{
    struct pair *head = make_pair(make_pair(NULL));
    struct pair *kept = allocate(TER_KIND_UNCOLLECTABLE, sizeof *kept);
    struct pair *finalized = make_pair(NULL);

    assert_int_equal(ter_pin(small.heap, head), TER_OK);
    check_path(head, TER_IN_PIN, NULL, true);
    ter_unpin(small.heap, head);
    kept->next = head->next;
    check_path(kept, TER_IN_UNCOLLECTABLE, NULL, true);
    ter_free(small.mutator, kept);
    assert_int_equal(ter_finalizer_set(small.heap, finalized, nothing, head), TER_OK);
    check_path(head, TER_IN_FINALIZER, NULL, false);
    assert_int_equal(path_to(finalized, 0).count, 0);
    ter_collect(small.mutator);
    if (small_heap_statistics(&small).finalizers_ready == 1)
        assert_int_equal(ter_finalizers_run(small.heap), 1);
}

static void paths_begin_in_every_root(void **state)
{
    (void)state;
    with_plans(EXACT, from_frames);
    with_plans(EXACT, from_slots);
    with_plans(EXACT, from_ranges);
    with_plans(EXACT, from_visitors);
    with_plans(EXACT, from_what_the_heap_keeps);
}

/* ---- Roots that are scanned ---- */

static struct pair *static_pair;
static _Thread_local struct pair *pair_of_thread;

enum { NAMED_BY_STACKS = TER_WITHOUT(TER_IN_STACK) | TER_WITHOUT(TER_IN_OWN_STACK) };

static TER_NOINLINE void check_scanned(uintptr_t hidden, enum ter_reference_place place,
                                       const void *word)
{
    /* A sanitizer may keep the word in static data of its own. */
    unsigned without =
        place == TER_IN_STATIC ? NAMED_BY_STACKS : NAMED_BY_STACKS | TER_WITHOUT(TER_IN_STATIC);
    struct seen seen = path_to(test_show(hidden), without);

    assert_int_equal(seen.count, word != NULL);
    if (word == NULL)
        return;
    assert_int_equal(seen.references[0].place, place);
    assert_ptr_equal(seen.references[0].word, word);
    assert_false(seen.references[0].is_exact);
}

static void from_data(void)
{
    uintptr_t hidden = test_hide(make_pair(NULL));

    static_pair = test_show(hidden);
    check_scanned(hidden, TER_IN_STATIC, &static_pair);
    static_pair = NULL;
    pair_of_thread = test_show(hidden);
    check_scanned(hidden, TER_IN_THREAD_DATA, &pair_of_thread);
    pair_of_thread = NULL;
    check_scanned(hidden, TER_IN_THREAD_DATA, NULL);
}

static void from_own_stack(void)
{
    struct pair *volatile on_stack = make_pair(NULL);
    struct seen seen = path_to(on_stack, 0);

    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.references[0].place, TER_IN_OWN_STACK);
    assert_false(seen.references[0].is_exact);
    assert_non_null(on_stack);
}

struct waiting {
    uintptr_t hidden;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool ready, done;
};

static void *wait_for_end(void *context)
{
    struct waiting *waiting = context;

    pthread_mutex_lock(&waiting->mutex);
    waiting->ready = true;
    pthread_cond_broadcast(&waiting->changed);
    while (!waiting->done)
        pthread_cond_wait(&waiting->changed, &waiting->mutex);
    pthread_mutex_unlock(&waiting->mutex);
    return NULL;
}

static void *hold_on_stack(void *context)
{
    struct waiting *waiting = context;
    struct ter_mutator *mutator;
    struct pair *volatile on_stack;

    if (ter_mutator_bind(small.heap, &mutator) != TER_OK)
        return context;
    on_stack = ter_allocate(mutator, pair_kind, sizeof *on_stack);
    waiting->hidden = test_hide(on_stack);
    ter_mutator_outside(mutator, wait_for_end, waiting);
    waiting->hidden += on_stack == NULL;
    ter_mutator_unbind(mutator);
    return NULL;
}

static void from_stack_of_other(void)
{
    struct waiting waiting = {0, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    pthread_t thread;
    struct seen seen;
    void *failed;

    assert_int_equal(pthread_create(&thread, NULL, hold_on_stack, &waiting), 0);
    pthread_mutex_lock(&waiting.mutex);
    while (!waiting.ready)
        pthread_cond_wait(&waiting.changed, &waiting.mutex);
    pthread_mutex_unlock(&waiting.mutex);
    seen = path_to(test_show(waiting.hidden), TER_WITHOUT(TER_IN_OWN_STACK));
    pthread_mutex_lock(&waiting.mutex);
    waiting.done = true;
    pthread_cond_broadcast(&waiting.changed);
    pthread_mutex_unlock(&waiting.mutex);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.references[0].place, TER_IN_STACK);
}

static void paths_begin_in_what_is_scanned(void **state)
{
    (void)state;
    with_plans(",scan_program=1", from_data);
    with_plans("", from_own_stack);
    with_plans(",stop=safepoints", from_own_stack);
    with_plans("", from_stack_of_other);
    with_plans(",stop=safepoints", from_stack_of_other);
}

/* ---- Objects ---- */

static const struct ter_object_layout words_layout = {.element_bytes = sizeof(uintptr_t),
                                                      .element = {.bitmap = 1}};
static const struct ter_kind_description tagged = {
    .name = "tagged",
    .layout = &words_layout,
    .slots = {.form = TER_SLOTS_TAGGED, .mask = 7, .references = 1u << 5}};

static void visit_second(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context, (void)bytes;
    ter_trace_slot(trace, ter_slot_at(object + sizeof(void *)));
    ter_trace_object(trace, ((void **)object)[0]);
}

static const struct ter_kind_description visited = {.name = "visited", .visitor = visit_second};

/* The second word of an object of that kind leads to the target, and the first to nothing. */
static void check_holder(unsigned kind, unsigned tag, bool is_exact)
{
    struct pair *target = make_pair(NULL);
    uintptr_t *holder = allocate(kind, 64 * sizeof *holder);
    struct seen seen;

    memset(holder, 0, 64 * sizeof *holder);
    holder[1] = (uintptr_t)target + tag;
    globals[0] = holder;
    seen = path_to(target, 0);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.references[1].holder_kind, kind);
    assert_int_equal(seen.references[1].is_exact, is_exact);
    assert_ptr_equal(seen.references[1].word, &holder[1]);
    seen = referrers_of(target);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.references[0].holder.bits, (uintptr_t)holder);
    globals[0] = NULL;
}

static void through_kinds(void)
{
    unsigned visited_kind = define(&visited);
    uintptr_t *holder;
    struct seen seen;

    assert_int_equal(ter_roots_add_slots(small.heap, globals, 3, TER_ROOT_EXACT), TER_OK);
    check_holder(TER_KIND_NORMAL, 3, false);
    check_holder(define(&tagged), 5, true);
    check_holder(visited_kind, 0, true);
    /* An atomic one keeps nothing; a reference without a slot has no word. */
    globals[0] = holder = allocate(TER_KIND_ATOMIC, 32);
    holder[0] = (uintptr_t)make_pair(NULL);
    assert_int_equal(path_to((void *)holder[0], 0).count, 0);
    assert_int_equal(referrers_of((void *)holder[0]).count, 0);
    globals[0] = holder = allocate(visited_kind, 32);
    holder[0] = (uintptr_t)make_pair(NULL);
    seen = path_to((void *)holder[0], 0);
    assert_int_equal(seen.count, 2);
    assert_null(seen.references[1].word);
    globals[0] = NULL;
}

static const struct ter_object_layout offsets_layout = {.element_bytes = 4,
                                                        .element = {.bitmap = 1}};

static void through_offsets(void)
{
    static const struct ter_kind_description offsets = {
        .name = "offsets",
        .layout = &offsets_layout,
        .slots = {.form = TER_SLOTS_OFFSET32, .shift = 4}};
    uint32_t *holder = allocate(define(&offsets), 64);
    struct pair *target = make_pair(NULL);
    struct seen seen;

    assert_int_equal(ter_roots_add_slots(small.heap, globals, 3, TER_ROOT_EXACT), TER_OK);
    globals[0] = holder;
    holder[5] = (uint32_t)((uintptr_t)target >> 4);
    seen = path_to(target, 0);
    assert_int_equal(seen.count, 2);
    assert_ptr_equal(seen.references[1].word, &holder[5]);
    globals[0] = NULL;
}

static void paths_lead_through_every_kind(void **state)
{
    (void)state;
    with_plans(EXACT, through_kinds);
    if (sizeof(void *) > 4)
        with_plans(EXACT ",layout=compressed", through_offsets);
}

/* A long way and a short one: 0 -> 1 -> ... -> n, and a table with a word for n. */
static void find_shortest(void)
{
    const size_t length =
        small_heap_has_own_pages(&small) ? 10000 : (size_t)test_count(100000, 1000000);
    struct pair *last = make_pair(NULL), *head = last;
    uintptr_t *table = allocate(TER_KIND_NORMAL, 4096 * sizeof *table);
    size_t steps;

    for (size_t i = 0; i < length; i++)
        head = make_pair(head);
    assert_int_equal(ter_roots_add_slots(small.heap, globals, 3, TER_ROOT_EXACT), TER_OK);
    globals[0] = head;
    globals[1] = table;
    assert_int_equal(ter_heap_path(small.mutator, last, 0, NULL, NULL, &steps), TER_OK);
    assert_int_equal(steps, length + 1);
    table[4000] = (uintptr_t)last;
    assert_int_equal(ter_heap_path(small.mutator, last, 0, NULL, NULL, &steps), TER_OK);
    assert_int_equal(steps, 2);
    assert_int_equal(referrers_of(last).count, 2);
    globals[0] = globals[1] = NULL;
}

static void paths_are_shortest(void **state)
{
    (void)state;
    with_plans(",stacks=exact,heap_initial=256M", find_shortest);
}

/* ---- In words ---- */

/* Variables of a test are not exported: what stands for their names depends on the loader. */
static void describe_path(void)
{
    struct pair *second = make_pair(NULL), *first = make_pair(second);
    char text[128], wanted[128];
    struct seen seen;

    assert_int_equal(ter_roots_add_slots(small.heap, globals, 1, TER_ROOT_EXACT), TER_OK);
    globals[0] = first;
    seen = path_to(second, 0);
    assert_int_equal(seen.count, 2);
    first = globals[0];
    assert_true(ter_reference_describe(small.heap, &seen.references[0], text, sizeof text) ==
                strlen(text));
    assert_memory_equal(text, "root slots: ", strlen("root slots: "));
    (void)ter_reference_describe(small.heap, &seen.references[1], text, sizeof text);
    snprintf(wanted, sizeof wanted, " %#zx, +%zu", (size_t)first, offsetof(struct pair, next));
    assert_non_null(strstr(text, wanted));
    assert_true(ter_reference_describe(small.heap, &seen.references[1], NULL, 0) == strlen(text));
    globals[0] = NULL;
}

static void steps_are_described(void **state)
{
    (void)state;
    with_plans(EXACT, describe_path);
}

/* ---- While others collect ---- */

static _Atomic bool is_done;

static void *collect_all_the_time(void *context)
{
    struct ter_mutator *mutator;

    if (ter_mutator_bind(small.heap, &mutator) != TER_OK)
        return context;
    while (!is_done)
        ter_collect(mutator);
    ter_mutator_unbind(mutator);
    return NULL;
}

/* To ask is a safepoint, at which the object may move; the answer is about the same object. */
static void ask_beside_collections(void)
{
    struct ter_mutator *mutator = small.mutator;
    pthread_t thread;
    void *failed;

    is_done = false;
    TER_ROOTS(mutator, local, struct pair * head;);
    local.head = make_pair(NULL);
    local.head = make_pair(local.head);
    assert_int_equal(pthread_create(&thread, NULL, collect_all_the_time, small.heap), 0);
    for (unsigned i = 0; i < test_iterations(300); i++) {
        struct seen seen = path_to(local.head->next, 0);

        assert_int_equal(seen.count, 2);
        assert_ptr_equal(seen.references[0].word, &local.head);
        assert_int_equal(referrers_of(local.head->next).count >= 1, true);
    }
    is_done = true;
    ter_mutator_leave(mutator);
    assert_int_equal(pthread_join(thread, &failed), 0);
    ter_mutator_enter(mutator);
    assert_null(failed);
    TER_FRAME_END(mutator, local);
}

static void objects_that_move_are_followed(void **state)
{
    (void)state;
    with_plans(EXACT, ask_beside_collections);
}

/* ---- What is asked wrongly, and memory that is out ---- */

static void refuse(void)
{
    struct pair *pair = make_pair(make_pair(NULL));
    size_t length = 5;

    assert_int_equal(ter_heap_path(small.mutator, NULL, 0, see, NULL, &length), TER_ERROR_INVALID);
    assert_int_equal(ter_heap_path(small.mutator, &pair->number, 0, see, NULL, &length),
                     TER_ERROR_INVALID);
    assert_int_equal(ter_heap_referrers(small.mutator, &length, 0, see, NULL, &length),
                     TER_ERROR_INVALID);
    assert_int_equal(ter_heap_walk(small.heap, TER_OBJECTS_ALL, NULL, NULL), TER_ERROR_INVALID);
    assert_int_equal(ter_heap_count_kinds(small.heap, TER_OBJECTS_ALL, NULL, 3), TER_ERROR_INVALID);
    small.roots[0] = pair;
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    assert_int_equal(ter_heap_path(small.mutator, pair->next, 0, see, NULL, &length),
                     TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    small.roots[0] = NULL;
    assert_int_equal(length, 5);
    assert_null(ter_frames_save(small.mutator));
    assert_string_equal(ter_reference_place_name(TER_REFERENCE_PLACE_COUNT), "");
}

static void what_cannot_be_asked_is_refused(void **state)
{
    (void)state;
    with_plans(EXACT, refuse);
}

/* ---- Walks ---- */

struct walked {
    size_t objects, bytes, pairs;
};

static void count_walked(void *context, ter_object object, size_t bytes, unsigned kind)
{
    struct walked *walked = context;

    assert_int_equal(ter_object_bytes(small.heap, object), bytes);
    walked->objects++;
    walked->bytes += bytes;
    walked->pairs += kind == pair_kind;
}

static struct walked walk(enum ter_objects which)
{
    struct walked walked = {0, 0, 0};

    assert_int_equal(ter_heap_walk(small.heap, which, count_walked, &walked), TER_OK);
    return walked;
}

static void walk_and_count(void)
{
    struct ter_kind_statistics kinds[TER_KINDS_MOST], reached[TER_KINDS_MOST], one;
    struct walked walked;

    assert_int_equal(walk(TER_OBJECTS_ALL).objects, 0);
    assert_int_equal(ter_roots_add_slots(small.heap, globals, 3, TER_ROOT_EXACT), TER_OK);
    for (unsigned i = 0; i < 1000; i++)
        globals[i % 2] = make_pair(globals[i % 2]);
    globals[2] = allocate(TER_KIND_ATOMIC, 100000);
    globals[0] = NULL;
    walked = walk(TER_OBJECTS_ALL);
    assert_int_equal(walked.objects, 1001);
    assert_int_equal(walked.pairs, 1000);
    walked = walk(TER_OBJECTS_REACHED);
    assert_int_equal(walked.objects, 501);
    assert_int_equal(walked.pairs, 500);
    assert_true(walked.bytes >= 500 * sizeof(struct pair) + 100000);
    memset(kinds, 0x77, sizeof kinds);
    assert_int_equal(ter_heap_count_kinds(small.heap, TER_OBJECTS_ALL, kinds, TER_KINDS_MOST),
                     TER_OK);
    assert_int_equal(ter_heap_count_kinds(small.heap, TER_OBJECTS_REACHED, reached, TER_KINDS_MOST),
                     TER_OK);
    for (unsigned kind = 0; kind < pair_kind; kind++)
        assert_int_equal(kinds[kind].objects, kind == TER_KIND_ATOMIC);
    assert_int_equal(kinds[pair_kind].objects, 1000);
    assert_int_equal(reached[pair_kind].objects, 500);
    assert_int_equal(reached[pair_kind].bytes, walked.bytes - reached[TER_KIND_ATOMIC].bytes);
    assert_int_equal(ter_kind_count(small.heap, pair_kind, &one), TER_OK);
    assert_int_equal(one.objects, kinds[pair_kind].objects);
    assert_int_equal(one.bytes, kinds[pair_kind].bytes);
    ter_collect(small.mutator);
    walked = walk(TER_OBJECTS_ALL);
    assert_int_equal(walked.objects, small_heap_never_collects(&small) ? 1001 : 501);
    globals[1] = globals[2] = NULL;
}

/* Objects of other forms count as their kind, and counting all needs no memory. */
static void count_again(void)
{
    struct ter_kind_statistics atomic = {1, 1};

    ter_allocate_as(small.mutator, pair_kind, sizeof(struct pair), 16, TER_ALLOCATE_NEVER_MOVES);
    ter_allocate_as(small.mutator, pair_kind, sizeof(struct pair), 16, TER_ALLOCATE_REMEMBERED);
    assert_int_equal(walk(TER_OBJECTS_ALL).pairs, 2);
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    assert_int_equal(ter_heap_count_kinds(small.heap, TER_OBJECTS_ALL, &atomic, 1), TER_OK);
    test_stop_failing(NULL);
    assert_int_equal(atomic.objects, 0);
}

static void walks_and_counts(void **state)
{
    (void)state;
    with_plans(EXACT, walk_and_count);
    with_plans(EXACT, count_again);
}

/* ---- One word ---- */

static void look_at_words(void)
{
    unsigned char *object = allocate(pair_kind, 400), *large = allocate(TER_KIND_ATOMIC, 50000);
    struct ter_place place;

    for (size_t offset = 0; offset < 400; offset++) {
        ter_heap_place(small.heap, (uintptr_t)object + offset, &place);
        assert_int_equal(place.object.bits, (uintptr_t)object);
        assert_int_equal(place.offset, offset);
        assert_int_equal(place.kind, pair_kind);
        assert_true(place.bytes >= 400 && place.is_live);
        assert_int_equal(place.moves, ter_is_movable(small.heap, object));
    }
    ter_heap_place(small.heap, (uintptr_t)large + 49999, &place);
    assert_int_equal(place.object.bits, (uintptr_t)large);
    assert_int_equal(place.kind, TER_KIND_ATOMIC);
    assert_false(place.moves || ter_sft_is_empty(place.space));
    ter_heap_place(small.heap, (uintptr_t)&place, &place);
    assert_true(ter_object_is_none(place.object) && ter_sft_is_empty(place.space));
    ter_free(small.mutator, large);
    ter_heap_place(small.heap, (uintptr_t)large, &place);
    assert_true(ter_object_is_none(place.object));
    assert_int_equal(place.bytes, 0);
}

static void words_are_looked_at(void **state)
{
    (void)state;
    with_plans(EXACT, look_at_words);
}

/* ---- Memory elsewhere ---- */

static void adjust(void)
{
    ter_external_adjust(small.heap, 5000);
    assert_int_equal(small_heap_statistics(&small).external_bytes, 5000);
    ter_external_adjust(small.heap, -2000);
    assert_int_equal(small_heap_statistics(&small).external_bytes, 3000);
    ter_external_adjust(small.heap, -3000);
    assert_int_equal(small_heap_statistics(&small).external_bytes, 0);
}

static void memory_elsewhere_is_counted(void **state)
{
    (void)state;
    with_plans(EXACT, adjust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_begin_in_every_root),
        cmocka_unit_test(paths_begin_in_what_is_scanned),
        cmocka_unit_test(paths_lead_through_every_kind),
        cmocka_unit_test(paths_are_shortest),
        cmocka_unit_test(steps_are_described),
        cmocka_unit_test(objects_that_move_are_followed),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(walks_and_counts),
        cmocka_unit_test(words_are_looked_at),
        cmocka_unit_test(memory_elsewhere_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
