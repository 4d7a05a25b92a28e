/* SPDX-License-Identifier: MIT */
/*
 * Everything that holds an address of an object in a local variable is not inlined, so that the
 * frames that stay while the heap collects hold none.
 */
#include "shadow.h"

#include "small_heap.h"

#define LARGEST ((size_t)100 * 1024)
#define PATTERN_SEEDS 4096u
#define MASK ((uintptr_t)-1) /* links of traced objects are stored inverted */

static unsigned char pattern[LARGEST + PATTERN_SEEDS + 16];

/* Bytes below 16: no word of them is an address of a heap. */
static void fill_pattern(void)
{
    struct ter_random random = {1};

    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (unsigned char)test_below(&random, 16);
}

static void trace(void *context, struct ter_trace *way, uintptr_t object, size_t bytes)
{
    const uintptr_t *words = (const uintptr_t *)object;

    (void)context;
    for (unsigned i = 0; i < SHADOW_LINKS && (i + 1) * sizeof *words <= bytes; i++)
        if (words[i] > MASK / 16 && (words[i] ^ MASK) != 0)
            ter_trace_word(way, words[i] ^ MASK);
}

/* ---- Life ---- */

struct shadow *shadow_new(const char *text, struct ter_random random)
{
    struct shadow *shadow = calloc(1, sizeof *shadow);
    struct ter_options options;

    assert_non_null(shadow);
    fill_pattern();
    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, "scan_program=0,scan_libraries=0", NULL, 0), 0);
    test_parse_options(&options, text);
    shadow->random = random;
    shadow->largest = LARGEST;
    shadow->roots = calloc(SHADOW_ROOTS, sizeof *shadow->roots);
    assert_non_null(shadow->roots);
    for (size_t i = 0; i < SHADOW_ROOTS; i++)
        shadow->root_of[i] = SHADOW_NONE;
    if (ter_heap_new(&options, &shadow->heap) != TER_OK)
        goto no_heap;
    if (ter_mutator_bind(shadow->heap, &shadow->mutator) != TER_OK)
        goto no_mutator;
    if (ter_roots_add_range(shadow->heap, shadow->roots, shadow->roots + SHADOW_ROOTS) != TER_OK)
        goto no_roots;
    assert_int_equal(ter_kind_add(shadow->heap, trace, NULL, &shadow->traced_kind), TER_OK);
    return shadow;
no_roots:
    ter_mutator_unbind(shadow->mutator);
no_mutator:
    ter_heap_free(shadow->heap);
no_heap:
    free(shadow->roots);
    free(shadow);
    return NULL;
}

void shadow_free(struct shadow *shadow)
{
    ter_mutator_unbind(shadow->mutator);
    ter_heap_free(shadow->heap);
    free(shadow->roots);
    free(shadow);
}

/* ---- Objects ---- */

static bool may_refer(const struct shadow *shadow, unsigned kind)
{
    return kind == TER_KIND_NORMAL || kind == TER_KIND_UNCOLLECTABLE || kind == shadow->traced_kind;
}

static bool is_cleared(const struct shadow *shadow, unsigned kind)
{
    return may_refer(shadow, kind);
}

static bool is_uncollectable(unsigned kind)
{
    return kind == TER_KIND_UNCOLLECTABLE || kind == TER_KIND_ATOMIC_UNCOLLECTABLE;
}

static uintptr_t address_of(const struct shadow *shadow, uint32_t node)
{
    return (uintptr_t)test_show(shadow->nodes[node].hidden);
}

/* Remembers the word that a link of the node is stored as. */
static uintptr_t link_word(struct shadow *shadow, uint32_t index, unsigned i)
{
    struct shadow_node *node = &shadow->nodes[index];
    uintptr_t word = 0;

    if (node->target[i] != SHADOW_NONE)
        word = address_of(shadow, node->target[i]) + node->offset[i];
    node->word[i] = node->kind == shadow->traced_kind ? word ^ MASK : word;
    /* Objects that hold no references may hold such words, but they keep nothing. */
    if (!may_refer(shadow, node->kind))
        node->target[i] = SHADOW_NONE;
    return node->word[i];
}

static TER_NOINLINE void write_link(struct shadow *shadow, uint32_t index, unsigned i)
{
    ((uintptr_t *)address_of(shadow, index))[i] = link_word(shadow, index, i);
}

static const unsigned char *contents(const struct shadow_node *node)
{
    return pattern + node->seed;
}

static TER_NOINLINE void check_object(struct shadow *shadow, uint32_t index)
{
    const struct shadow_node *node = &shadow->nodes[index];
    uintptr_t object = address_of(shadow, index);
    size_t head = node->links * sizeof(uintptr_t);
    size_t middle = node->bytes == 0 ? 0 : test_below(&shadow->random, node->bytes);

    for (unsigned i = 0; i < node->links; i++)
        assert_int_equal(((uintptr_t *)object)[i], node->word[i]);
    assert_memory_equal((unsigned char *)object + head, contents(node) + head, node->bytes - head);
    assert_int_equal(ter_heap_find(shadow->heap, object).bits, object);
    assert_int_equal(ter_heap_find(shadow->heap, object + middle).bits, object);
    if (node->bytes > 0)
        assert_int_equal(ter_heap_find(shadow->heap, object + node->bytes - 1).bits, object);
    assert_true(ter_object_bytes(shadow->heap, ter_object_at(object)) >= node->bytes);
    shadow->checked++;
}

/* ---- Reachability ---- */

static void reach(struct shadow *shadow, size_t *depth, uint32_t index)
{
    if (index == SHADOW_NONE || shadow->nodes[index].reached)
        return;
    shadow->nodes[index].reached = true;
    shadow->stack[(*depth)++] = index;
}

static void reach_all(struct shadow *shadow)
{
    size_t depth = 0;

    for (uint32_t i = 0; i < SHADOW_NODES; i++)
        shadow->nodes[i].reached = false;
    for (size_t i = 0; i < SHADOW_ROOTS; i++)
        reach(shadow, &depth, shadow->root_of[i]);
    for (uint32_t i = 0; i < SHADOW_NODES; i++)
        if (shadow->nodes[i].hidden != 0 && is_uncollectable(shadow->nodes[i].kind))
            reach(shadow, &depth, i);
    while (depth > 0) {
        const struct shadow_node *node = &shadow->nodes[shadow->stack[--depth]];

        for (unsigned i = 0; i < node->links && may_refer(shadow, node->kind); i++)
            reach(shadow, &depth, node->target[i]);
    }
}

static size_t forget_unreached(struct shadow *shadow)
{
    size_t count = 0;

    reach_all(shadow);
    for (uint32_t i = 0; i < SHADOW_NODES; i++) {
        if (!shadow->nodes[i].reached)
            shadow->nodes[i].hidden = 0;
        count += shadow->nodes[i].hidden != 0;
    }
    return count;
}

size_t shadow_check(struct shadow *shadow)
{
    size_t count = forget_unreached(shadow);

    for (uint32_t i = 0; i < SHADOW_NODES; i++)
        if (shadow->nodes[i].hidden != 0)
            check_object(shadow, i);
    return count;
}

void shadow_check_if_collected(struct shadow *shadow)
{
    struct ter_statistics statistics;

    ter_heap_statistics(shadow->heap, &statistics, sizeof statistics);
    if (statistics.collections == shadow->collections)
        return;
    shadow->collections = statistics.collections;
    shadow_check(shadow);
}

static TER_NOINLINE void collect(struct shadow *shadow)
{
    ter_collect(shadow->mutator);
}

void shadow_collect(struct shadow *shadow)
{
    test_clear_stack();
    collect(shadow);
}

/* ---- Random operations ---- */

static size_t random_size(struct shadow *shadow)
{
    switch (test_below(&shadow->random, 40)) {
    case 0: return 1 + test_below(&shadow->random, shadow->largest);
    case 1:
    case 2: return test_below(&shadow->random, 9000);
    case 3: return 0;
    default: return test_below(&shadow->random, 200);
    }
}

static uint32_t free_node(struct shadow *shadow)
{
    for (unsigned pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < SHADOW_NODES; i++)
            if (shadow->nodes[i].hidden == 0)
                return i;
        forget_unreached(shadow);
    }
    return SHADOW_NONE;
}

/* A node that is reachable, from a few steps along links of a random root. */
static uint32_t random_reachable(struct shadow *shadow)
{
    uint32_t index = shadow->root_of[test_below(&shadow->random, SHADOW_ROOTS)];
    size_t steps = test_below(&shadow->random, 6);

    while (index != SHADOW_NONE && steps-- > 0) {
        const struct shadow_node *node = &shadow->nodes[index];
        uint32_t next;

        if (node->links == 0 || !may_refer(shadow, node->kind))
            break;
        next = node->target[test_below(&shadow->random, node->links)];
        if (next != SHADOW_NONE)
            index = next;
    }
    return index;
}

static void choose_link(struct shadow *shadow, struct shadow_node *node, unsigned i)
{
    uint32_t target = random_reachable(shadow);
    size_t offset = 0;

    if (target != SHADOW_NONE && shadow->nodes[target].bytes > 0 &&
        test_below(&shadow->random, 2) == 0)
        offset = test_below(&shadow->random, shadow->nodes[target].bytes);
    node->target[i] = target;
    node->offset[i] = offset;
}

static TER_NOINLINE bool make_object(struct shadow *shadow, uint32_t index)
{
    struct shadow_node *node = &shadow->nodes[index];
    unsigned char *object = ter_allocate(shadow->mutator, node->kind, node->bytes);

    if (object == NULL)
        return false;
    if (is_cleared(shadow, node->kind))
        for (size_t i = 0; i < node->bytes; i++)
            assert_int_equal(object[i], 0);
    memcpy(object, contents(node), node->bytes);
    node->hidden = test_hide(object);
    for (unsigned i = 0; i < node->links; i++)
        write_link(shadow, index, i);
    return true;
}

static void set_root(struct shadow *shadow, size_t slot, uint32_t index)
{
    uintptr_t word = 0;

    if (index != SHADOW_NONE) {
        const struct shadow_node *node = &shadow->nodes[index];

        word = address_of(shadow, index);
        if (node->bytes > 0 && test_below(&shadow->random, 3) == 0)
            word += test_below(&shadow->random, node->bytes);
    }
    shadow->root_of[slot] = index;
    shadow->roots[slot] = word;
}

/* Most objects hold the root that they replace, so that chains grow. */
static TER_NOINLINE void step_allocate(struct shadow *shadow)
{
    static const unsigned kinds[] = {TER_KIND_NORMAL, TER_KIND_NORMAL, TER_KIND_ATOMIC,
                                     TER_KIND_UNCOLLECTABLE, TER_KIND_ATOMIC_UNCOLLECTABLE};
    size_t slot = test_below(&shadow->random, SHADOW_ROOTS);
    size_t choice = test_below(&shadow->random, 40);
    uint32_t index = free_node(shadow);
    struct shadow_node *node;

    if (index == SHADOW_NONE)
        return;
    node = &shadow->nodes[index];
    *node = (struct shadow_node){.bytes = random_size(shadow)};
    node->kind = choice < 2    ? kinds[3 + choice]
                 : choice < 12 ? shadow->traced_kind
                               : kinds[choice % 3];
    node->seed = (unsigned)test_below(&shadow->random, PATTERN_SEEDS) & ~15u;
    node->links = (unsigned)ter_min(SHADOW_LINKS, node->bytes / sizeof(uintptr_t));
    for (unsigned i = 0; i < node->links; i++)
        choose_link(shadow, node, i);
    if (node->links > 0 && test_below(&shadow->random, 4) != 0) {
        node->target[0] = shadow->root_of[slot];
        node->offset[0] = 0;
    }
    if (!make_object(shadow, index)) {
        shadow->refused++;
        return;
    }
    set_root(shadow, slot, index);
}

static TER_NOINLINE void step_link(struct shadow *shadow)
{
    uint32_t index = random_reachable(shadow);
    unsigned i;

    if (index == SHADOW_NONE || shadow->nodes[index].links == 0)
        return;
    i = (unsigned)test_below(&shadow->random, shadow->nodes[index].links);
    choose_link(shadow, &shadow->nodes[index], i);
    write_link(shadow, index, i);
}

/* After a node went or moved: what named it names it no more, or its new address. */
static void update_links(struct shadow *shadow, uint32_t index, bool gone)
{
    for (uint32_t n = 0; n < SHADOW_NODES; n++)
        for (unsigned i = 0; shadow->nodes[n].hidden != 0 && i < shadow->nodes[n].links; i++) {
            struct shadow_node *node = &shadow->nodes[n];

            if (node->target[i] != index)
                continue;
            node->target[i] = gone ? SHADOW_NONE : index;
            node->offset[i] = 0;
            write_link(shadow, n, i);
        }
    for (size_t i = 0; i < SHADOW_ROOTS; i++)
        if (shadow->root_of[i] == index)
            set_root(shadow, i, gone ? SHADOW_NONE : index);
}

static TER_NOINLINE void step_free(struct shadow *shadow)
{
    uint32_t index = (uint32_t)test_below(&shadow->random, SHADOW_NODES);

    /* Links to what is not reachable may be dangling, so those are forgotten first. */
    forget_unreached(shadow);
    if (shadow->nodes[index].hidden == 0)
        index = random_reachable(shadow);
    if (index == SHADOW_NONE)
        return;
    check_object(shadow, index);
    update_links(shadow, index, true);
    ter_free(shadow->mutator, (void *)address_of(shadow, index));
    assert_int_equal(ter_heap_find(shadow->heap, address_of(shadow, index)).bits, 0);
    shadow->nodes[index].hidden = 0;
}

static TER_NOINLINE void step_reallocate(struct shadow *shadow)
{
    size_t bytes = random_size(shadow);
    struct shadow_node *node;
    unsigned char *moved;
    uint32_t index;
    size_t old;

    forget_unreached(shadow);
    index = random_reachable(shadow);
    if (index == SHADOW_NONE)
        return;
    node = &shadow->nodes[index];
    old = node->bytes;
    if (bytes < node->links * sizeof(uintptr_t))
        return;
    moved = ter_reallocate(shadow->mutator, (void *)address_of(shadow, index), bytes);
    if (moved == NULL) {
        shadow->refused++;
        check_object(shadow, index);
        return;
    }
    for (size_t i = old; i < bytes && is_cleared(shadow, node->kind); i++)
        assert_int_equal(moved[i], 0);
    node->bytes = bytes;
    node->hidden = test_hide(moved);
    if (bytes > old)
        memcpy(moved + old, contents(node) + old, bytes - old);
    update_links(shadow, index, false);
    check_object(shadow, index);
}

void shadow_step(struct shadow *shadow)
{
    size_t choice = test_below(&shadow->random, 100);

    if (choice < 60)
        step_allocate(shadow);
    else if (choice < 85)
        step_link(shadow);
    else if (choice < 92)
        set_root(shadow, test_below(&shadow->random, SHADOW_ROOTS), SHADOW_NONE);
    else if (choice < 96)
        step_free(shadow);
    else
        step_reallocate(shadow);
    shadow_check_if_collected(shadow);
}

static void clear_object(void *context, ter_object object, size_t bytes)
{
    (void)context;
    memset((void *)object.bits, 0, bytes);
}

/*
 * What is dropped is cleared as well: a word that the collector's own frames left behind may keep
 * an object, but not all that hung on it.
 */
void shadow_drop_all(struct shadow *shadow)
{
    for (size_t i = 0; i < SHADOW_ROOTS; i++)
        set_root(shadow, i, SHADOW_NONE);
    for (uint32_t i = 0; i < SHADOW_NODES; i++) {
        if (shadow->nodes[i].hidden != 0 && is_uncollectable(shadow->nodes[i].kind))
            ter_free(shadow->mutator, (void *)address_of(shadow, i));
        shadow->nodes[i].hidden = 0;
    }
    ter_heap_for_each_object(shadow->heap, clear_object, NULL);
}
