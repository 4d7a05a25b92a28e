/* SPDX-License-Identifier: MIT */
#include "graph.h"

static bool is_reached(void *context, uintptr_t object)
{
    const struct graph *graph = context;
    size_t node = graph_node(object);

    return node == SIZE_MAX || graph->reached[node];
}

static uintptr_t reach(void *context, uintptr_t object)
{
    struct graph *graph = context;
    size_t node = graph_node(object);

    if (node == SIZE_MAX || graph->reached[node])
        return object;
    graph->reached[node] = true;
    for (size_t i = 0; i < GRAPH_NODES; i++)
        if (graph->edge[node][i])
            reach(graph, graph_address(i));
    return object;
}

/* Nothing moves. */
static uintptr_t now_at(void *context, uintptr_t address)
{
    (void)context;
    return address;
}

static void reach_children(void *context, uintptr_t object)
{
    const struct graph *graph = context;
    size_t node = graph_node(object);

    for (size_t i = 0; i < GRAPH_NODES; i++)
        if (graph->edge[node][i])
            reach(context, graph_address(i));
}

static void reach_children_but_self(void *context, uintptr_t object)
{
    const struct graph *graph = context;
    size_t node = graph_node(object);

    for (size_t i = 0; i < GRAPH_NODES; i++)
        if (i != node && graph->edge[node][i])
            reach(context, graph_address(i));
}

static void settle(void *context)
{
    (void)context;
}

void graph_init(struct graph *graph)
{
    *graph = (struct graph){.reach = {.is_reached = is_reached,
                                      .reach = reach,
                                      .moves = true,
                                      .now_at = now_at,
                                      .settle = settle,
                                      .drain = settle,
                                      .reach_children = reach_children,
                                      .reach_children_but_self = reach_children_but_self,
                                      .context = graph}};
}
