/* SPDX-License-Identifier: MIT */
/*
 * heap/client.h without libgc: a client with all callbacks, with none, and what it may ask. Objects
 * that are to die are made in a function of their own, and named by a number that is no address.
 */
#include "heap/client.h"

#include "small_heap.h"
#include "support.h"

#define MASK (~(uintptr_t)0)

static struct ter_heap *heap;
static struct ter_mutator *mutator;

static void open_heap_of(const char *plan, const struct ter_client_callbacks *callbacks)
{
    struct ter_options options;

    ter_options_init(&options);
    options.scan_program = options.scan_libraries = 0;
    snprintf(options.plan, sizeof options.plan, "%s", plan);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    ter_heap_set_callbacks(heap, callbacks);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
}

static void open_heap(const struct ter_client_callbacks *callbacks)
{
    open_heap_of("mark-sweep", callbacks);
}

static void close_heap(void)
{
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
}

static void collect(void)
{
    ter_heap_lock(heap);
    ter_heap_collect(heap);
    ter_heap_unlock_and_notify(heap);
}

/* ---- Callbacks ---- */

static char calls[64];
static bool allow;
static uintptr_t hidden_root, hidden_dead[64];
static bool root_was_reached;
static size_t dead_that_were_reached;
static struct ter_client_collection told;

static void note(char call)
{
    calls[strlen(calls)] = call;
}

static bool allowed(struct ter_heap *of, enum ter_client_cause cause)
{
    assert_ptr_equal(of, heap);
    assert_int_equal(cause, TER_CAUSE_NEED);
    assert_true(ter_heap_holds_lock(of));
    note('?');
    return allow;
}

static void before(struct ter_heap *of)
{
    assert_true(ter_heap_is_collecting(of));
    note('b');
}

static void passed(struct ter_heap *of, enum ter_client_point point)
{
    (void)of;
    note((char)('0' + (int)point));
}

static void roots(struct ter_heap *of)
{
    note('r');
    if (hidden_root != 0)
        ter_heap_mark_word(of, hidden_root ^ MASK);
}

static void marked(struct ter_heap *of)
{
    note('m');
    root_was_reached = hidden_root != 0 && ter_heap_is_reached(of, hidden_root ^ MASK);
    dead_that_were_reached = 0;
    for (size_t i = 0; hidden_root != 0 && i < TER_ARRAY_LENGTH(hidden_dead); i++)
        dead_that_were_reached += ter_heap_is_reached(of, hidden_dead[i] ^ MASK);
}

static void after(struct ter_heap *of, const struct ter_client_collection *collection)
{
    note('a');
    told = *collection;
    ter_heap_notify(of);
}

static void notified(struct ter_heap *of)
{
    assert_false(ter_heap_holds_lock(of));
    note('n');
}

static const struct ter_client_callbacks all_callbacks = {.allowed = allowed,
                                                          .before = before,
                                                          .passed = passed,
                                                          .roots = roots,
                                                          .marked = marked,
                                                          .after = after,
                                                          .notified = notified};

static TER_NOINLINE void make_objects(void)
{
    hidden_root = (uintptr_t)ter_mutator_new_object(mutator, TER_KIND_NORMAL, 100) ^ MASK;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(hidden_dead); i++)
        hidden_dead[i] = (uintptr_t)ter_mutator_new_object(mutator, TER_KIND_NORMAL, 100) ^ MASK;
}

static void callbacks_come_in_order(void **state)
{
    (void)state;
    open_heap(&all_callbacks);
    memset(calls, 0, sizeof calls);
    make_objects();
    test_clear_stack();
    allow = true;
    collect();
    assert_string_equal(calls, "?b01rm234an");
    assert_true(root_was_reached);
    assert_true(dead_that_were_reached <= SMALL_SLACK);
    assert_true(told.live_bytes >= 100);
    assert_true(told.pause_ns > 0);
    assert_int_equal(ter_heap_collections(heap), 1);
    close_heap();
}

static void a_client_may_refuse(void **state)
{
    (void)state;
    open_heap(&all_callbacks);
    memset(calls, 0, sizeof calls);
    hidden_root = 0;
    allow = false;
    collect();
    assert_string_equal(calls, "?");
    assert_int_equal(ter_heap_collections(heap), 0);
    close_heap();
}

static void callbacks_may_be_left_out(void **state)
{
    static const struct ter_client_callbacks none;

    (void)state;
    open_heap(&none);
    for (int i = 0; i < 100000; i++)
        assert_non_null(ter_mutator_new_object(mutator, TER_KIND_NORMAL, 64));
    collect();
    assert_true(ter_heap_collections(heap) > 0);
    close_heap();
}

/* ---- Interior addresses, by a table of the client's ---- */

static uint8_t displacements[TER_HEAP_DISPLACEMENTS] = {1};

static TER_NOINLINE void fill_roots(struct small_heap *small, size_t displacement)
{
    for (size_t i = 0; i < SMALL_ROOTS; i++)
        small->roots[i] =
            (char *)ter_mutator_new_object(small->mutator, TER_KIND_ATOMIC, 200) + displacement;
}

/* Objects of which the roots name the byte at `displacement` and that are there afterwards. */
static size_t survivors(struct small_heap *small, size_t displacement)
{
    size_t count = 0;

    fill_roots(small, displacement);
    small_heap_collect(small);
    for (size_t i = 0; i < SMALL_ROOTS; i++)
        count += !ter_object_is_none(ter_heap_find(small->heap, (uintptr_t)small->roots[i]));
    return count;
}

static void displacements_count_when_lent(void **state)
{
    struct small_heap small;

    (void)state;
    small_heap_init(&small, "");
    assert_int_equal(survivors(&small, 24), SMALL_ROOTS);
    ter_heap_lock(small.heap);
    ter_heap_set_interior(small.heap, false, displacements);
    ter_heap_unlock(small.heap);
    assert_int_equal(survivors(&small, 0), SMALL_ROOTS);
    assert_true(survivors(&small, 24) <= SMALL_SLACK);
    displacements[24] = 1;
    assert_int_equal(survivors(&small, 24), SMALL_ROOTS);
    assert_true(survivors(&small, 25) <= SMALL_SLACK);
    small_heap_fini(&small);
}

/* ---- Tables, links, questions ---- */

struct record {
    uintptr_t object;
    unsigned number;
};

static unsigned sum;

static void add_number(void *record)
{
    sum += ((struct record *)record)->number;
}

static void tables_hold_records(void **state)
{
    struct ter_object_table table = {0};

    (void)state;
    assert_null(ter_object_table_find(&table, 16));
    ter_object_table_init(&table, sizeof(struct record));
    for (unsigned i = 1; i <= 100; i++) {
        struct record *record = ter_object_table_insert(&table, (uintptr_t)i * 16);

        assert_non_null(record);
        assert_int_equal(record->object, i * 16);
        record->number = i;
    }
    ter_object_table_remove(&table, 16);
    assert_null(ter_object_table_find(&table, 16));
    assert_int_equal(((struct record *)ter_object_table_find(&table, 32))->number, 2);
    sum = 0;
    ter_object_table_visit(&table, add_number);
    assert_int_equal(sum, 5049);
}

static void questions_about_objects(void **state)
{
    uintptr_t low, high, small, large;
    unsigned kind;

    (void)state;
    open_heap(&(const struct ter_client_callbacks){0});
    small = (uintptr_t)ter_mutator_new_object(mutator, TER_KIND_UNCOLLECTABLE, 40);
    large = (uintptr_t)ter_mutator_new_object(mutator, TER_KIND_ATOMIC, TER_HEAP_SMALL_BYTES + 1);
    ter_heap_bounds(heap, &low, &high);
    assert_true(low < small && small < high && low < large && large < high);
    assert_int_equal(ter_heap_bytes_of(heap, small), ter_heap_rounded_bytes(40));
    assert_int_equal(ter_heap_kind_of(heap, large), TER_KIND_ATOMIC);
    assert_true(ter_heap_lasts(heap, small));
    assert_false(ter_heap_lasts(heap, large));
    assert_true(ter_heap_owns(heap, small));
    assert_false(ter_heap_owns(heap, (uintptr_t)&low));
    assert_int_equal(ter_heap_kind_count(heap), 4);
    ter_heap_lock(heap);
    assert_int_equal(
        ter_heap_add_kind(heap, &(const struct ter_client_kind){.has_references = true}, &kind),
        TER_OK);
    ter_heap_unlock(heap);
    assert_int_equal(kind, 4);
    assert_true(ter_heap_figures(heap, true).allocated_bytes > TER_HEAP_SMALL_BYTES);
    close_heap();
}

/* Whether cells serve small objects or something else: little of it is counted late. */
static void allocated_bytes_are_counted(void **state)
{
#define PLAN_NAME(identifier, name, help) name,
    static const char *const plans[] = {TER_PLANS(PLAN_NAME)};
#undef PLAN_NAME
    const size_t bytes = 256, count = 4096;

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(plans); i++) {
        open_heap_of(plans[i], &(const struct ter_client_callbacks){0});
        for (size_t k = 0; k < count; k++)
            assert_non_null(ter_mutator_new_object(mutator, TER_KIND_NORMAL, bytes));
        ter_heap_lock(heap);
        assert_in_range(ter_heap_allocated_bytes(heap), count * bytes - TER_KIB(64),
                        count * bytes + TER_KIB(64));
        ter_heap_unlock(heap);
        close_heap();
    }
}

static void links_are_named_by_their_sort(void **state)
{
    uintptr_t link, other, object;
    bool existed;

    (void)state;
    open_heap(&(const struct ter_client_callbacks){0});
    object = (uintptr_t)ter_mutator_new_object(mutator, TER_KIND_UNCOLLECTABLE, 40);
    link = (uintptr_t)ter_mutator_new_object(mutator, TER_KIND_UNCOLLECTABLE, 40);
    other = link + sizeof link;
    ter_heap_lock(heap);
    assert_int_equal(ter_heap_add_link(heap, TER_LINKS_LONG, link, object, &existed), TER_OK);
    assert_false(existed);
    assert_int_equal(ter_heap_count_links(heap, TER_LINKS_SHORT), 0);
    assert_int_equal(ter_heap_count_links(heap, TER_LINKS_LONG), 1);
    assert_int_equal(ter_heap_move_link(heap, TER_LINKS_LONG, link, other), TER_OK);
    assert_int_equal(ter_heap_move_link(heap, TER_LINKS_LONG, link, other), TER_ERROR_UNKNOWN_NAME);
    assert_true(ter_heap_remove_link(heap, TER_LINKS_LONG, other));
    assert_false(ter_heap_remove_link(heap, TER_LINKS_LONG, other));
    ter_heap_unlock(heap);
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callbacks_come_in_order),
        cmocka_unit_test(a_client_may_refuse),
        cmocka_unit_test(callbacks_may_be_left_out),
        cmocka_unit_test(displacements_count_when_lent),
        cmocka_unit_test(tables_hold_records),
        cmocka_unit_test(questions_about_objects),
        cmocka_unit_test(allocated_bytes_are_counted),
        cmocka_unit_test(links_are_named_by_their_sort),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
