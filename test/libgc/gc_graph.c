/* SPDX-License-Identifier: MIT */
/*
 * A random graph beside a plain record of what it must be. In each round the graph changes, there
 * is a collection, and every node that the record can reach is compared with it. What the record
 * cannot reach is forgotten, and its memory must come back.
 *
 *     gc_graph [SEED]
 */
#include "check.h"

enum { SLOTS = 20000, ROOTS = 40, EDGES = 4, ROUNDS = 200, NONE = -1 };

struct node {
    struct node *edges[EDGES];
    uintptr_t number;
    uintptr_t serial;
    unsigned char rest[];
};

/* What must be: slots refer to each other by number. */
static struct slot {
    uintptr_t hidden; /* the node; 0 when the slot is free */
    int edges[EDGES];
    uintptr_t serial;
    size_t bytes;
    bool reached;
} slots[SLOTS];

static int root_slots[ROOTS];
static struct node *volatile roots[ROOTS]; /* the only ones the collector sees */
static int order[SLOTS];                   /* what is reached */
static struct node
    *volatile held[SLOTS]; /* while the graph changes: what was reached before that */
static size_t reached_count;
static uintptr_t serials;

static struct node *node_of(int slot)
{
    return slot == NONE ? NULL : reveal(slots[slot].hidden);
}

static void reach(int slot)
{
    if (slot == NONE || slots[slot].reached)
        return;
    slots[slot].reached = true;
    order[reached_count++] = slot;
}

static void find_reached(void)
{
    reached_count = 0;
    for (size_t i = 0; i < SLOTS; i++)
        slots[i].reached = false;
    for (size_t i = 0; i < ROOTS; i++)
        reach(root_slots[i]);
    for (size_t i = 0; i < reached_count; i++)
        for (size_t edge = 0; edge < EDGES; edge++)
            reach(slots[order[i]].edges[edge]);
    for (size_t i = 0; i < SLOTS; i++)
        if (!slots[i].reached)
            slots[i].hidden = 0;
}

static size_t random_rest(uint64_t *state)
{
    switch (random_below(state, 50)) {
    case 0: return random_below(state, 30000);
    case 1:
    case 2: return random_below(state, 3000);
    default: return random_below(state, 100);
    }
}

/* A new node in a free slot, or NONE. */
static int new_node(uint64_t *state)
{
    int slot = (int)random_below(state, SLOTS);
    struct node *node;

    if (slots[slot].hidden != 0)
        return NONE;
    slots[slot].bytes = random_rest(state);
    node = GC_malloc(sizeof *node + slots[slot].bytes);
    EXPECT(is_filled(node, 0, sizeof *node + slots[slot].bytes), "slot %d", slot);
    node->number = (uintptr_t)slot;
    node->serial = ++serials;
    /* Words that look like nothing else, also not like pointers. */
    memset(node->rest, 0xe0 + slot % 16, slots[slot].bytes);
    slots[slot].hidden = hide(node);
    slots[slot].serial = serials;
    for (size_t edge = 0; edge < EDGES; edge++)
        slots[slot].edges[edge] = NONE;
    return slot;
}

static void set_edge(int from, size_t edge, int to)
{
    slots[from].edges[edge] = to;
    node_of(from)->edges[edge] = node_of(to);
}

static void set_root(size_t root, int slot)
{
    root_slots[root] = slot;
    roots[root] = node_of(slot);
}

static int random_reached(uint64_t *state)
{
    return reached_count == 0 ? NONE : order[random_below(state, reached_count)];
}

/*
 * Only nodes that were reached before take part, and new ones that are linked at once. A node that
 * was cut off here may be linked again, so all are held until the end.
 */
static void change(uint64_t *state, size_t steps)
{
    for (size_t i = 0; i < reached_count; i++)
        held[i] = node_of(order[i]);
    for (size_t i = 0; i < steps; i++) {
        int from = random_reached(state), slot;

        switch (random_below(state, 8)) {
        case 0: set_root(random_below(state, ROOTS), random_reached(state)); break;
        case 1: set_root(random_below(state, ROOTS), NONE); break;
        case 2:
        case 3:
            if (from != NONE)
                set_edge(from, random_below(state, EDGES), random_reached(state));
            break;
        default:
            slot = new_node(state);
            if (slot == NONE)
                break;
            if (from == NONE || random_below(state, 10) == 0)
                set_root(random_below(state, ROOTS), slot);
            else
                set_edge(from, random_below(state, EDGES), slot);
            if (from != NONE && random_below(state, 2) == 0)
                set_edge(slot, random_below(state, EDGES), from);
            break;
        }
    }
    for (size_t i = 0; i < reached_count; i++)
        held[i] = NULL;
}

static void compare(int slot)
{
    const struct node *node = node_of(slot);

    EXPECT(node->number == (uintptr_t)slot && node->serial == slots[slot].serial,
           "slot %d holds node %zu, serial %zu not %zu", slot, (size_t)node->number,
           (size_t)node->serial, (size_t)slots[slot].serial);
    EXPECT(GC_base((void *)node) == node, "slot %d: %p is no object", slot, (const void *)node);
    EXPECT(is_filled(node->rest, 0xe0 + slot % 16, slots[slot].bytes), "slot %d, %zu bytes", slot,
           slots[slot].bytes);
    for (size_t edge = 0; edge < EDGES; edge++)
        EXPECT(node->edges[edge] == node_of(slots[slot].edges[edge]), "slot %d, edge %zu", slot,
               edge);
}

int main(int count, char **arguments)
{
    uint64_t state = check_seed(count, arguments);
    size_t rounds = check_scale(ROUNDS), heap = 0;

    GC_INIT();
    GC_set_warn_proc(GC_ignore_warn_proc); /* of large objects */
    for (size_t i = 0; i < ROOTS; i++)
        root_slots[i] = NONE;
    for (size_t round = 0; round < rounds; round++) {
        change(&state, 4000);
        collect();
        find_reached();
        for (size_t i = 0; i < reached_count; i++)
            compare(order[i]);
        if (round == rounds / 4)
            heap = GC_get_heap_size();
    }
    EXPECT(GC_get_heap_size() <= 2 * heap + ((size_t)8 << 20), "the heap grew from %zu to %zu",
           heap, GC_get_heap_size());
    return check_end();
}
