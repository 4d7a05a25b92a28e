/* SPDX-License-Identifier: MIT */
/*
 * Ephemerons through the public functions, under every plan that collects: what keeps a value, what
 * becomes of it when the key goes, chains in the worst order, and random tables against the rule
 * written as sets.
 */
#include <terrier/terrier.h>

#include "heap/heap.h"
#include "small_heap.h"
#include "support.h"

struct node {
    struct node *first, *second;
    uintptr_t number;
};

struct element {
    struct node *key, *value;
};

struct table {
    struct table *next;
    uintptr_t length;
    struct element elements[];
};

#define CHAIN 100000u
#define CHAIN_OF_CHECKED 2000u /* whose checks go through all of it, again and again */
#define CHAIN_OF_SLOW 1000u    /* where an object has pages of its own */
#define OTHER_CHAINS 10u       /* so much shorter are all but one */

static size_t chain;

/* The state of a test: under each plan that collects it is run with these options. */
struct way {
    void (*body)(void **state);
    const char *options;
};

static struct ter_heap *heap;
static struct ter_mutator *mutator;
static unsigned node_kind, leaf_kind, table_kind, weak_kind;

static void define_kinds(void)
{
    static const struct ter_object_layout node = {.header_bytes = sizeof(struct node),
                                                  .header = {.bitmap = 3}};
    static const struct ter_object_layout table = {.header_bytes = sizeof(struct table),
                                                   .header = {.bitmap = 1},
                                                   .element_bytes = sizeof(struct element),
                                                   .element = {.bitmap = 3}};
    static const struct ter_object_layout weak = {.element_bytes = sizeof(void *),
                                                  .element = {.bitmap = 1}};
    const struct ter_kind_description nodes = {.name = "node", .layout = &node},
                                      leaves = {.name = "leaf", .flags = TER_KIND_NO_SLOTS},
                                      tables = {.name = "table",
                                                .layout = &table,
                                                .flags = TER_KIND_EPHEMERONS},
                                      weaks = {.name = "weak array",
                                               .layout = &weak,
                                               .flags = TER_KIND_EPHEMERONS};

    assert_int_equal(ter_kind_define(heap, &nodes, &node_kind), TER_OK);
    assert_int_equal(ter_kind_define(heap, &leaves, &leaf_kind), TER_OK);
    assert_int_equal(ter_kind_define(heap, &tables, &table_kind), TER_OK);
    assert_int_equal(ter_kind_define(heap, &weaks, &weak_kind), TER_OK);
}

static void open_heap(const char *text)
{
    struct ter_options options;

    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, text, NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    define_kinds();
    chain = options.check_heap != 0 ? CHAIN_OF_CHECKED : CHAIN;
    if (heap->collector.spaces[0].space->policy->own_pages)
        chain = CHAIN_OF_SLOW;
}

static void close_heap(void)
{
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
}

static void (*running)(void **state);

static void run_body(void)
{
    running(NULL);
}

static void under_each_plan(void **state)
{
    const struct way *way = *state;

    running = way->body;
    small_heap_try_plans(test_plan_collects, way->options, open_heap, run_body, close_heap);
}

static void under_one_plan(void **state)
{
    const struct way *way = *state;

    open_heap(way->options);
    way->body(NULL);
    close_heap();
}

static void *allocate(unsigned kind, size_t bytes)
{
    void *object = ter_allocate(mutator, kind, bytes);

    assert_non_null(object);
    return object;
}

static struct node *make_node(uintptr_t number)
{
    struct node *node = allocate(node_kind, sizeof *node);

    node->number = number;
    return node;
}

static struct table *make_table(size_t length)
{
    struct table *table = allocate(table_kind, sizeof *table + length * sizeof(struct element));

    table->length = length;
    return table;
}

/* ---- One ---- */

static void a_value_is_kept_while_its_key_is(void **state)
{
    TER_ROOTS(mutator, local, void *ephemeron; struct node * key;);
    (void)state;
    local.key = make_node(1);
    local.ephemeron = make_node(2);
    local.ephemeron = ter_ephemeron_new(mutator, local.key, local.ephemeron);
    for (unsigned i = 0; i < 3; i++) {
        struct node *value;

        ter_collect(mutator);
        assert_ptr_equal(ter_ephemeron_key(mutator, local.ephemeron), local.key);
        value = ter_ephemeron_value(mutator, local.ephemeron);
        assert_int_equal(value->number, 2);
        assert_int_equal(ter_heap_find(heap, (uintptr_t)value).bits, (uintptr_t)value);
    }
    local.key = NULL;
    ter_collect(mutator);
    assert_null(ter_ephemeron_key(mutator, local.ephemeron));
    assert_null(ter_ephemeron_value(mutator, local.ephemeron));
    TER_FRAME_END(mutator, local);
}

/* What a table with weak keys and strong values never lets go. */
static void a_value_that_leads_to_its_key_keeps_nothing(void **state)
{
    TER_ROOTS(mutator, local, void *ephemeron; struct node * key; struct node * value;);
    (void)state;
    local.key = make_node(1);
    local.value = make_node(2);
    local.value->first = local.key;
    local.ephemeron = ter_ephemeron_new(mutator, local.key, local.value);
    local.value = NULL;
    ter_collect(mutator);
    local.value = ter_ephemeron_value(mutator, local.ephemeron);
    assert_ptr_equal(local.value->first, local.key);
    local.key = local.value = NULL;
    ter_collect(mutator);
    assert_null(ter_ephemeron_value(mutator, local.ephemeron));
    TER_FRAME_END(mutator, local);
}

/* ---- Chains ---- */

/* The place of link `i`, by how the links lie in the table. */
typedef size_t chain_order(size_t i, size_t count);

static size_t ascending(size_t i, size_t count)
{
    (void)count;
    return i;
}

static size_t descending(size_t i, size_t count)
{
    return count - 1 - i;
}

static size_t scattered(size_t i, size_t count)
{
    return (size_t)((uint64_t)i * 77773u % count);
}

/* Value i is, or leads to, key i + 1. Returns key 0; the table is *table, which is a root. */
static struct node *make_chain(struct table **table, chain_order *order, bool direct,
                               unsigned kind_of_keys)
{
    TER_ROOTS(mutator, local, struct node * key; struct node * value;);
    local.key = allocate(kind_of_keys, sizeof(struct node));
    for (size_t i = chain; i-- > 0;) {
        size_t place = order(i, chain);

        local.value = local.key;
        if (!direct) {
            local.value = make_node(i);
            local.value->second = local.key;
        }
        local.key = allocate(kind_of_keys, sizeof(struct node));
        ter_write_object(mutator, *table);
        (*table)->elements[place] = (struct element){local.key, local.value};
    }
    TER_FRAME_END(mutator, local);
    return local.key;
}

static size_t count_elements(const struct table *table)
{
    size_t count = 0;

    for (size_t i = 0; i < table->length; i++) {
        const struct element *element = &table->elements[i];

        assert_int_equal(element->key == NULL, element->value == NULL);
        count += element->key != NULL;
    }
    return count;
}

/* Each element a few times, however they hang together: not once for each link, 10^10 times. Also
   those that a table with pages of its own has behind its end. */
static void collect_in_few_looks(void)
{
    ter_collect(mutator);
    assert_true(heap->collector.ephemerons.looks <= 4 * (chain + 4096 / sizeof(struct element)));
}

static void go_through_chain(chain_order *order, bool direct, unsigned kind_of_keys)
{
    TER_ROOTS(mutator, local, struct table * table; struct node * key;);
    local.table = make_table(chain);
    local.key = make_chain(&local.table, order, direct, kind_of_keys);
    for (unsigned i = 0; i < 2; i++) {
        collect_in_few_looks();
        assert_int_equal(count_elements(local.table), chain);
    }
    local.key = NULL;
    collect_in_few_looks();
    assert_int_equal(count_elements(local.table), 0);
    TER_FRAME_END(mutator, local);
}

static void chains_take_linear_time(void **state)
{
    (void)state;
    go_through_chain(scattered, true, node_kind);
    chain /= OTHER_CHAINS;
    go_through_chain(ascending, true, node_kind);
    go_through_chain(descending, true, node_kind);
    go_through_chain(scattered, false, node_kind);
    /* Keys that are marked and never scanned. */
    go_through_chain(scattered, true, leaf_kind);
    go_through_chain(descending, false, leaf_kind);
}

/* The key of each table's element is kept by the value of the table before, which names the next.
 */
static void tables_behind_tables(void **state)
{
    TER_ROOTS(mutator, local, struct table * first; struct table * table; struct node * key;
              struct node * next;);
    (void)state;
    local.key = make_node(0);
    local.first = local.table = make_table(1);
    local.next = local.key;
    for (size_t i = 1; i <= 300; i++) {
        struct table *table;

        ter_write_object(mutator, local.table);
        local.table->elements[0].key = local.next;
        local.next = make_node(i);
        ter_write_object(mutator, local.table);
        local.table->elements[0].value = local.next;
        table = make_table(1);
        ter_write_object(mutator, local.next);
        local.next->first = (struct node *)(void *)table;
        local.table = table;
    }
    local.table = NULL;
    local.next = NULL;
    ter_collect(mutator);
    local.table = local.first;
    for (size_t i = 1; i <= 300; i++) {
        struct node *value = local.table->elements[0].value;

        assert_non_null(value);
        assert_int_equal(value->number, i);
        local.table = (struct table *)(void *)value->first;
    }
    local.key = NULL;
    ter_collect(mutator);
    assert_null(local.first->elements[0].value);
    TER_FRAME_END(mutator, local);
}

/* Ambiguous words of a large object, which is otherwise scanned by pieces. */
static void keys_in_a_large_ambiguous_value(void **state)
{
    enum { KEYS = 20000 };
    TER_ROOTS(mutator, local, struct table * table; struct node * key; void **large;);

    (void)state;
    local.table = make_table(KEYS + 1);
    local.key = make_node(0);
    local.large = allocate(TER_KIND_NORMAL, KEYS * sizeof *local.large);
    for (size_t i = 0; i < KEYS; i++) {
        struct node *key = make_node(i);

        local.large[i] = key;
        ter_write_range(mutator, local.table, &local.table->elements[i],
                        sizeof local.table->elements[i]);
        /* Each is its own value, so that there is one to wait for. */
        local.table->elements[i] = (struct element){key, key};
    }
    ter_write_object(mutator, local.table);
    local.table->elements[KEYS] = (struct element){local.key, (struct node *)(void *)local.large};
    local.large = NULL;
    ter_collect(mutator);
    assert_int_equal(count_elements(local.table), KEYS + 1);
    local.key = NULL;
    ter_collect(mutator);
    assert_int_equal(count_elements(local.table), 0);
    TER_FRAME_END(mutator, local);
}

/* ---- Ways to keep a key ---- */

/* Makes table[0] and table[1] with keys that are returned in no root. */
static void make_two(struct table **table)
{
    TER_ROOTS(mutator, local, struct node * key; struct node * value;);
    for (uintptr_t i = 0; i < 2; i++) {
        local.key = make_node(i);
        local.value = make_node(10 + i);
        local.value->first = local.key;
        ter_write_object(mutator, *table);
        (*table)->elements[i] = (struct element){local.key, local.value};
    }
    TER_FRAME_END(mutator, local);
}

static void expect_first_alone(const struct table *table)
{
    assert_int_equal(table->elements[0].key->number, 0);
    assert_int_equal(table->elements[0].value->number, 10);
    assert_ptr_equal(table->elements[0].value->first, table->elements[0].key);
    assert_null(table->elements[1].key);
    assert_null(table->elements[1].value);
}

static void keys_that_are_pinned(void **state)
{
    TER_ROOTS(mutator, local, struct table * table;);
    struct node *key;

    (void)state;
    local.table = make_table(2);
    make_two(&local.table);
    key = local.table->elements[0].key;
    assert_int_equal(ter_pin(heap, key), TER_OK);
    for (unsigned i = 0; i < 2; i++) {
        ter_collect(mutator);
        expect_first_alone(local.table);
        assert_ptr_equal(local.table->elements[0].key, key);
    }
    ter_unpin(heap, key);
    ter_collect(mutator);
    assert_int_equal(count_elements(local.table), 0);
    TER_FRAME_END(mutator, local);
}

/* A word of a root, and one of an object with ambiguous words, both into the middle of the key. */
static void keys_that_ambiguous_words_keep(void **state)
{
    TER_ROOTS(mutator, local, struct table * table; uintptr_t * words;);
    TER_ROOTS_AS(mutator, pins, TER_ROOT_PINNING, uintptr_t word;);
    uintptr_t key;

    (void)state;
    for (unsigned which = 0; which < 2; which++) {
        local.table = make_table(2);
        local.words = allocate(TER_KIND_NORMAL, 2 * sizeof(uintptr_t));
        make_two(&local.table);
        key = (uintptr_t)local.table->elements[0].key;
        *(which == 0 ? &pins.word : local.words) = key + sizeof(void *);
        for (unsigned i = 0; i < 2; i++) {
            ter_collect(mutator);
            expect_first_alone(local.table);
            assert_ptr_equal(local.table->elements[0].key, (void *)key);
        }
        pins.word = *local.words = key = 0;
        ter_collect(mutator);
        assert_int_equal(count_elements(local.table), 0);
    }
    TER_FRAME_END(mutator, pins);
    TER_FRAME_END(mutator, local);
}

/* A table that its own element's value names, or is the key of. */
static void tables_that_name_themselves(void **state)
{
    TER_ROOTS(mutator, local, struct table * table; struct node * key; void *weak;);
    (void)state;
    local.table = make_table(2);
    local.key = make_node(1);
    ter_write_object(mutator, local.table);
    local.table->elements[0] = (struct element){(struct node *)(void *)local.table, local.key};
    local.table->elements[1] = (struct element){local.key, (struct node *)(void *)local.table};
    local.weak = allocate(weak_kind, sizeof(void *));
    *(void **)local.weak = local.key;
    local.key = NULL;
    ter_collect(mutator);
    assert_int_equal(count_elements(local.table), 2);
    assert_ptr_equal(local.table->elements[0].key, local.table);
    assert_ptr_equal(local.table->elements[1].value, local.table);
    local.table = NULL;
    ter_collect(mutator);
    assert_null(ter_weak_get(mutator, local.weak));
    TER_FRAME_END(mutator, local);
}

/* ---- Chains across kinds ---- */

static void visit_first(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context, (void)bytes;
    ter_trace_slot(trace, ter_slot_at(object));
}

struct mixed {
    unsigned keys[6]; /* kinds */
    unsigned tagged;
};

static void define_mixed(struct mixed *mixed)
{
    static const struct ter_object_layout words = {.element_bytes = sizeof(void *),
                                                   .element = {.bitmap = 1}};
    static const struct ter_object_layout pairs = {.element_bytes = sizeof(struct element),
                                                   .element = {.bitmap = 3}};
    const struct ter_kind_description
        visited = {.name = "visited", .visitor = visit_first, .flags = TER_KIND_ONLY_SLOTS},
        fixed = {.name = "fixed", .layout = &words, .flags = TER_KIND_NEVER_MOVES},
        array = {.name = "array", .layout = &words},
        tagged = {.name = "tagged",
                  .layout = &pairs,
                  .slots = {.form = TER_SLOTS_TAGGED, .mask = 3, .references = 1},
                  .flags = TER_KIND_EPHEMERONS};

    *mixed = (struct mixed){.keys = {node_kind, leaf_kind, TER_KIND_NORMAL}};
    assert_int_equal(ter_kind_define(heap, &visited, &mixed->keys[3]), TER_OK);
    assert_int_equal(ter_kind_define(heap, &fixed, &mixed->keys[4]), TER_OK);
    assert_int_equal(ter_kind_define(heap, &array, &mixed->keys[5]), TER_OK);
    assert_int_equal(ter_kind_define(heap, &tagged, &mixed->tagged), TER_OK);
}

#define LINKS 600u

/* Large ones too: those of the last kind. */
static void *make_key(const struct mixed *mixed, size_t i)
{
    unsigned kind = mixed->keys[i % 6];

    return allocate(kind, i % 6 == 5 && i % 12 == 5 ? 20000 : 4 * sizeof(void *));
}

/* Leads to `next` by its first word; not a leaf, which leads nowhere. */
static void **make_value(const struct mixed *mixed, size_t i, void *next)
{
    void **value;

    TER_ROOTS(mutator, local, void *next;);
    local.next = next;
    value = make_key(mixed, i % 6 == 1 ? i + 1 : i);
    ter_write_object(mutator, value);
    *value = local.next;
    TER_FRAME_END(mutator, local);
    return value;
}

/* Link i is in one of three tables, or an ephemeron that a list of nodes holds. */
static void chains_across_kinds(void **state)
{
    struct mixed mixed;
    TER_ROOTS(mutator, local, struct table * table; struct element * tagged; void **single;
              void *key; void *value;);

    (void)state;
    define_mixed(&mixed);
    local.table = make_table(LINKS);
    local.tagged = allocate(mixed.tagged, LINKS * sizeof(struct element));
    local.single = allocate(mixed.keys[5], LINKS * sizeof(void *));
    local.key = make_key(&mixed, LINKS);
    for (size_t i = LINKS; i-- > 0;) {
        size_t place = i * 77u % LINKS;

        local.value = make_value(&mixed, i * 7 % 11, local.key);
        local.key = make_key(&mixed, i);
        if (i % 3 == 2) {
            void *ephemeron = ter_ephemeron_new(mutator, local.key, local.value);

            TER_STORE(mutator, local.single, local.single[place], ephemeron);
            continue;
        }
        struct element *elements = i % 3 == 0 ? local.table->elements : local.tagged;

        ter_write_object(mutator, i % 3 == 0 ? (void *)local.table : (void *)local.tagged);
        elements[place] = (struct element){local.key, local.value};
    }
    local.value = NULL;
    for (unsigned round = 0; round < 4; round++) {
        if (round == 3)
            local.key = NULL;
        ter_collect(mutator);
        for (size_t i = 0; i < LINKS; i++) {
            size_t place = i * 77u % LINKS;
            const struct element *elements = i % 3 == 0 ? local.table->elements : local.tagged;
            const void *key = i % 3 == 2 ? ter_ephemeron_key(mutator, local.single[place])
                                         : (void *)elements[place].key;

            assert_int_equal(key != NULL, round < 3);
            if (i == 0 && key != NULL)
                assert_ptr_equal(key, local.key);
        }
    }
    TER_FRAME_END(mutator, local);
}

/* ---- Finalizers ---- */

static void *finalized;

static void finalize(void *object, void *data)
{
    (void)data;
    finalized = object;
}

/* Of an object that comes back, weak references are gone and ephemerons are not. */
static void finalizers_find_what_was_kept_for_their_object(void **state)
{
    TER_ROOTS(mutator, local, void **weak; void *ephemeron; struct node * object;);
    (void)state;
    local.weak = allocate(weak_kind, 3 * sizeof(void *));
    local.object = make_node(1);
    local.ephemeron = make_node(2);
    local.ephemeron = ter_ephemeron_new(mutator, local.object, local.ephemeron);
    ter_write_object(mutator, local.weak);
    local.weak[1] = local.object;
    assert_int_equal(ter_finalizer_set(heap, local.object, finalize, NULL), TER_OK);
    ter_collect(mutator);
    assert_ptr_equal(ter_weak_get(mutator, &local.weak[1]), local.object);
    local.object = NULL;
    ter_collect(mutator);
    assert_null(ter_weak_get(mutator, &local.weak[1]));
    assert_non_null(ter_ephemeron_key(mutator, local.ephemeron));
    assert_int_equal(ter_finalizers_run(heap), 1);
    assert_ptr_equal(ter_ephemeron_key(mutator, local.ephemeron), finalized);
    assert_int_equal(((struct node *)ter_ephemeron_value(mutator, local.ephemeron))->number, 2);
    ter_collect(mutator);
    assert_null(ter_ephemeron_key(mutator, local.ephemeron));
    TER_FRAME_END(mutator, local);
}

/* What is to be finalized later is also what only an ephemeron leads to. */
static void order_counts_what_ephemerons_keep(void **state)
{
    TER_ROOTS(mutator, local, void *ephemeron; struct node * key; struct node * object;);
    (void)state;
    local.key = make_node(1);
    local.object = make_node(2);
    local.ephemeron = ter_ephemeron_new(mutator, local.key, local.object);
    assert_int_equal(ter_finalizer_set(heap, local.object, finalize, NULL), TER_OK);
    local.object = make_node(3);
    local.object->first = local.key;
    assert_int_equal(ter_finalizer_set(heap, local.object, finalize, NULL), TER_OK);
    local.key = local.object = NULL;
    ter_collect(mutator);
    assert_int_equal(ter_finalizers_run(heap), 1);
    assert_int_equal(((struct node *)finalized)->number, 3);
    ter_collect(mutator);
    assert_int_equal(ter_finalizers_run(heap), 1);
    assert_int_equal(((struct node *)finalized)->number, 2);
    TER_FRAME_END(mutator, local);
}

/* All of a chain that begins at an object that is to be finalized. */
static void finalizers_find_chains(void **state)
{
    TER_ROOTS(mutator, local, struct table * table; struct node * key;);
    (void)state;
    chain /= OTHER_CHAINS;
    local.table = make_table(chain);
    local.key = make_chain(&local.table, descending, true, node_kind);
    assert_int_equal(ter_finalizer_set(heap, local.key, finalize, NULL), TER_OK);
    local.key = NULL;
    ter_collect(mutator);
    assert_int_equal(count_elements(local.table), chain);
    assert_true(heap->collector.ephemerons.looks <= 8 * (chain + 4096 / sizeof(struct element)));
    assert_int_equal(ter_finalizers_run(heap), 1);
    ter_collect(mutator);
    assert_int_equal(count_elements(local.table), 0);
    TER_FRAME_END(mutator, local);
}

/* A guarded object comes back with what was kept for it; weak references to it are gone. */
static void guardians_find_what_was_kept(void **state)
{
    struct ter_guardian *guardian;
    TER_ROOTS(mutator, local, void *ephemeron; struct node * key; void **weak;);

    (void)state;
    assert_int_equal(ter_guardian_new(heap, &guardian), TER_OK);
    local.key = make_node(1);
    local.weak = allocate(weak_kind, sizeof(void *));
    local.weak[0] = local.key;
    local.ephemeron = make_node(2);
    local.ephemeron = ter_ephemeron_new(mutator, local.key, local.ephemeron);
    assert_int_equal(ter_guardian_add(heap, guardian, local.key, local.key), TER_OK);
    local.key = NULL;
    for (unsigned i = 0; i < 2; i++) {
        ter_collect(mutator);
        assert_null(ter_weak_get(mutator, local.weak));
        assert_int_equal(((struct node *)ter_ephemeron_value(mutator, local.ephemeron))->number, 2);
    }
    local.key = ter_guardian_poll(heap, guardian);
    assert_ptr_equal(local.key, ter_ephemeron_key(mutator, local.ephemeron));
    assert_int_equal(local.key->number, 1);
    local.key = NULL;
    ter_collect(mutator);
    assert_null(ter_ephemeron_value(mutator, local.ephemeron));
    ter_guardian_free(heap, guardian);
    TER_FRAME_END(mutator, local);
}

/* ---- Random tables ---- */

#define NODES 60u
#define PAIRS 50u

struct model {
    size_t first[NODES], second[NODES]; /* NODES: none */
    size_t key[PAIRS], value[PAIRS];
    bool root[NODES], reached[NODES];
};

static size_t node_or_none(struct ter_random *random)
{
    return test_below(random, 3) == 0 ? test_below(random, NODES) : NODES;
}

static void make_model(struct model *model, struct ter_random *random)
{
    for (size_t i = 0; i < NODES; i++) {
        model->first[i] = node_or_none(random);
        model->second[i] = node_or_none(random);
        model->root[i] = test_below(random, 12) == 0;
    }
    for (size_t i = 0; i < PAIRS; i++) {
        model->key[i] = test_below(random, NODES);
        model->value[i] = test_below(random, NODES);
    }
}

static void reach(struct model *model, size_t node)
{
    if (node == NODES || model->reached[node])
        return;
    model->reached[node] = true;
    reach(model, model->first[node]);
    reach(model, model->second[node]);
}

static void predict(struct model *model)
{
    bool more = true;

    memset(model->reached, 0, sizeof model->reached);
    for (size_t i = 0; i < NODES; i++)
        if (model->root[i])
            reach(model, i);
    while (more) {
        more = false;
        for (size_t i = 0; i < PAIRS; i++)
            if (model->reached[model->key[i]] && !model->reached[model->value[i]]) {
                reach(model, model->value[i]);
                more = true;
            }
    }
}

struct built {
    struct ter_frame frame;
    struct node *nodes[NODES];
    struct table *tables[3];
};

#define BUILT_SHAPE TER_FRAME_SHAPE(NODES + 3, TER_ROOT_EXACT)

static void build(const struct model *model, struct built *built)
{
    for (size_t i = 0; i < NODES; i++)
        built->nodes[i] = make_node(i);
    for (size_t i = 0; i < 3; i++)
        built->tables[i] = make_table(PAIRS);
    for (size_t i = 0; i < NODES; i++) {
        struct node *node = built->nodes[i];

        ter_write_object(mutator, node);
        node->first = model->first[i] == NODES ? NULL : built->nodes[model->first[i]];
        node->second = model->second[i] == NODES ? NULL : built->nodes[model->second[i]];
    }
    for (size_t i = 0; i < PAIRS; i++) {
        ter_write_object(mutator, built->tables[i % 3]);
        built->tables[i % 3]->elements[i] =
            (struct element){built->nodes[model->key[i]], built->nodes[model->value[i]]};
    }
    for (size_t i = 0; i < NODES; i++)
        if (!model->root[i])
            built->nodes[i] = NULL;
}

static void compare(const struct model *model, const struct built *built)
{
    for (size_t i = 0; i < PAIRS; i++) {
        const struct element *element = &built->tables[i % 3]->elements[i];

        assert_int_equal(element->key != NULL, model->reached[model->key[i]]);
        assert_int_equal(element->value != NULL, model->reached[model->key[i]]);
        if (element->key == NULL)
            continue;
        assert_int_equal(element->key->number, model->key[i]);
        assert_int_equal(element->value->number, model->value[i]);
    }
}

static void random_tables(void **state)
{
    struct ter_random random = test_random();

    (void)state;
    for (unsigned round = 0; round < test_iterations(40); round++) {
        struct built built = {.frame = {NULL, 0}};
        struct model model;

        ter_frame_push(mutator, &built.frame, BUILT_SHAPE);
        make_model(&model, &random);
        build(&model, &built);
        predict(&model);
        ter_collect(mutator);
        compare(&model, &built);
        for (size_t i = 0; i < NODES; i++)
            if (model.root[i] && test_below(&random, 2) == 0) {
                model.root[i] = false;
                built.nodes[i] = NULL;
            }
        predict(&model);
        ter_collect(mutator);
        compare(&model, &built);
        ter_frame_pop(mutator, &built.frame);
    }
}

/* ---- Without memory ---- */

/* Whatever call is refused, what is reached stays; the next collection finds the rest. */
static void refused_memory_keeps_too_much_at_most(void **state)
{
    struct ter_random random = test_random();

    (void)state;
    ter_log_set_level(TER_LOG_SILENT);
    for (unsigned round = 0; round < 40; round++) {
        struct built built = {.frame = {NULL, 0}};
        struct model model;

        ter_frame_push(mutator, &built.frame, BUILT_SHAPE);
        make_model(&model, &random);
        build(&model, &built);
        predict(&model);
        test_fail_calls(TEST_ALL_CALLS, round % 10, round < 10 ? 1 : TEST_FOR_EVER);
        ter_collect(mutator);
        test_stop_failing(NULL);
        for (size_t i = 0; i < PAIRS; i++)
            if (model.reached[model.key[i]])
                assert_int_equal(built.tables[i % 3]->elements[i].value->number, model.value[i]);
        ter_collect(mutator);
        compare(&model, &built);
        ter_frame_pop(mutator, &built.frame);
    }
}

/* A small stack of marks overflows in the middle. */
static void chains_without_memory(void **state)
{
    TER_ROOTS(mutator, local, struct table * table; struct node * key;);
    (void)state;
    ter_log_set_level(TER_LOG_SILENT);
    chain /= OTHER_CHAINS;
    local.table = make_table(chain);
    local.key = make_chain(&local.table, ascending, false, node_kind);
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    ter_collect(mutator);
    test_stop_failing(NULL);
    assert_int_equal(count_elements(local.table), chain);
    local.key = NULL;
    ter_collect(mutator);
    assert_int_equal(count_elements(local.table), 0);
    TER_FRAME_END(mutator, local);
}

/* ---- Without collections ---- */

static void nothing_goes_where_nothing_is_collected(void **state)
{
    struct ter_guardian *guardian;
    TER_ROOTS(mutator, local, struct table * table; void *ephemeron; struct node * key;);

    (void)state;
    assert_int_equal(ter_guardian_new(heap, &guardian), TER_OK);
    local.table = make_table(2);
    make_two(&local.table);
    local.key = make_node(1);
    local.ephemeron = ter_ephemeron_new(mutator, local.key, local.key);
    assert_int_equal(ter_guardian_add(heap, guardian, local.key, local.key), TER_OK);
    local.key = NULL;
    ter_collect(mutator);
    assert_int_equal(count_elements(local.table), 2);
    assert_int_equal(((struct node *)ter_ephemeron_key(mutator, local.ephemeron))->number, 1);
    assert_null(ter_guardian_poll(heap, guardian));
    TER_FRAME_END(mutator, local);
}

/* ---- Under every plan ---- */

#define UNDER(runner, test, options)                                                               \
    {                                                                                              \
#test " (" options ")", runner, NULL, NULL, &(struct way)                                  \
        {                                                                                          \
            test, options                                                                          \
        }                                                                                          \
    }
#define EPHEMERON_TEST(test, options) UNDER(under_one_plan, test, options)
#define EACH_PLAN(test, options) UNDER(under_each_plan, test, options)
#define ALL_TESTS(options)                                                                         \
    EACH_PLAN(a_value_is_kept_while_its_key_is, options),                                          \
        EACH_PLAN(a_value_that_leads_to_its_key_keeps_nothing, options),                           \
        EACH_PLAN(chains_take_linear_time, options), EACH_PLAN(tables_behind_tables, options),     \
        EACH_PLAN(keys_in_a_large_ambiguous_value, options),                                       \
        EACH_PLAN(keys_that_are_pinned, options),                                                  \
        EACH_PLAN(keys_that_ambiguous_words_keep, options),                                        \
        EACH_PLAN(tables_that_name_themselves, options), EACH_PLAN(chains_across_kinds, options),  \
        EACH_PLAN(finalizers_find_what_was_kept_for_their_object, options),                        \
        EACH_PLAN(order_counts_what_ephemerons_keep, options),                                     \
        EACH_PLAN(finalizers_find_chains, options),                                                \
        EACH_PLAN(guardians_find_what_was_kept, options), EACH_PLAN(random_tables, options),       \
        EACH_PLAN(refused_memory_keeps_too_much_at_most, options),                                 \
        EACH_PLAN(chains_without_memory, options)
#define CHECKED ",check_heap=2,poison=1,check_barriers=1"

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALL_TESTS("stacks=exact"),
        ALL_TESTS("stacks=exact" CHECKED),
        /* Under stress helpers mark too. */
        EPHEMERON_TEST(random_tables, "stacks=exact,plan=mark-sweep,stress=1000000,markers=3"),
        EPHEMERON_TEST(chains_take_linear_time,
                       "stacks=exact,plan=mark-sweep,stress=100000000,markers=2"),
        EPHEMERON_TEST(random_tables, "stacks=exact,plan=mark-sweep,objects=malloc"),
        EPHEMERON_TEST(random_tables, "stacks=exact,plan=semispace,stress=50" CHECKED),
        EPHEMERON_TEST(chains_across_kinds, "stacks=exact,plan=semispace,stress=50" CHECKED),
        EPHEMERON_TEST(nothing_goes_where_nothing_is_collected, "stacks=exact,plan=no-gc"),
        EPHEMERON_TEST(nothing_goes_where_nothing_is_collected,
                       "stacks=exact,plan=no-gc" CHECKED ",stress=10"),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
