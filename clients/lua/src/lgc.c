/* SPDX-License-Identifier: MIT */
/*
 * When a state collects, and what it does afterwards.
 *
 * The heap never collects by itself: here is where it is asked to, at a poll that finds a debt, in
 * a full collection, or in an emergency. The debt is as in the manual: with a pause of 200 a
 * collection comes when twice as much is in use as the last one left.
 */
#define lgc_c
#define LUA_CORE

#include "lprefix.h"

#include "ldo.h"
#include "lfinal.h"
#include "lgc.h"
#include "lstring.h"
#include "lvisit.h"

/* A collection comes after so many new bytes at least, whatever the pause. */
#define LEAST_ROOM (256 * 1024)
/* Of a host that counts what it gives, and may have a limit. */
#define LEAST_ROOM_OF_HOST (32 * 1024)
/* Where young objects are collected by themselves: after a part of what is in use, within these. */
#define LEAST_YOUNG (512 * 1024)
#define MOST_YOUNG (2 * 1024 * 1024)

/* ---- One collection ---- */

/* What was allocated since the last one and is gone is known now. */
static void account(global_State *g)
{
    const lheap *heap = &g->heap;

    g->totalbytes =
        heap->owned + heap->strings + heap->blocks + (l_mem)heap->loose_bytes - g->GCdebt;
}

/* What runs goes on to write to its stack; those that are only large are touched for nothing. */
static void touch_running(lua_State *L)
{
    lua_State *th = G(L)->heap.threads;

    luaC_touch(L);
    luaC_touch(G(L)->mainthread);
    for (; th != NULL; th = th->gclist == NULL ? NULL : gco2th(th->gclist)) {
        th->marked &= cast_byte(~LHEAP_LISTED);
        luaC_touch(th);
    }
}

static void collect(lua_State *L, int young)
{
    global_State *g = G(L);

    g->gcstopem = 1;
    g->heap.running = L;
    if (young)
        ter_collect_young(g->heap.mutator);
    else
        ter_collect(g->heap.mutator);
    g->heap.running = NULL;
    touch_running(L);
    account(g);
    g->gcstopem = 0;
}

/* ---- Afterwards ---- */

static void shrink_stacks(const global_State *g)
{
    lua_State *th = g->heap.threads, *next;

    for (; th != NULL; th = next) {
        next = th->gclist == NULL ? NULL : gco2th(th->gclist);
        luaD_shrinkstack(th);
    }
}

/* Strings have just gone, and others are about to come: so it is not made too small. */
static void shrink_strings(lua_State *L)
{
    stringtable *strings = &G(L)->strt;

    if (strings->nuse < strings->size / 8)
        luaS_resize(L, strings->size / 2);
}

static l_mem least_room(const global_State *g)
{
    return g->heap.of_host ? LEAST_ROOM_OF_HOST : LEAST_ROOM;
}

/* So much may be in use when all objects are collected next, by the pause. */
static l_mem bound_of(const global_State *g)
{
    l_mem used = (l_mem)gettotalbytes(g), part = used / 100, pause = getgcparam(g->gcpause);
    l_mem least = used + used / 8 + least_room(g), bound;

    bound = pause < MAX_LMEM / part ? part * pause : MAX_LMEM;
    return bound < least ? least : bound;
}

/* The next collection comes when that many bytes are new. */
static l_mem room_of(const global_State *g)
{
    l_mem used = (l_mem)gettotalbytes(g), room = g->heap.bound - used, young = used / 4;

    if (!g->heap.young_pays)
        return room;
    young = young < LEAST_YOUNG ? LEAST_YOUNG : young > MOST_YOUNG ? MOST_YOUNG : young;
    return room < young && room > LEAST_YOUNG / 2 ? room : young;
}

/* The heap learns what collections of young objects are worth. */
static void set_bounds(global_State *g)
{
    lheap *heap = &g->heap;

    if (heap->whole) {
        heap->bound = bound_of(g);
        heap->room = heap->bound - (l_mem)gettotalbytes(g);
    }
    heap->young_pays =
        heap->has_young && ter_collections_weigh(heap->heap, (size_t)heap->room) != 0;
}

static void finish(lua_State *L)
{
    global_State *g = G(L);

    set_bounds(g);
    if (!g->gcemergency) {
        if (g->heap.whole)
            shrink_stacks(g);
        shrink_strings(L);
        lheap_callready(L);
    }
    luaE_setdebt(g, g->heap.stress != 0 ? 1 : -room_of(g));
}

void luaC_begin(lua_State *L)
{
    global_State *g = G(L);

    luaE_setdebt(g, g->heap.stress != 0 ? 1 : -least_room(g));
}

/* Under stress all polls come here, and some of them collect. Without a debt it is no poll: the
 * program asked for a step. */
static int is_due(global_State *g)
{
    lheap *heap = &g->heap;

    return heap->stress == 0 || g->GCdebt <= 0 || ++heap->polls % heap->stress == 0;
}

void luaC_step(lua_State *L)
{
    global_State *g = G(L);

    if (!gcrunning(g) || !is_due(g))
        return;
    collect(L, g->heap.has_young && (l_mem)gettotalbytes(g) < g->heap.bound);
    finish(L);
}

void luaC_fullgc(lua_State *L, int isemergency)
{
    global_State *g = G(L);

    g->gcemergency = cast_byte(isemergency);
    collect(L, 0);
    finish(L);
    g->gcemergency = 0;
}

void luaC_changemode(lua_State *L, int newmode)
{
    global_State *g = G(L);

    g->gckind = cast_byte(newmode);
    g->gcstate = newmode == KGC_GEN ? GCSpropagate : GCSpause;
}

void luaC_fix(lua_State *L, GCObject *o)
{
    lheap *heap = &G(L)->heap;

    lua_assert(heap->fixed_count < LHEAP_FIXED_MOST);
    heap->fixed[heap->fixed_count++] = o;
}
