/* SPDX-License-Identifier: MIT */
/*
 * The weak step of a collection: what Lua's manual says of weak tables and finalizers, in its
 * order. All that is strongly held was reached when it begins. References from weak values go
 * before finalizers are found, those to keys after what finalizers want was brought back: so a
 * finalizer does not find its object as a value, but still as a key.
 *
 * No node of a table goes: an entry without a value keeps its place, with a dead key.
 */
#define lweak_c
#define LUA_CORE

#include "lprefix.h"

#include <string.h>

#include "lfunc.h"
#include "lgc.h"
#include "lstring.h"
#include "lvisit.h"

#define BUCKETS_AHEAD 8

/* Strings are values, not objects that somebody might miss: they are never removed. */
static int is_cleared(struct ter_weak_step *step, GCObject *o, int tag)
{
    if (novariant(tag) == LUA_TSTRING) {
        ter_weak_reach(step, o);
        return 0;
    }
    return !ter_weak_is_reached(step, lheap_blockof(o, tag));
}

static int value_is_cleared(struct ter_weak_step *step, const TValue *value)
{
    return iscollectable(value) && is_cleared(step, gcvalue(value), rawtt(value));
}

static int key_is_cleared(struct ter_weak_step *step, const Node *n)
{
    return keyiscollectable(n) && is_cleared(step, gckey(n), keytt(n));
}

static Node *first_node(const Table *h)
{
    return gnode(h, 0);
}

static Node *end_of_nodes(const Table *h)
{
    return isdummy(h) ? gnode(h, 0) : gnode(h, sizenode(h));
}

/* ---- Ephemerons ---- */

typedef struct Findings {
    int reached;  /* values, whose keys are reached */
    int open;     /* entries whose key and value are not reached */
    int dead_key; /* keys that are not reached */
} Findings;

static void look_at_ephemeron(struct ter_weak_step *step, Node *n, Findings *found)
{
    const TValue *value = gval(n);
    void *block;

    if (isempty(value)) {
        lheap_clearkey(n);
        return;
    }
    block = iscollectable(value) ? lheap_blockof(gcvalue(value), rawtt(value)) : NULL;
    if (key_is_cleared(step, n)) {
        found->dead_key = 1;
        found->open |= block != NULL && !ter_weak_is_reached(step, block);
    } else if (block != NULL && !ter_weak_is_reached(step, block)) {
        ter_weak_reach(step, block);
        found->reached = 1;
    }
}

static Findings look_at_ephemerons(struct ter_weak_step *step, const Table *h, int backwards)
{
    Findings found = {0, 0, 0};
    Node *first = first_node(h), *end = end_of_nodes(h);

    if (backwards)
        while (end > first)
            look_at_ephemeron(step, --end, &found);
    else
        for (; first < end; first++)
            look_at_ephemeron(step, first, &found);
    return found;
}

static Table *next_listed(const Table *h)
{
    return h->gclist == NULL ? NULL : gco2t(h->gclist);
}

static void prepend(Table **list, Table *h)
{
    h->gclist = *list == NULL ? NULL : obj2gco(*list);
    *list = h;
}

/*
 * One round over all tables that were listed; true when it reached something. Those with dead keys
 * and no more to reach are to be cleared of these; those without are done.
 */
static int ephemeron_round(lheap *heap, struct ter_weak_step *step, int backwards)
{
    Table *h = heap->ephemerons, *next;
    int news = 0;

    heap->ephemerons = NULL;
    for (; h != NULL; h = next) {
        Findings found = look_at_ephemerons(step, h, backwards);

        next = next_listed(h);
        if (found.open)
            prepend(&heap->ephemerons, h);
        else if (found.dead_key)
            prepend(&heap->dead_keys, h);
        else
            h->marked &= cast_byte(~LHEAP_LISTED);
        if (found.reached) {
            ter_weak_settle(step); /* lists more, perhaps */
            news = 1;
        }
    }
    return news;
}

static void converge(lheap *heap, struct ter_weak_step *step)
{
    int backwards = 0;

    while (heap->ephemerons != NULL && ephemeron_round(heap, step, backwards))
        backwards = !backwards;
}

/* ---- Clearing ---- */

static void clear_values(struct ter_weak_step *step, const Table *h)
{
    Node *n = first_node(h), *end = end_of_nodes(h);
    unsigned int array = luaH_realasize(h);

    for (unsigned int i = 0; i < array; i++)
        if (value_is_cleared(step, &h->array[i]))
            setempty(&h->array[i]);
    for (; n < end; n++) {
        if (value_is_cleared(step, gval(n)))
            setempty(gval(n));
        if (isempty(gval(n)))
            lheap_clearkey(n);
    }
}

static void clear_values_until(struct ter_weak_step *step, const Table *h, const Table *end)
{
    for (; h != end; h = next_listed(h))
        clear_values(step, h);
}

static void clear_keys(struct ter_weak_step *step, Table *list)
{
    Table *next;

    for (Table *h = list; h != NULL; h = next) {
        next = next_listed(h);
        for (Node *n = first_node(h), *end = end_of_nodes(h); n < end; n++) {
            if (!isempty(gval(n)) && key_is_cleared(step, n))
                setempty(gval(n));
            if (isempty(gval(n)))
                lheap_clearkey(n);
        }
        h->marked &= cast_byte(~LHEAP_LISTED);
    }
}

static void unlist(Table *h)
{
    for (; h != NULL; h = next_listed(h))
        h->marked &= cast_byte(~LHEAP_LISTED);
}

/* ---- Finalizers ---- */

void lheap_separate(lheap *heap, const struct ter_weak_step *step, int all)
{
    lheap_list *waiting = &heap->waiting, *ready = &heap->ready;
    size_t first = all || heap->whole ? 0 : heap->waiting_old, kept = first;

    for (size_t i = waiting->count; i-- > first;)
        if (all || !ter_weak_is_reached(step, waiting->items[i])) {
            ready->items[ready->count++] = waiting->items[i];
            waiting->items[i] = NULL;
        }
    for (size_t i = first; i < waiting->count; i++)
        if (waiting->items[i] != NULL)
            waiting->items[kept++] = waiting->items[i];
    waiting->count = heap->waiting_old = kept;
}

static void bring_back(const lheap *heap, struct ter_weak_step *step)
{
    for (size_t i = heap->ready_next; i < heap->ready.count; i++)
        ter_weak_reach(step, heap->ready.items[i]);
    ter_weak_settle(step);
}

/* ---- Upvalues of threads that go ---- */

/* The thread's stack goes with it: what an upvalue has in it becomes the upvalue's own. */
static void close_upvalues(const lua_State *th, const struct ter_weak_step *step)
{
    UpVal *next;

    for (UpVal *uv = th->openupval; uv != NULL; uv = next) {
        next = uv->u.open.next;
        if (!ter_weak_is_reached(step, uv))
            continue;
        uv->u.value = *lheap_at(uv->v);
        lheap_at(uv->v) = &uv->u.value;
    }
}

static void see_to_threads(global_State *g, const struct ter_weak_step *step)
{
    lua_State **p = &g->twups, *th;

    while ((th = *p) != NULL) {
        int reached = ter_weak_is_reached(step, lheap_threadblock(th));

        if (reached && th->openupval != NULL) {
            p = &th->twups;
            continue;
        }
        *p = th->twups;
        th->twups = th;
        if (!reached)
            close_upvalues(th, step);
    }
}

/* ---- Strings ---- */

static void clear_string_cache(global_State *g, const struct ter_weak_step *step)
{
    for (int i = 0; i < STRCACHE_N; i++)
        for (int j = 0; j < STRCACHE_M; j++)
            if (!ter_weak_is_reached(step, g->strcache[i][j]))
                g->strcache[i][j] = g->memerrmsg;
}

/* Strings of some buckets, one behind another, that are asked for together. */
typedef struct Gathered {
    const void *strings[TER_WEAK_MOST];
    int count;
    int first, end; /* buckets */
} Gathered;

static void remove_string(global_State *g, TString **p)
{
    const TString *ts = *p;

    *p = ts->u.hnext;
    g->strt.nuse--;
    g->heap.strings -= (l_mem)sizelstring(ts->shrlen);
}

static void purge_chain(global_State *g, TString **p, const struct ter_weak_step *step)
{
    while (*p != NULL)
        if (ter_weak_is_reached(step, *p))
            p = &(*p)->u.hnext;
        else
            remove_string(g, p);
}

/* The strings lie as they were gathered; of none that goes is looked at what it leads to. */
static void remove_unreached(global_State *g, const Gathered *gathered, uint64_t reached)
{
    for (int i = gathered->first; i < gathered->end; i++)
        for (TString **p = &g->strt.hash[i]; *p != NULL; reached >>= 1)
            if (reached & 1)
                p = &(*p)->u.hnext;
            else
                remove_string(g, p);
}

static void purge_gathered(global_State *g, Gathered *gathered, const struct ter_weak_step *step)
{
    uint64_t all = ~UINT64_C(0) >> (TER_WEAK_MOST - (unsigned)gathered->count) % TER_WEAK_MOST;
    uint64_t reached;

    if (gathered->count != 0) {
        reached = ter_weak_are_reached(step, gathered->strings, (size_t)gathered->count);
        if (reached != all)
            remove_unreached(g, gathered, reached);
    }
    gathered->first = gathered->end;
    gathered->count = 0;
}

/* Takes the strings of the next bucket in; 0: there are too many. */
static int gather(const global_State *g, Gathered *gathered)
{
    int count = gathered->count;

    for (const TString *ts = g->strt.hash[gathered->end]; ts != NULL; ts = ts->u.hnext) {
        if (count == TER_WEAK_MOST)
            return 0;
        gathered->strings[count++] = ts;
    }
    gathered->count = count;
    gathered->end++;
    return 1;
}

/* Of new strings alone: others are reached. */
static void purge_fresh(global_State *g, const struct ter_weak_step *step)
{
    for (size_t i = 0; i < g->heap.fresh_words; i++)
        for (unsigned long long bits = g->heap.fresh[i]; bits != 0; bits &= bits - 1)
            purge_chain(g, &g->strt.hash[i * 64 + (size_t)__builtin_ctzll(bits)], step);
}

/* The first string of a bucket is fetched ahead: it may lie anywhere. */
static void purge_all(global_State *g, const struct ter_weak_step *step)
{
    Gathered gathered;
    int size = g->strt.size;

    gathered.count = gathered.first = gathered.end = 0;
    while (gathered.end < size) {
        if (gathered.end + BUCKETS_AHEAD < size)
            __builtin_prefetch(g->strt.hash[gathered.end + BUCKETS_AHEAD]);
        if (gather(g, &gathered))
            continue;
        if (gathered.count != 0)
            purge_gathered(g, &gathered, step);
        else
            purge_chain(g, &g->strt.hash[gathered.end++], step);
        gathered.first = gathered.end;
    }
    purge_gathered(g, &gathered, step);
}

/* So that a look-up never finds a dead one. */
static void purge_strings(global_State *g, const struct ter_weak_step *step)
{
    lheap *heap = &g->heap;

    if (heap->fresh != NULL && !heap->whole)
        purge_fresh(g, step);
    else
        purge_all(g, step);
    if (heap->fresh != NULL)
        memset(heap->fresh, 0, heap->fresh_words * sizeof *heap->fresh);
}

/* ---- The order ---- */

static void see_to_tables(lheap *heap, struct ter_weak_step *step)
{
    const Table *values, *all;

    converge(heap, step);
    clear_values_until(step, heap->weak_values, NULL);
    clear_values_until(step, heap->all_weak, NULL);
    values = heap->weak_values;
    all = heap->all_weak;
    lheap_separate(heap, step, 0);
    bring_back(heap, step);
    converge(heap, step);
    clear_keys(step, heap->ephemerons);
    clear_keys(step, heap->dead_keys);
    clear_keys(step, heap->all_weak);
    clear_values_until(step, heap->weak_values, values);
    clear_values_until(step, heap->all_weak, all);
    unlist(heap->weak_values);
    ter_weak_settle(step);
}

void lheap_weakstep(void *context, struct ter_weak_step *step)
{
    global_State *g = lheap_stateof(context);
    lheap *heap;

    if (g == NULL)
        return;
    heap = &g->heap;

    see_to_tables(heap, step);
    see_to_threads(g, step);
    clear_string_cache(g, step);
    purge_strings(g, step);
    heap->collecting = 0;
}
