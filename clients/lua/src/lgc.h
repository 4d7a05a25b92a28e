/* SPDX-License-Identifier: MIT */
/*
 * The collector as the rest of Lua sees it, in the place of Lua's own header of this name: making
 * objects and their parts, barriers, polls, modes.
 *
 * Objects are made without collecting; a collection comes at a poll, when there is a debt, or when
 * memory is out. A store into an object is followed by a barrier before the next poll.
 *
 * A thread's stack is written by functions of the API, which begin with lua_lock, and by what runs
 * in it. So lua_lock is the barrier of a thread; and one that runs, or waits for a thread that it
 * resumed, has a barrier after each collection. A store through an open upvalue has the upvalue's.
 */
#ifndef lgc_h
#define lgc_h

#include "lheap.h"
#include "lmem.h"
#include "lobject.h"
#include "lstate.h"

/* ---- Bits ---- */

#define bitmask(b) (1 << (b))
#define setbits(x, m) ((x) |= (m))
#define resetbits(x, m) ((x) &= cast_byte(~(m)))
#define testbits(x, m) ((x) & (m))
#define l_setbit(x, b) setbits(x, bitmask(b))
#define resetbit(x, b) resetbits(x, bitmask(b))
#define testbit(x, b) testbits(x, bitmask(b))

/* ---- Modes and parameters, as lua_gc knows them ---- */

/* Between two polls no cycle is under way; generational mode never says that one has ended. */
#define GCSpropagate 0
#define GCSpause 8

#define GCSTPUSR 1 /* stopped by the user */
#define GCSTPGC 2  /* by the collector itself */
#define GCSTPCLS 4 /* the state is being closed */
#define gcrunning(g) ((g)->gcstp == 0)

#define LUAI_GENMAJORMUL 100
#define LUAI_GENMINORMUL 20
#define LUAI_GCPAUSE 200
#define LUAI_GCMUL 100
#define LUAI_GCSTEPSIZE 13

/* Some are kept in a byte, divided by 4. */
#define getgcparam(p) ((p)*4)
#define setgcparam(p, v) ((p) = (v) / 4)

#define isdecGCmodegen(g) ((g)->gckind == KGC_GEN)

/* Nothing that can be seen is dead: what is, goes in the collection that finds it. */
#define isdead(g, v) ((void)(g), (void)(v), 0)

/* ---- Polls ---- */

#define luaC_condGC(L, pre, pos)                                                                   \
    {                                                                                              \
        if (G(L)->GCdebt > 0) {                                                                    \
            pre;                                                                                   \
            luaC_step(L);                                                                          \
            pos;                                                                                   \
        };                                                                                         \
        condchangemem(L, pre, pos);                                                                \
    }
#define luaC_checkGC(L) luaC_condGC(L, (void)0, (void)0)

LUAI_FUNC void luaC_begin(lua_State *L);
LUAI_FUNC void luaC_step(lua_State *L);
LUAI_FUNC void luaC_fullgc(lua_State *L, int isemergency);
LUAI_FUNC void luaC_changemode(lua_State *L, int newmode);

/* ---- Barriers: something was stored into the object `p` ---- */

#define luaC_wrote(L, p) ter_write_object(G(L)->heap.mutator, p)
#define luaC_barrier(L, p, v) (iscollectable(v) ? luaC_wrote(L, p) : cast_void(0))
#define luaC_barrierback(L, p, v) luaC_barrier(L, p, v)
#define luaC_objbarrier(L, p, o) ((void)(o), luaC_wrote(L, p))

/* A thread is known by an address behind the extra space, with which its memory begins. */
#define luaC_threadblock(th) ((void *)((char *)(th)-LUA_EXTRASPACE))
/* What a thread's `marked` is at first. Its own bit is at hand where the heap is two loads away. */
#define luaC_markthread(g) ((g)->heap.has_young ? LHEAP_LOGS : 0)
#define luaC_touch(th)                                                                             \
    (l_unlikely((th)->marked & LHEAP_LOGS) ? luaC_wrote(th, luaC_threadblock(th)) : cast_void(0))

#undef lua_lock
#define lua_lock(L) luaC_touch(L)
#undef luai_threadyield
#define luai_threadyield(L) ((void)0)
/* A state is complete: it need not collect at once what was made for it. */
#undef luai_userstateopen
#define luai_userstateopen(L) luaC_begin(L)

/* ---- Objects ---- */

/* What is done when the heap gave none: an emergency collection, and the second try. */
LUAI_FUNC void *luaC_newagain(lua_State *L, unsigned kind, size_t size);

/* Memory for an object; raises an error when there is none. */
l_sinline void *luaC_allocate(lua_State *L, unsigned kind, size_t size)
{
    global_State *g = G(L);
    void *block;

    g->heap.allocates = L;
#if defined(EMERGENCYGCTESTS)
    block = luaC_newagain(L, kind, size);
#else
    block = ter_allocate_inline(g->heap.mutator, kind, size);
    if (l_unlikely(block == NULL))
        block = luaC_newagain(L, kind, size);
#endif
    g->GCdebt += (l_mem)size;
    return block;
}

/* The kind of objects with a tag: the tag is a constant wherever one is made. */
l_sinline unsigned luaC_kindof(int tag)
{
    switch (tag) {
    case LUA_VSHRSTR: return LHEAP_SHORT_STRING;
    case LUA_VLNGSTR: return LHEAP_LONG_STRING;
    case LUA_VTABLE: return LHEAP_TABLE;
    case LUA_VLCL: return LHEAP_LUA_CLOSURE;
    case LUA_VCCL: return LHEAP_C_CLOSURE;
    case LUA_VUSERDATA: return LHEAP_USERDATA;
    case LUA_VTHREAD: return LHEAP_THREAD;
    case LUA_VUPVAL: return LHEAP_UPVALUE;
    default: return LHEAP_PROTOTYPE;
    }
}

/* An object of that tag, to be filled in before anything else is made. */
l_sinline GCObject *luaC_newobj(lua_State *L, int tag, size_t size)
{
    GCObject *o = (GCObject *)luaC_allocate(L, luaC_kindof(tag), size);

    o->tt = cast_byte(tag);
    o->marked = 0;
    if (tag == LUA_VSHRSTR)
        G(L)->heap.strings += (l_mem)size;
    return o;
}

/* The same for a thread, which begins so many bytes behind its memory. */
l_sinline GCObject *luaC_newobjdt(lua_State *L, int tag, size_t size, size_t offset)
{
    char *block = (char *)luaC_allocate(L, luaC_kindof(tag), size);
    GCObject *o = (GCObject *)(void *)(block + offset);

    o->tt = cast_byte(tag);
    o->marked = luaC_markthread(G(L));
    return o;
}

/* A new string is in that bucket of the string table. */
l_sinline void luaC_interned(global_State *g, size_t bucket)
{
    if (g->heap.fresh != NULL)
        g->heap.fresh[bucket / 64] |= 1ull << bucket % 64;
}

/* The string table has so many buckets from now on, and new strings may be in any of them. */
LUAI_FUNC void luaC_resizedstrings(global_State *g, size_t buckets);

/* The object is never collected; it was made just now. */
LUAI_FUNC void luaC_fix(lua_State *L, GCObject *o);
LUAI_FUNC void luaC_checkfinalizer(lua_State *L, GCObject *o, Table *mt);

/* ---- Parts: arrays that belong to one object ---- */

/* As luaM_realloc_, for a part of `owner`: NULL when there is no memory. */
LUAI_FUNC void *luaC_resizepart(lua_State *L, GCObject *owner, void *part, size_t osize,
                                size_t nsize);
/* The same; raises an error when there is no memory. */
LUAI_FUNC void *luaC_newpart(lua_State *L, GCObject *owner, size_t size);
LUAI_FUNC void luaC_freepart(lua_State *L, GCObject *owner, void *part, size_t size);
/* For an array whose count of elements lies at `count`: in an object of the heap, or elsewhere. */
LUAI_FUNC void *luaC_resizecounted(lua_State *L, const void *count, void *block, size_t osize,
                                   size_t nsize);
/* Until the next call, a collection keeps `part`, which no object has yet; NULL: none. */
LUAI_FUNC void luaC_holdpart(lua_State *L, void *part, size_t size);

#define luaC_newparts(L, o, n, t) ((t *)luaC_newpart(L, obj2gco(o), cast_sizet(n) * sizeof(t)))
#define luaC_freeparts(L, o, p, n) luaC_freepart(L, obj2gco(o), p, cast_sizet(n) * sizeof(*(p)))

/* ---- The heap of a state ---- */

/* Makes it, with the memory of the main thread; NULL when there is none. */
LUAI_FUNC void *luaC_open(global_State *g, size_t main_bytes);
/* Calls all finalizers; no object of the state is used afterwards. */
LUAI_FUNC void luaC_finalizeall(lua_State *L);
/* All objects and their parts are gone, the main thread's too. */
LUAI_FUNC void luaC_shut(global_State *g);

#endif
