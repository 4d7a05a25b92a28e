/* SPDX-License-Identifier: MIT */
/* What visitors and the weak step share: what lies where, and what an object counts. */
#ifndef lvisit_h
#define lvisit_h

#include "lgc.h"
#include "lheap.h"
#include "lobject.h"
#include "lstate.h"
#include "ltable.h"

#define lheap_threadblock(th) luaC_threadblock(th)
#define lheap_threadof(block) ((lua_State *)(void *)((char *)(block) + LUA_EXTRASPACE))

/* What a member holds that points into a stack: from 5.4.5 on it is a union, with an offset. */
#if LUA_VERSION_RELEASE_NUM < 50405
#define lheap_at(member) (member)
#else
#define lheap_at(member) ((member).p)
#endif

/* Where the memory of an object with that tag begins. */
l_sinline void *lheap_blockof(const GCObject *o, int tag)
{
    return tag == ctb(LUA_VTHREAD) ? lheap_threadblock(o) : (void *)o;
}

/* An entry without a value lets go of its key, which stays only to be compared. */
l_sinline void lheap_clearkey(Node *n)
{
    if (keyiscollectable(n))
        setdeadkey(n);
}

/* The state whose heap it is, of what visitors and callbacks get; NULL: it has none now. */
#define lheap_stateof(context) (((const struct lheap_home *)(context))->g)

/* How a table holds what is in it. */
enum lheap_hold { LHEAP_STRONG, LHEAP_WEAK_VALUES, LHEAP_WEAK_KEYS, LHEAP_WEAK };

LUAI_FUNC enum lheap_hold lheap_hold(global_State *g, const Table *h);

/* Defines all kinds, whose visitors know `home`; 0: that failed. */
LUAI_FUNC int lheap_definekinds(struct lheap_home *home);
/* Reports the roots of the state. */
LUAI_FUNC void lheap_visitroots(void *context, struct ter_root_visit *visit);
/* Sees to weak tables, finalizers, upvalues of dead threads and strings. */
LUAI_FUNC void lheap_weakstep(void *context, struct ter_weak_step *step);

/* Finalizers of objects that were not reached become ready; with `all`, every one. */
LUAI_FUNC void lheap_separate(lheap *heap, const struct ter_weak_step *step, int all);

#endif
