/* SPDX-License-Identifier: MIT */
/* A small graph with a tracer over it, in a plan's place. Node n has the address (n + 1) * 4096. */
#pragma once

#include "weak/weak.h"

#include "support.h"

#define GRAPH_NODES 24u

struct graph {
    struct ter_reach reach;
    bool edge[GRAPH_NODES][GRAPH_NODES];
    bool reached[GRAPH_NODES];
};

void graph_init(struct graph *graph);

TER_INLINE uintptr_t graph_address(size_t node)
{
    return (uintptr_t)(node + 1) * 4096;
}

/* SIZE_MAX for what is no node. */
TER_INLINE size_t graph_node(uintptr_t address)
{
    size_t node = address / 4096 - 1;

    return address % 4096 == 0 && node < GRAPH_NODES ? node : SIZE_MAX;
}
