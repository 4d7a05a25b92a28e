/* SPDX-License-Identifier: MIT */
/*
 * All forms of roots together in one heap, under every plan: frames, slots, visitors, ranges, pins,
 * and a scanned stack or none. Each holds parts of one graph that all of them share, which changes
 * at random between collections of young objects and of all. Against a model, by numbers: nothing
 * that is reached is lost or changed, what is not is gone where roots are exact, and what pins
 * keeps its address.
 */
#include <terrier/terrier.h>

#include "small_heap.h"
#include "support.h"

enum { WIDTH = 6, MOST_NODES = 4096 };

struct node {
    struct node *next, *other;
    uintptr_t number; /* from 1 */
};

enum coding { PLAIN, INTERIOR, HIDDEN, TAGGED };

enum form {
    FRAME,
    PINNING_FRAME,
    TAGGED_FRAME,
    SLOTS,
    PINNING_SLOTS,
    TAGGED_SLOTS,
    VISITED_SLOT,
    VISITED_OBJECT,
    VISITED_WORD,
    OF_MUTATOR,
    RANGE,
    PIN,
    STACK,
    FORMS
};

/* What a word of that form holds of a node, and whether the node keeps its address. */
static const struct {
    enum coding coding;
    bool pins;
} forms[FORMS] = {
    [FRAME] = {PLAIN, false},           [PINNING_FRAME] = {INTERIOR, true},
    [TAGGED_FRAME] = {TAGGED, false},   [SLOTS] = {PLAIN, false},
    [PINNING_SLOTS] = {INTERIOR, true}, [TAGGED_SLOTS] = {TAGGED, false},
    [VISITED_SLOT] = {PLAIN, false},    [VISITED_OBJECT] = {HIDDEN, false},
    [VISITED_WORD] = {INTERIOR, true},  [OF_MUTATOR] = {PLAIN, false},
    [RANGE] = {INTERIOR, true},         [PIN] = {HIDDEN, true},
    [STACK] = {INTERIOR, true},
};

static struct small_heap small;
static unsigned node_kind;
static unsigned form_count; /* without STACK where stacks are not scanned */
static volatile uintptr_t *places[FORMS];
static uintptr_t own_words[FORMS][WIDTH];
static struct ter_random random_source;
static unsigned moved; /* words of exact roots that a collection changed */

/* ---- The model ---- */

static uintptr_t node_count, model_next[MOST_NODES], model_other[MOST_NODES];
static uintptr_t model_roots[FORMS][WIDTH];
static unsigned seen[MOST_NODES], looks;

/* ---- Words ---- */

static uintptr_t encode(enum coding coding, const struct node *node)
{
    if (node == NULL)
        return 0;
    switch (coding) {
    case PLAIN: return (uintptr_t)node;
    case INTERIOR: return (uintptr_t)node + 9;
    case HIDDEN: return test_hide(node);
    default: return (uintptr_t)node + 2;
    }
}

static struct node *decode(enum coding coding, uintptr_t word)
{
    if (word == 0)
        return NULL;
    switch (coding) {
    case PLAIN: return (struct node *)word;
    case INTERIOR: return (struct node *)(word - 9);
    case HIDDEN: return test_show(word);
    default: return (struct node *)(word - 2);
    }
}

static struct node *get(unsigned form, size_t index)
{
    return decode(forms[form].coding, places[form][index]);
}

static void put(unsigned form, size_t index, struct node *node)
{
    struct node *before = get(form, index);

    if (form == PIN && node != NULL)
        assert_int_equal(ter_pin(small.heap, node), TER_OK);
    if (form == PIN && before != NULL)
        ter_unpin(small.heap, before);
    places[form][index] = encode(forms[form].coding, node);
    model_roots[form][index] = node == NULL ? 0 : node->number;
}

static void report(void *context, struct ter_root_visit *visit)
{
    (void)context;
    for (unsigned i = 0; i < WIDTH; i++) {
        uintptr_t *hidden = &own_words[VISITED_OBJECT][i];

        ter_visit_slot(visit, ter_slot_at((uintptr_t)&own_words[VISITED_SLOT][i]));
        if (*hidden != 0)
            *hidden = test_hide(ter_visit_object(visit, test_show(*hidden)));
        ter_visit_word(visit, own_words[VISITED_WORD][i]);
    }
}

static void report_of_mutator(void *context, struct ter_root_visit *visit)
{
    ter_visit_slots(visit, context, WIDTH, TER_ROOT_EXACT);
}

/* ---- Changes ---- */

static struct node *any_node(void)
{
    return get((unsigned)test_below(&random_source, form_count), test_below(&random_source, WIDTH));
}

static struct node *make_node(void)
{
    struct node *node = TER_NEW(small.mutator, node_kind, struct node);

    assert_non_null(node);
    assert_true(node->next == NULL && node->other == NULL && ++node_count < MOST_NODES);
    node->number = node_count;
    model_next[node_count] = model_other[node_count] = 0;
    return node;
}

static void link_other(struct node *from, struct node *to)
{
    TER_STORE(small.mutator, from, from->other, to);
    model_other[from->number] = to == NULL ? 0 : to->number;
}

/* A list of a few nodes, each of which leads to any node that there was, and is led to by one. */
static TER_NOINLINE void grow(unsigned form, size_t index)
{
    TER_ROOTS(small.mutator, local, struct node * head;);
    for (size_t i = test_below(&random_source, 5); i-- > 0;) {
        struct node *node = make_node(), *old;

        TER_STORE(small.mutator, node, node->next, local.head);
        model_next[node->number] = local.head == NULL ? 0 : local.head->number;
        local.head = node;
        link_other(node, any_node());
        old = any_node();
        if (old != NULL)
            link_other(old, test_below(&random_source, 3) == 0 ? NULL : node);
    }
    put(form, index, local.head);
    TER_FRAME_END(small.mutator, local);
}

/* ---- Checks ---- */

static size_t check_from(struct node *node, uintptr_t number)
{
    size_t count = 0;

    for (; number != 0; node = node->next, number = model_next[number]) {
        assert_non_null(node);
        if (seen[number] == looks)
            return count;
        seen[number] = looks;
        assert_int_equal(ter_heap_find(small.heap, (uintptr_t)node).bits, (uintptr_t)node);
        assert_int_equal(node->number, number);
        count += 1 + check_from(node->other, model_other[number]);
    }
    assert_null(node);
    return count;
}

static TER_NOINLINE size_t check_all(void)
{
    size_t count = 0;

    looks++;
    for (unsigned form = 0; form < form_count; form++)
        for (size_t i = 0; i < WIDTH; i++)
            count += check_from(get(form, i), model_roots[form][i]);
    return count;
}

static void check_count(size_t reached, bool is_exact)
{
    struct ter_kind_statistics statistics;

    assert_int_equal(ter_kind_count(small.heap, node_kind, &statistics), TER_OK);
    assert_in_range(statistics.objects, reached, is_exact ? reached : node_count);
}

static void collect_and_check(void)
{
    uintptr_t before[FORMS][WIDTH];
    bool young = test_below(&random_source, 2) == 0;
    bool is_exact = form_count == STACK && !young && !small_heap_never_collects(&small);

    /* Hidden: it lies on the stack. */
    for (unsigned form = 0; form < form_count; form++)
        for (size_t i = 0; i < WIDTH; i++)
            before[form][i] = ~places[form][i];
    if (young)
        ter_collect_young(small.mutator);
    else
        ter_collect(small.mutator);
    for (unsigned form = 0; form < form_count; form++)
        for (size_t i = 0; i < WIDTH; i++) {
            bool same = places[form][i] == ~before[form][i];

            assert_true(same || !forms[form].pins);
            moved += !same;
        }
    check_count(check_all(), is_exact);
}

/* ---- A heap with all of them ---- */

static void begin(void)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(struct node),
                                                    .header = {.bitmap = 3}};
    static const struct ter_slot_type tags = {
        .form = TER_SLOTS_TAGGED, .mask = 3, .references = 1u << 2};
    const struct ter_kind_description node = {.name = "node", .layout = &layout};

    memset(own_words, 0, sizeof own_words);
    memset(model_roots, 0, sizeof model_roots);
    node_count = moved = 0;
    for (unsigned form = 0; form < FORMS; form++)
        places[form] = own_words[form];
    places[RANGE] = (uintptr_t *)(void *)small.roots;
    assert_int_equal(ter_kind_define(small.heap, &node, &node_kind), TER_OK);
    assert_int_equal(ter_roots_set_tags(small.heap, &tags), TER_OK);
    assert_int_equal(ter_roots_add_slots(small.heap, own_words[SLOTS], WIDTH, TER_ROOT_EXACT),
                     TER_OK);
    assert_int_equal(
        ter_roots_add_slots(small.heap, own_words[PINNING_SLOTS], WIDTH, TER_ROOT_PINNING), TER_OK);
    assert_int_equal(
        ter_roots_add_slots(small.heap, own_words[TAGGED_SLOTS], WIDTH, TER_ROOT_TAGGED), TER_OK);
    assert_int_equal(ter_roots_add_visitor(small.heap, report, NULL), TER_OK);
    ter_mutator_set_visitor(small.mutator, report_of_mutator, own_words[OF_MUTATOR]);
}

static void end(void)
{
    for (unsigned form = 0; form < form_count; form++)
        for (size_t i = 0; i < WIDTH; i++)
            put(form, i, NULL);
    assert_int_equal(check_all(), 0);
    assert_int_equal(ter_roots_remove_slots(small.heap, own_words[SLOTS], WIDTH), TER_OK);
    assert_int_equal(ter_roots_remove_slots(small.heap, own_words[PINNING_SLOTS], WIDTH), TER_OK);
    assert_int_equal(ter_roots_remove_slots(small.heap, own_words[TAGGED_SLOTS], WIDTH), TER_OK);
    assert_int_equal(ter_roots_remove_visitor(small.heap, report, NULL), TER_OK);
    ter_mutator_set_visitor(small.mutator, NULL, NULL);
}

static unsigned rounds(void)
{
    return small_heap_has_own_pages(&small) ? 15 : test_count_not_below(80, 10);
}

static void use_all_forms(void)
{
    volatile uintptr_t on_stack[WIDTH] = {0};

    begin();
    TER_FRAME(small.mutator, frame, WIDTH);
    TER_FRAME_AS(small.mutator, pinning, WIDTH, TER_ROOT_PINNING);
    TER_FRAME_AS(small.mutator, tagged, WIDTH, TER_ROOT_TAGGED);
    places[FRAME] = (uintptr_t *)(void *)frame.slots;
    places[PINNING_FRAME] = (uintptr_t *)(void *)pinning.slots;
    places[TAGGED_FRAME] = (uintptr_t *)(void *)tagged.slots;
    places[STACK] = on_stack;
    for (unsigned i = 0; i < rounds(); i++) {
        for (unsigned form = 0; form < form_count; form++)
            if (test_below(&random_source, 4) == 0)
                grow(form, test_below(&random_source, WIDTH));
        collect_and_check();
    }
    end();
    TER_FRAME_END(small.mutator, frame);
}

static void with_all_plans(unsigned count, const char *options)
{
    form_count = count;
    random_source = test_random();
    small_heap_with_plans(&small, options, use_all_forms, NULL);
}

static void all_forms_but_the_stack(void **state)
{
    (void)state;
    with_all_plans(STACK, ",stacks=exact");
    with_all_plans(STACK, ",stacks=exact,markers=2");
}

static void all_forms_and_the_stack(void **state)
{
    (void)state;
    with_all_plans(FORMS, ",stacks=ambiguous,barriers=1");
    with_all_plans(FORMS, ",stacks=ambiguous,stop=signals");
}

static unsigned moved_in_all;

static void use_and_note_moves(void)
{
    const struct node *node;

    use_all_forms();
    node = TER_NEW(small.mutator, node_kind, struct node);
    if (!ter_is_movable(small.heap, node))
        assert_int_equal(moved, 0);
    moved_in_all += moved;
}

/* What may move need not, but under some plans it does in each collection. */
static void all_forms_while_objects_move(void **state)
{
    (void)state;
    form_count = STACK;
    random_source = test_random();
    moved_in_all = 0;
    small_heap_with_plans(&small, ",stacks=exact,stress=5", use_and_note_moves, NULL);
    assert_int_not_equal(moved_in_all, 0);
}

static void all_forms_are_checked(void **state)
{
    (void)state;
    with_all_plans(STACK, ",stacks=exact,check_heap=2,check_barriers=1,poison=1,stress=40");
    with_all_plans(FORMS, ",stacks=ambiguous,barriers=1,check_heap=1,poison=1,stress=40");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_but_the_stack),
        cmocka_unit_test(all_forms_and_the_stack),
        cmocka_unit_test(all_forms_while_objects_move),
        cmocka_unit_test(all_forms_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
