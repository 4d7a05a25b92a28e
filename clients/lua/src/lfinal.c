/* SPDX-License-Identifier: MIT */
/*
 * Finalizers. An object waits in a list from the setmetatable that marked it; when a collection
 * does not reach it, it becomes ready, later ones before earlier ones, and lives until its
 * finalizer was called. That is done at the poll that collected, once for each marking.
 *
 * Invariant: `ready` has room for all that waits, so a collection needs no memory for it.
 */
#define lfinal_c
#define LUA_CORE

#include "lprefix.h"

#include "ldo.h"
#include "lfinal.h"
#include "lgc.h"
#include "ltm.h"
#include "lvisit.h"

static void make_room(lua_State *L, lheap_list *list, size_t count)
{
    size_t room = list->room == 0 ? 16 : list->room * 2;

    if (count <= list->room)
        return;
    list->items = (GCObject **)luaM_saferealloc_(L, list->items, list->room * sizeof *list->items,
                                                 room * sizeof *list->items);
    list->room = room;
}

void luaC_checkfinalizer(lua_State *L, GCObject *o, Table *mt)
{
    global_State *g = G(L);
    lheap *heap = &g->heap;

    if ((o->marked & LHEAP_FINALIZED) != 0 || gfasttm(g, mt, TM_GC) == NULL ||
        (g->gcstp & GCSTPCLS) != 0)
        return;
    make_room(L, &heap->waiting, heap->waiting.count + 1);
    make_room(L, &heap->ready, heap->ready.count + heap->waiting.count + 1);
    heap->waiting.items[heap->waiting.count++] = o;
    o->marked |= LHEAP_FINALIZED;
}

static GCObject *take_ready(lheap *heap)
{
    GCObject *o = heap->ready.items[heap->ready_next++];

    if (heap->ready_next == heap->ready.count)
        heap->ready_next = heap->ready.count = 0;
    o->marked &= cast_byte(~LHEAP_FINALIZED);
    return o;
}

static void call_above(lua_State *L, void *unused)
{
    (void)unused;
    luaD_callnoyield(L, lheap_at(L->top) - 2, 0);
}

/* Calls a finalizer, in a state without hooks and collections; an error is a warning. */
static void call_finalizer(lua_State *L, const TValue *function, const TValue *object)
{
    global_State *g = G(L);
    lu_byte allowhook = L->allowhook, stopped = g->gcstp;
    int status;

    g->gcstp |= GCSTPGC;
    L->allowhook = 0;
    setobj2s(L, lheap_at(L->top)++, function);
    setobj2s(L, lheap_at(L->top)++, object);
    L->ci->callstatus |= CIST_FIN;
    status = luaD_pcall(L, call_above, NULL, savestack(L, lheap_at(L->top) - 2), 0);
    L->ci->callstatus &= (unsigned short)~CIST_FIN;
    L->allowhook = allowhook;
    g->gcstp = stopped;
    if (l_unlikely(status != LUA_OK)) {
        luaE_warnerror(L, "__gc");
        lheap_at(L->top)--;
    }
}

void lheap_callready(lua_State *L)
{
    lheap *heap = &G(L)->heap;

    while (heap->ready.count != 0) {
        const TValue *function;
        TValue object;

        setgcovalue(L, &object, take_ready(heap));
        function = luaT_gettmbyobj(L, &object, TM_GC);
        if (!notm(function))
            call_finalizer(L, function, &object);
    }
}

void luaC_finalizeall(lua_State *L)
{
    global_State *g = G(L);

    g->gcstp = GCSTPCLS;
    lheap_separate(&g->heap, NULL, 1);
    lheap_callready(L);
}

static void free_list(global_State *g, lheap_list *list)
{
    if (list->items != NULL)
        (*g->frealloc)(g->ud, list->items, list->room * sizeof *list->items, 0);
}

void lheap_freelists(global_State *g)
{
    free_list(g, &g->heap.waiting);
    free_list(g, &g->heap.ready);
}
