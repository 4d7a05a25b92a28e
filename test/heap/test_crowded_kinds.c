/* SPDX-License-Identifier: MIT */
/*
 * A heap that may not grow, full of blocks of one kind of which none is empty: other kinds get what
 * is free in them, and everything keeps its kind and contents.
 */
#include <terrier/terrier.h>

#include "heap/heap.h"
#include "support.h"

enum { PLACES = 1 << 14 };

struct cell {
    struct cell *next;
    uintptr_t number;
};

/* As large as a cell, of other kinds. */
struct both {
    struct both *next;
    struct cell *cell;
};

struct plain {
    uintptr_t number, again;
};

static struct ter_heap *heap;
static struct ter_mutator *mutator;
static unsigned cells, boths, plains, tables;

static const struct ter_object_layout cell_layout = {.header_bytes = sizeof(struct cell),
                                                     .header = {.bitmap = 1}};
static const struct ter_object_layout both_layout = {.header_bytes = sizeof(struct both),
                                                     .header = {.bitmap = 3}};
static const struct ter_object_layout table_layout = {.element_bytes = sizeof(void *),
                                                      .element = {.bitmap = 1}};

static unsigned define(const char *name, const struct ter_object_layout *layout)
{
    struct ter_kind_description description = {
        .name = name, .layout = layout, .flags = layout == NULL ? TER_KIND_NO_SLOTS : 0};
    unsigned kind;

    assert_int_equal(ter_kind_define(heap, &description, &kind), TER_OK);
    return kind;
}

static void make_crowded_heap(const char *more)
{
    struct ter_options options;
    char text[160];

    snprintf(text, sizeof text, "plan=mark-sweep,heap_initial=1M,heap_max=1M,%s", more);
    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, text, NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    cells = define("cell", &cell_layout);
    boths = define("both", &both_layout);
    plains = define("plain", NULL);
    tables = define("table", &table_layout);
}

static void free_crowded_heap(void)
{
    assert_int_equal(ter_collector_check(&heap->collector), TER_OK);
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
}

/* Cells until memory is used up some times; of `each` one stays, in a list. */
static struct cell *fill_with_cells(unsigned each)
{
    unsigned count = 4 * (1u << 20) / TER_BYTES_IN_GRANULE;
    struct cell *list;

    TER_ROOTS(mutator, r, struct cell * list;);
    for (unsigned i = 0; i < count; i++) {
        struct cell *cell = ter_allocate(mutator, cells, sizeof *cell);

        assert_non_null(cell);
        assert_null(cell->next);
        cell->number = i;
        if (i % each != 0 || i >= count / 4)
            continue;
        TER_STORE(mutator, cell, cell->next, r.list);
        r.list = cell;
    }
    list = r.list;
    TER_FRAME_END(mutator, r);
    return list;
}

static unsigned check_cells(const struct cell *list, unsigned each)
{
    unsigned count = 0;

    for (; list != NULL; list = list->next, count++) {
        assert_int_equal(ter_object_kind(heap, list), cells);
        assert_int_equal(list->number % each, 0);
        assert_true(list->next == NULL || list->next->number + each == list->number);
    }
    return count;
}

static void check_boths(const struct both *list, unsigned count)
{
    for (; list != NULL; list = list->next) {
        assert_int_equal(ter_object_kind(heap, list), boths);
        assert_int_equal(list->cell->number, --count);
    }
    assert_int_equal(count, 0);
}

static void check_counts(unsigned of_cells, unsigned of_boths)
{
    struct ter_kind_statistics figures[16];

    assert_int_equal(ter_heap_count_kinds(heap, TER_OBJECTS_REACHED, figures, 16), TER_OK);
    /* A stale word on a stack that is scanned may keep some more. */
    assert_in_range(figures[cells].objects, of_cells, of_cells + 4);
    assert_in_range(figures[boths].objects, of_boths, of_boths + 4);
}

/* Half of what is free, of a kind that has no block of its own. */
static void use_another_kind(unsigned count)
{
    unsigned of_cells;

    TER_ROOTS(mutator, r, struct cell * cells; struct both * boths; struct cell * cell;);
    r.cells = fill_with_cells(64);
    of_cells = check_cells(r.cells, 64);
    for (unsigned i = 0; i < count; i++) {
        struct both *both;

        r.cell = ter_allocate(mutator, cells, sizeof *r.cell);
        assert_non_null(r.cell);
        r.cell->number = i;
        both = ter_allocate(mutator, boths, sizeof *both);
        assert_non_null(both);
        assert_true(both->next == NULL && both->cell == NULL);
        TER_STORE(mutator, both, both->next, r.boths);
        TER_STORE(mutator, both, both->cell, r.cell);
        r.boths = both;
    }
    r.cell = NULL;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(check_cells(r.cells, 64), of_cells);
        check_boths(r.boths, count);
        check_counts(of_cells + count, count);
        ter_collect(mutator);
    }
    TER_FRAME_END(mutator, r);
}

static void another_kind_finds_room(void **state)
{
    static const char *const ways[] = {"stacks=exact", "stacks=ambiguous,markers=2",
                                       "plan=semispace,stacks=exact"};

    (void)state;
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        make_crowded_heap(ways[i]);
        /* A heap that copies needs room for copies. */
        use_another_kind(i == 2 ? 4000 : (1u << 20) / 2 / (2 * TER_BYTES_IN_GRANULE));
        free_crowded_heap();
    }
}

/* Larger cells of others serve when there is nothing else. */
static void a_smaller_size_of_another_kind_finds_room(void **state)
{
    (void)state;
    make_crowded_heap("stacks=exact");
    TER_ROOTS(mutator, r, void **table; struct plain * plain;);
    r.table = ter_allocate(mutator, tables, 4096);
    for (unsigned i = 0; i < 200000; i++) {
        void *large = ter_allocate(mutator, tables, 256);

        assert_non_null(large);
        if (i % 100 == 0)
            TER_STORE(mutator, r.table, r.table[i / 100 % 512], large);
    }
    for (unsigned i = 0; i < 100000; i++) {
        r.plain = ter_allocate(mutator, plains, sizeof *r.plain);
        assert_non_null(r.plain);
    }
    assert_int_equal(ter_object_kind(heap, r.plain), plains);
    TER_FRAME_END(mutator, r);
    free_crowded_heap();
}

/* ---- At random ---- */

static bool is_random_sound(void **table, unsigned place)
{
    const uintptr_t *words = table[place];
    unsigned kind;

    if (words == NULL)
        return true;
    kind = ter_object_kind(heap, words);
    if (kind == plains)
        return words[0] == place && words[1] == ~(uintptr_t)place;
    if (kind == cells)
        return words[1] == place;
    return kind == boths && words[1] == 0;
}

static void put_at_random(void **table, unsigned place, unsigned which)
{
    const unsigned kinds[] = {cells, boths, plains};
    uintptr_t *words = ter_allocate(mutator, kinds[which], 2 * sizeof(uintptr_t));

    assert_non_null(words);
    if (which != 2)
        assert_true(words[0] == 0 && words[1] == 0);
    if (which == 2)
        words[0] = place;
    if (which != 1)
        words[1] = which == 2 ? ~(uintptr_t)place : place;
    /* One for each: where exact kinds have their first slot. */
    if (which != 2 && table[(place + 1) % PLACES] != NULL &&
        ter_object_kind(heap, table[(place + 1) % PLACES]) == plains)
        TER_STORE(mutator, words, *(void **)words, table[(place + 1) % PLACES]);
    TER_STORE(mutator, table, table[place], words);
}

/* What is mostly asked for changes, so that one kind's blocks are always in another's way. */
static void change_at_random(void **table, struct ter_random *random, unsigned round)
{
    unsigned place = (unsigned)ter_random_below(random, PLACES);
    unsigned which = (unsigned)ter_random_below(random, 8);

    assert_true(is_random_sound(table, place));
    /* Nothing refers to one of these. */
    if (which == 7 && table[place] != NULL && ter_object_kind(heap, table[place]) == boths) {
        ter_free(mutator, table[place]);
        TER_STORE(mutator, table, table[place], NULL);
    } else
        put_at_random(table, place, which < 3 ? which : round % 3);
}

static void kinds_at_random(void **state)
{
    struct ter_random random = {20};

    (void)state;
    make_crowded_heap("stacks=exact,check_heap=1");
    TER_ROOTS(mutator, r, void **table;);
    r.table = ter_allocate(mutator, tables, PLACES * sizeof(void *));
    for (unsigned round = 0; round < 12; round++) {
        for (unsigned i = 0; i < 60000; i++)
            change_at_random(r.table, &random, round);
        for (unsigned place = 0; place < PLACES; place++)
            assert_true(is_random_sound(r.table, place));
    }
    TER_FRAME_END(mutator, r);
    free_crowded_heap();
}

/* ---- Lists ---- */

/* Cells that come as a list have their kind too, those that were taken and those that come next. */
static void lists_have_their_kind(void **state)
{
    (void)state;
    make_crowded_heap("stacks=exact");
    TER_ROOTS(mutator, r, struct cell * cells;);
    r.cells = fill_with_cells(64);
    for (unsigned i = 0; i < 2000; i++) {
        unsigned kind = i / 100 % 2 == 0 ? plains : boths, count = 0;
        void *list;

        assert_true(ter_mutator_allocate_list(mutator, kind, sizeof(struct plain), 40, &list));
        for (; list != NULL; list = *(void **)list, count++)
            assert_int_equal(ter_object_kind(heap, list), kind);
        assert_true(count >= 1 && count <= 40);
    }
    check_cells(r.cells, 64);
    TER_FRAME_END(mutator, r);
    free_crowded_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_kind_finds_room),
        cmocka_unit_test(a_smaller_size_of_another_kind_finds_room),
        cmocka_unit_test(kinds_at_random),
        cmocka_unit_test(lists_have_their_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
