/* SPDX-License-Identifier: MIT */
/*
 * The heap of a family of states: how it is made, and how it ends.
 *
 * It is exact, stops at safepoints alone, marks in the thread that collects, belongs to whatever
 * thread calls Lua, one at a time, and is held from collecting by itself. The rest is as
 * TERRIER_OPTIONS says.
 */
#define lheap_c
#define LUA_CORE

#include "lprefix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lfinal.h"
#include "lgc.h"
#include "lvisit.h"

#define WISHES "stacks=exact,stop=safepoints,heap_initial=64K"

static int read_options(struct ter_options *options)
{
    char message[200] = "";
    ter_status status;

    ter_options_init(options);
    status = ter_options_parse(options, WISHES, message, sizeof message);
    if (status == TER_OK)
        status = ter_options_read_environment(options, message, sizeof message);
    if (status != TER_OK) {
        fprintf(stderr, "lua: TERRIER_OPTIONS: %s\n", message);
        return 0;
    }
    strcpy(options->stacks, "exact");
    strcpy(options->stop, "safepoints");
    options->markers = 1; /* visitors count, and list weak tables */
    return 1;
}

static int ages(const char *plan)
{
    return strcmp(plan, "sticky-mark-sweep") == 0 || strcmp(plan, "young-immix") == 0 ||
           strcmp(plan, "gen-copy") == 0;
}

/* A round begins: all objects are to be counted anew, or young ones besides. */
static void begin_round(void *context, const struct ter_collection_event *event)
{
    lheap *heap = &((global_State *)context)->heap;

    if (event->phase != TER_PHASE_STOPPED)
        return;
    heap->whole = !event->young;
    heap->collecting = 1;
    heap->weak_values = heap->ephemerons = heap->all_weak = heap->dead_keys = NULL;
    heap->threads = NULL;
    if (!heap->whole)
        return;
    heap->epoch = heap->epoch == 1 ? 2 : 1;
    heap->owned = 0;
}

static int fill_heap(global_State *g)
{
    lheap *heap = &g->heap;

    if (ter_mutator_bind(heap->heap, &heap->mutator) != TER_OK)
        return 0;
    if (!lheap_definekinds(g) || ter_mutator_roam(heap->mutator) != TER_OK ||
        ter_roots_add_visitor(heap->heap, lheap_visitroots, g) != TER_OK) {
        ter_mutator_unbind(heap->mutator);
        return 0;
    }
    ter_heap_on_collection(heap->heap, begin_round, g);
    ter_weak_set_function(heap->heap, lheap_weakstep, g);
    ter_collections_hold(heap->heap);
    return 1;
}

void *luaC_open(global_State *g, size_t main_bytes)
{
    struct ter_options options;
    lheap *heap = &g->heap;

    memset(heap, 0, sizeof *heap);
    heap->epoch = 1;
    heap->blocks = (l_mem)sizeof(global_State);
    if (!read_options(&options) || ter_heap_new(&options, &heap->heap) != TER_OK)
        return NULL;
    if (!fill_heap(g)) {
        ter_heap_free(heap->heap);
        return NULL;
    }
    heap->has_young = cast_byte(ages(options.plan));
    heap->stress = options.stress_polls;
    return ter_allocate(heap->mutator, LHEAP_THREAD, main_bytes);
}

/* Without memory for it all buckets are looked at. */
void luaC_resizedstrings(global_State *g, size_t buckets)
{
    lheap *heap = &g->heap;

    if (!heap->has_young)
        return;
    free(heap->fresh);
    heap->fresh_words = (buckets + 63) / 64;
    heap->fresh = malloc(heap->fresh_words * sizeof *heap->fresh);
    if (heap->fresh != NULL)
        memset(heap->fresh, 0xFF, heap->fresh_words * sizeof *heap->fresh);
}

void luaC_shut(global_State *g)
{
    free(g->heap.fresh);
    lheap_freelists(g);
    ter_mutator_unbind(g->heap.mutator);
    ter_heap_free(g->heap.heap);
}
