/* SPDX-License-Identifier: MIT */
/* Finalizers that are ready. */
#ifndef lfinal_h
#define lfinal_h

#include "lstate.h"

/* Calls them, until there is none. */
LUAI_FUNC void lheap_callready(lua_State *L);
/* Gives the lists of those that wait and are ready back. */
LUAI_FUNC void lheap_freelists(global_State *g);

#endif
