/* SPDX-License-Identifier: MIT */
/*
 * Memory that the heap gives: objects when there is none at first, and their parts.
 *
 * A part belongs to one object, which visits it and what is in it. Whoever gives an object another
 * part stores it before the next poll; an object that was counted has its bytes corrected.
 */
#define lparts_c
#define LUA_CORE

#include "lprefix.h"

#include <string.h>

#include "ldo.h"
#include "lgc.h"
#include "lvisit.h"

#define LEAST_PART 32u

/* A collection comes between two tries, unless the state is not whole or collects already. */
static void *try_twice(lua_State *L, unsigned kind, size_t size)
{
    global_State *g = G(L);
    void *block = NULL;

    g->heap.allocates = L;
#if defined(EMERGENCYGCTESTS)
    if (!completestate(g) || g->gcstopem)
#endif
        block = ter_allocate_inline(g->heap.mutator, kind, size);
    if (l_likely(block != NULL) || !completestate(g) || g->gcstopem)
        return block;
    luaC_fullgc(L, 1);
    return ter_allocate_inline(g->heap.mutator, kind, size);
}

void *luaC_newagain(lua_State *L, unsigned kind, size_t size)
{
    void *block = try_twice(L, kind, size);

    if (block == NULL)
        luaM_error(L);
    return block;
}

/* ---- Parts ---- */

/* The owner has another part, or one of another size. */
static void account(global_State *g, GCObject *owner, size_t osize, size_t nsize)
{
    l_mem more = (l_mem)nsize - (l_mem)osize;

    g->GCdebt += more;
    if ((owner->marked & LHEAP_EPOCHS) == g->heap.epoch)
        g->heap.owned += more;
    ter_write_object(g->heap.mutator, lheap_blockof(owner, ctb(owner->tt)));
}

/* The bytes of a cell for so many. One value has room for the second, which mostly comes. A host's
 * own allocator is asked for what is needed. */
static size_t cell_bytes(const global_State *g, size_t size)
{
    if (g->heap.of_host)
        return size;
    if (size <= LEAST_PART)
        return LEAST_PART;
    return size <= TER_INLINE_MOST_BYTES ? (size + 15) & ~(size_t)15 : size;
}

static void *new_part(lua_State *L, size_t size)
{
    return try_twice(L, LHEAP_PART, cell_bytes(G(L), size));
}

static void *move_part(lua_State *L, void *part, size_t osize, size_t nsize)
{
    void *moved = new_part(L, nsize);

    if (moved == NULL)
        return nsize <= osize ? part : NULL; /* making it smaller never fails */
    memcpy(moved, part, osize < nsize ? osize : nsize);
    ter_free(G(L)->heap.mutator, part);
    return moved;
}

/* Pages behind a large one may be free: then nothing is copied. */
static void *grow_large(lua_State *L, void *part, size_t osize, size_t nsize)
{
    void *grown = NULL;

#if !defined(EMERGENCYGCTESTS)
    grown = ter_reallocate(G(L)->heap.mutator, part, nsize);
#endif
    return grown != NULL ? grown : move_part(L, part, osize, nsize);
}

/* By the host's own allocator, where it lies or not. Larger it may need a collection first. */
static void *resize_by_host(lua_State *L, void *part, size_t osize, size_t nsize)
{
    global_State *g = G(L);
    int may_collect = nsize > osize && completestate(g) && !g->gcstopem;
    void *resized = NULL;

    g->heap.allocates = L;
#if defined(EMERGENCYGCTESTS)
    if (!may_collect)
#endif
        resized = ter_reallocate(g->heap.mutator, part, nsize);
    if (l_likely(resized != NULL))
        return resized;
    if (nsize <= osize)
        return part;
    if (!may_collect)
        return NULL;
    luaC_fullgc(L, 1);
    return ter_reallocate(g->heap.mutator, part, nsize);
}

void luaC_freepart(lua_State *L, GCObject *owner, void *part, size_t size)
{
    global_State *g = G(L);

    if (part == NULL)
        return;
    if (part == g->heap.loose)
        luaC_holdpart(L, NULL, 0);
    ter_free(g->heap.mutator, part);
    account(g, owner, size, 0);
}

void *luaC_resizepart(lua_State *L, GCObject *owner, void *part, size_t osize, size_t nsize)
{
    void *resized = part;

    if (nsize == 0) {
        luaC_freepart(L, owner, part, osize);
        return NULL;
    }
    if (part == NULL)
        resized = new_part(L, nsize);
    else if (G(L)->heap.of_host)
        resized = resize_by_host(L, part, osize, nsize);
    else if (osize > TER_WINDOW_MOST_BYTES && nsize > osize)
        resized = grow_large(L, part, osize, nsize);
    else if (cell_bytes(G(L), osize) != cell_bytes(G(L), nsize))
        resized = move_part(L, part, osize, nsize);
    if (resized != NULL)
        account(G(L), owner, osize, nsize);
    return resized;
}

void *luaC_newpart(lua_State *L, GCObject *owner, size_t size)
{
    void *part;

    if (size == 0)
        return NULL;
    part = luaC_resizepart(L, owner, NULL, 0, size);
    if (l_unlikely(part == NULL))
        luaM_error(L);
    return part;
}

void *luaC_resizecounted(lua_State *L, const void *count, void *block, size_t osize, size_t nsize)
{
    ter_object owner = ter_heap_find(G(L)->heap.heap, (uintptr_t)count);
    void *resized;

    if (ter_object_is_none(owner))
        return luaM_saferealloc_(L, block, osize, nsize);
    resized = luaC_resizepart(L, (GCObject *)owner.bits, block, osize, nsize);
    if (l_unlikely(resized == NULL && nsize > 0))
        luaM_error(L);
    return resized;
}

void luaC_holdpart(lua_State *L, void *part, size_t size)
{
    G(L)->heap.loose = part;
    G(L)->heap.loose_bytes = part == NULL ? 0 : size;
}
