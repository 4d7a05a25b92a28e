/* SPDX-License-Identifier: MIT */
/*
 * Calls of Lua functions for a profile of allocation, in the coroutine that allocates: nothing
 * leads from there to who resumed it. A line is that of the last instruction that noted where it
 * is, which most do that can raise an error.
 *
 * Called in the middle of an allocation: nothing is made, and nothing of the heap is called.
 */
#define lprofile_c
#define LUA_CORE

#include "lprefix.h"

#include "ldebug.h"
#include "lgc.h"
#include "lobject.h"
#include "lprofile.h"
#include "lstate.h"

/* A chunk that is no file has its text as its name. */
static const char *file_of(const Proto *p)
{
    const char *source = p->source == NULL ? "=?" : getstr(p->source);

    return *source == '@' || *source == '=' ? source + 1 : "(string)";
}

/* What the debugging interface calls it: by how it was called. */
static const char *name_of(lua_State *L, CallInfo *ci, int is_main)
{
    lua_Debug ar;

    if (is_main)
        return "(main chunk)";
    ar.i_ci = ci;
    ar.name = NULL;
    lua_getinfo(L, "n", &ar);
    return ar.name != NULL ? ar.name : isLua(ci) ? "(anonymous)" : "(C function)";
}

static void describe(lua_State *L, CallInfo *ci, struct ter_profile_frame *frame)
{
    const Proto *p;
    int line;

    if (!isLua(ci)) {
        frame->function = name_of(L, ci, 0);
        frame->file = "[C]";
        frame->line = 0;
        return;
    }
    p = ci_func(ci)->p;
    frame->function = name_of(L, ci, p->linedefined == 0);
    frame->file = file_of(p);
    line = luaG_getfuncline(p, pcRel(ci->u.l.savedpc, p));
    frame->line = line < 0 ? 0 : (unsigned)line;
}

size_t lprofile_frames(void *context, struct ter_mutator *mutator, struct ter_profile_frame *frames,
                       size_t room)
{
    const struct lheap_home *home = (const struct lheap_home *)context;
    lua_State *L = home->g == NULL ? NULL : home->g->heap.allocates;
    size_t count = 0;
    CallInfo *ci;

    (void)mutator;
    if (L == NULL || !completestate(home->g))
        return 0;
    if (home->g->gcstopem) { /* its calls may be numbers now, not addresses, as its stack moves */
        frames[0].function = "(a stack grows)";
        frames[0].file = "[C]";
        frames[0].line = 0;
        return 1;
    }
    for (ci = L->ci; ci != &L->base_ci && count < room; ci = ci->previous)
        describe(L, ci, &frames[count++]);
    return count;
}
