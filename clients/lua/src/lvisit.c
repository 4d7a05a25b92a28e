/* SPDX-License-Identifier: MIT */
/*
 * Visitors: what each kind of object refers to, and how many bytes it and its parts have.
 *
 * References are gathered and reported some at a time. A visitor is called for each object that a
 * collection reaches, and counts it once; in a collection of young objects it is called for old
 * ones into which something was stored too, and they have been counted. Heap checks call it between
 * collections: then nothing is counted, listed or changed but what is the same each time.
 */
#define lvisit_c
#define LUA_CORE

#include "lprefix.h"

#include <string.h>

#include "lfunc.h"
#include "lgc.h"
#include "lstring.h"
#include "ltm.h"
#include "lvisit.h"

#define BATCH 32

typedef struct Batch {
    struct ter_trace *trace;
    size_t count;
    void *blocks[BATCH];
} Batch;

/* The blocks are not cleared: that would take longer than what is done with most of them. */
l_sinline Batch new_batch(struct ter_trace *trace)
{
    Batch batch;

    batch.trace = trace;
    batch.count = 0;
    return batch;
}

static void report(Batch *batch)
{
    if (batch->count != 0)
        ter_trace_objects(batch->trace, batch->blocks, batch->count);
    batch->count = 0;
}

l_sinline void reach(Batch *batch, void *block)
{
    if (block == NULL)
        return;
    if (l_unlikely(batch->count == BATCH))
        report(batch);
    batch->blocks[batch->count++] = block;
}

l_sinline void reach_value(Batch *batch, const TValue *value)
{
    if (iscollectable(value))
        reach(batch, lheap_blockof(gcvalue(value), rawtt(value)));
}

l_sinline void reach_key(Batch *batch, const Node *n)
{
    if (keyiscollectable(n))
        reach(batch, lheap_blockof(gckey(n), keytt(n)));
}

static void reach_values(Batch *batch, const TValue *value, size_t count)
{
    for (size_t i = 0; i < count; i++)
        reach_value(batch, &value[i]);
}

/* ---- Counting ---- */

/* The object was reached: its bytes are known again if they were not in this round. */
static void count(global_State *g, GCObject *o, size_t bytes)
{
    lheap *heap = &g->heap;

    if (!heap->collecting || (o->marked & LHEAP_EPOCHS) == heap->epoch)
        return;
    o->marked = cast_byte((o->marked & ~LHEAP_EPOCHS) | heap->epoch);
    heap->owned += (l_mem)bytes;
}

/* ---- Tables ---- */

enum lheap_hold lheap_hold(global_State *g, const Table *h)
{
    const TValue *mode = gfasttm(g, h->metatable, TM_MODE);
    int weak_keys, weak_values;

    if (mode == NULL || !ttisstring(mode))
        return LHEAP_STRONG;
    weak_keys = strchr(getstr(tsvalue(mode)), 'k') != NULL;
    weak_values = strchr(getstr(tsvalue(mode)), 'v') != NULL;
    if (weak_keys)
        return weak_values ? LHEAP_WEAK : LHEAP_WEAK_KEYS;
    return weak_values ? LHEAP_WEAK_VALUES : LHEAP_STRONG;
}

static size_t table_bytes(const Table *h, size_t array, size_t nodes)
{
    (void)h;
    return sizeof(Table) + array * sizeof(TValue) + nodes * sizeof(Node);
}

static void visit_nodes(Batch *batch, const Table *h, enum lheap_hold hold)
{
    Node *n = gnode(h, 0), *end = n + sizenode(h);

    for (; n < end; n++) {
        if (isempty(gval(n))) {
            lheap_clearkey(n);
            continue;
        }
        reach_key(batch, n);
        if (hold == LHEAP_STRONG)
            reach_value(batch, gval(n));
    }
}

/* To be seen to in the weak step. */
static void list_table(Table **list, Table *h)
{
    if (h->marked & LHEAP_LISTED)
        return;
    h->marked |= LHEAP_LISTED;
    h->gclist = *list == NULL ? NULL : obj2gco(*list);
    *list = h;
}

static void list_weak(lheap *heap, Table *h, enum lheap_hold hold)
{
    if (!heap->collecting || hold == LHEAP_STRONG)
        return;
    list_table(hold == LHEAP_WEAK          ? &heap->all_weak
               : hold == LHEAP_WEAK_VALUES ? &heap->weak_values
                                           : &heap->ephemerons,
               h);
}

static void visit_table(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    global_State *g = lheap_stateof(context);
    Table *h = (Table *)object;
    Batch batch = new_batch(trace);
    unsigned int array = h->alimit == 0 ? 0 : luaH_realasize(h);
    enum lheap_hold hold = h->metatable == NULL ? LHEAP_STRONG : lheap_hold(g, h);

    (void)bytes;
    count(g, obj2gco(h), table_bytes(h, array, isdummy(h) ? 0 : sizenode(h)));
    reach(&batch, h->metatable);
    if (array > 0)
        reach(&batch, h->array);
    if (!isdummy(h))
        reach(&batch, h->node);
    if (hold == LHEAP_STRONG || hold == LHEAP_WEAK_KEYS)
        reach_values(&batch, h->array, array);
    if (!isdummy(h) && (hold == LHEAP_STRONG || hold == LHEAP_WEAK_VALUES))
        visit_nodes(&batch, h, hold);
    list_weak(&g->heap, h, hold);
    report(&batch);
}

/* ---- Functions ---- */

static void visit_lua_closure(void *context, struct ter_trace *trace, uintptr_t object,
                              size_t bytes)
{
    LClosure *cl = (LClosure *)object;
    Batch batch = new_batch(trace);

    (void)bytes;
    count(lheap_stateof(context), obj2gco(cl), (size_t)sizeLclosure(cl->nupvalues));
    reach(&batch, cl->p);
    for (int i = 0; i < cl->nupvalues; i++)
        reach(&batch, cl->upvals[i]);
    report(&batch);
}

static void visit_c_closure(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    CClosure *cl = (CClosure *)object;
    Batch batch = new_batch(trace);

    (void)bytes;
    count(lheap_stateof(context), obj2gco(cl), (size_t)sizeCclosure(cl->nupvalues));
    reach_values(&batch, cl->upvalue, cl->nupvalues);
    report(&batch);
}

/* An open one too: when its thread is not reached, it is closed in this collection. */
static void visit_upvalue(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    UpVal *uv = (UpVal *)object;
    Batch batch = new_batch(trace);

    (void)bytes;
    count(lheap_stateof(context), obj2gco(uv), sizeof(UpVal));
    reach_value(&batch, lheap_at(uv->v));
    report(&batch);
}

static size_t prototype_bytes(const Proto *f)
{
    return sizeof(Proto) + (size_t)f->sizecode * sizeof(*f->code) +
           (size_t)f->sizep * sizeof(*f->p) + (size_t)f->sizek * sizeof(*f->k) +
           (size_t)f->sizelineinfo * sizeof(*f->lineinfo) +
           (size_t)f->sizeabslineinfo * sizeof(*f->abslineinfo) +
           (size_t)f->sizelocvars * sizeof(*f->locvars) +
           (size_t)f->sizeupvalues * sizeof(*f->upvalues);
}

static void reach_parts_of_prototype(Batch *batch, const Proto *f)
{
    reach(batch, f->code);
    reach(batch, f->p);
    reach(batch, f->k);
    reach(batch, f->lineinfo);
    reach(batch, f->abslineinfo);
    reach(batch, f->locvars);
    reach(batch, f->upvalues);
}

/* While one is built, its arrays may be larger than what is in them, and hold NULL there. */
static void visit_prototype(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    const Proto *f = (const Proto *)object;
    Batch batch = new_batch(trace);

    (void)bytes;
    count(lheap_stateof(context), (GCObject *)object, prototype_bytes(f));
    reach_parts_of_prototype(&batch, f);
    reach(&batch, f->source);
    reach_values(&batch, f->k, (size_t)f->sizek);
    for (int i = 0; i < f->sizeupvalues; i++)
        reach(&batch, f->upvalues[i].name);
    for (int i = 0; i < f->sizep; i++)
        reach(&batch, f->p[i]);
    for (int i = 0; i < f->sizelocvars; i++)
        reach(&batch, f->locvars[i].varname);
    report(&batch);
}

/* ---- Userdata and strings ---- */

static void visit_userdata(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    Udata *u = (Udata *)object;
    Batch batch = new_batch(trace);

    (void)bytes;
    count(lheap_stateof(context), obj2gco(u), sizeudata(u->nuvalue, u->len));
    reach(&batch, u->metatable);
    for (int i = 0; i < u->nuvalue; i++)
        reach_value(&batch, &u->uv[i].uv);
    report(&batch);
}

static void visit_long_string(void *context, struct ter_trace *trace, uintptr_t object,
                              size_t bytes)
{
    TString *ts = (TString *)object;

    (void)trace, (void)bytes;
    count(lheap_stateof(context), obj2gco(ts), sizelstring(ts->u.lnglen));
}

/* ---- Threads ---- */

static size_t thread_bytes(const lua_State *th)
{
    size_t slots = lheap_at(th->stack) == NULL ? 0 : (size_t)stacksize(th) + EXTRA_STACK;

    return LUA_EXTRASPACE + sizeof(lua_State) + slots * sizeof(StackValue) +
           th->nci * sizeof(CallInfo);
}

/* What lies above the top is dead, and would be seen again when a function is called there. */
static void clear_above(lua_State *th)
{
    for (StkId o = lheap_at(th->top); o < lheap_at(th->stack_last) + EXTRA_STACK; o++)
        setnilvalue(s2v(o));
}

/* It runs, or may have more memory than it needs: something is to be done afterwards. */
static void list_thread(lheap *heap, lua_State *th)
{
    int runs = th->ci != &th->base_ci && th->status == LUA_OK;
    int large = stacksize(th) > 3 * LUA_MINSTACK || th->ci->next != NULL;

    if ((th->marked & LHEAP_LISTED) != 0 || (!runs && !(large && heap->whole)))
        return;
    th->marked |= LHEAP_LISTED;
    th->gclist = heap->threads == NULL ? NULL : obj2gco(heap->threads);
    heap->threads = th;
}

static void visit_stack(Batch *batch, const lua_State *th)
{
    reach(batch, lheap_at(th->stack));
    for (CallInfo *ci = th->base_ci.next; ci != NULL; ci = ci->next)
        reach(batch, ci);
    for (StkId o = lheap_at(th->stack); o < lheap_at(th->top); o++)
        reach_value(batch, s2v(o));
    for (UpVal *uv = th->openupval; uv != NULL; uv = uv->u.open.next)
        reach(batch, uv);
}

static void visit_thread(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    global_State *g = lheap_stateof(context);
    lua_State *th = lheap_threadof(object);
    Batch batch = new_batch(trace);

    (void)bytes;
    count(g, obj2gco(th), thread_bytes(th));
    if (lheap_at(th->stack) == NULL)
        return;
    visit_stack(&batch, th);
    if (g->heap.collecting) {
        clear_above(th);
        list_thread(&g->heap, th);
    }
    report(&batch);
}

/* ---- Roots ---- */

static void visit_root_value(struct ter_root_visit *visit, const TValue *value)
{
    if (iscollectable(value))
        ter_visit_object(visit, lheap_blockof(gcvalue(value), rawtt(value)));
}

void lheap_visitroots(void *context, struct ter_root_visit *visit)
{
    global_State *g = lheap_stateof(context);
    lheap *heap;

    if (g == NULL)
        return;
    heap = &g->heap;
    ter_visit_object(visit, lheap_threadblock(g->mainthread));
    if (heap->running != NULL)
        ter_visit_object(visit, lheap_threadblock(heap->running));
    visit_root_value(visit, &g->l_registry);
    for (int i = 0; i < LUA_NUMTAGS; i++)
        ter_visit_object(visit, g->mt[i]);
    for (int i = 0; i < heap->fixed_count; i++)
        ter_visit_object(visit, heap->fixed[i]);
    for (size_t i = heap->ready_next; i < heap->ready.count; i++)
        ter_visit_object(visit, heap->ready.items[i]);
    ter_visit_object(visit, heap->loose);
}

/* ---- Kinds ---- */

#define KIND(text, function, more)                                                                 \
    {                                                                                              \
        .name = text, .visitor = function, .flags = TER_KIND_NEVER_MOVES | TER_KIND_FILLED | more  \
    }

static const struct ter_kind_description kinds[] = {
    KIND("short string", NULL, TER_KIND_NO_SLOTS),
    KIND("long string", visit_long_string, 0),
    KIND("table", visit_table, 0),
    KIND("Lua closure", visit_lua_closure, 0),
    KIND("C closure", visit_c_closure, 0),
    KIND("userdata", visit_userdata, 0),
    KIND("thread", visit_thread, 0),
    KIND("upvalue", visit_upvalue, 0),
    KIND("prototype", visit_prototype, 0),
    KIND("part", NULL, TER_KIND_NO_SLOTS),
};

int lheap_definekinds(struct lheap_home *home)
{
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct ter_kind_description kind = kinds[i];
        unsigned number;

        kind.context = home;
        if (ter_kind_define(home->heap, &kind, &number) != TER_OK ||
            number != LHEAP_SHORT_STRING + i)
            return 0;
    }
    return 1;
}
