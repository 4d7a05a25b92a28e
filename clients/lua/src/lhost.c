/* SPDX-License-Identifier: MIT */
/*
 * Memory of a host's own allocator (lua_newstate with a function of its own): objects and their
 * parts come from it one by one, with exact sizes, and tags as the manual says.
 *
 * Invariant: whichever allocator the state has now is called, so one that lua_setallocf sets gets
 * the old blocks with their sizes. `payer` is the state from before its first object until its last
 * one was given back, when the heap has no state to collect for any more.
 */
#define lhost_c
#define LUA_CORE

#include "lprefix.h"

#include <stdlib.h>

#include "lgc.h"
#include "lhost.h"

/* What the manual lets a function know of a new object; of a part, nothing. */
static size_t tag_of(unsigned kind)
{
    switch (kind) {
    case LHEAP_SHORT_STRING:
    case LHEAP_LONG_STRING: return LUA_TSTRING;
    case LHEAP_TABLE: return LUA_TTABLE;
    case LHEAP_LUA_CLOSURE:
    case LHEAP_C_CLOSURE: return LUA_TFUNCTION;
    case LHEAP_USERDATA: return LUA_TUSERDATA;
    case LHEAP_THREAD: return LUA_TTHREAD;
    case LHEAP_UPVALUE: return LUA_TUPVAL;
    case LHEAP_PROTOTYPE: return LUA_TPROTO;
    default: return 0;
    }
}

static void *call_allocator(const void *home, void *block, size_t osize, size_t nsize)
{
    const global_State *g = ((const struct lheap_home *)home)->payer;

    return (*g->frealloc)(g->ud, block, osize, nsize);
}

static void *new_block(void *home, size_t bytes, unsigned kind)
{
    return call_allocator(home, NULL, tag_of(kind), bytes);
}

static void *resize_block(void *home, void *block, size_t old_bytes, size_t bytes, unsigned kind)
{
    (void)kind;
    return call_allocator(home, block, old_bytes, bytes);
}

static void free_block(void *home, void *block, size_t bytes, unsigned kind)
{
    (void)kind;
    (void)call_allocator(home, block, bytes, 0);
}

int lhost_begin(struct lheap_home *home, global_State *g)
{
    const struct ter_memory_functions functions = {
        .allocate = new_block, .resize = resize_block, .free = free_block, .context = home};

    home->payer = g;
    return ter_heap_set_memory(home->heap, &functions) == TER_OK;
}

int lhost_end(struct lheap_home *home)
{
    struct ter_statistics statistics;

    ter_heap_statistics(home->heap, &statistics, sizeof statistics);
    if (statistics.used_bytes != 0)
        return 0;
    home->payer = NULL;
    return 1;
}

/* ---- The allocator of luaL_newstate ---- */

void *luaC_plainalloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
    (void)ud, (void)osize;
    if (nsize != 0)
        return realloc(ptr, nsize);
    free(ptr);
    return NULL;
}
