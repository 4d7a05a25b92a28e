/* SPDX-License-Identifier: MIT */
/* Memory of a host's own allocator. */
#ifndef lhost_h
#define lhost_h

#include "lheap.h"
#include "lstate.h"

/* Objects of the heap come from the allocator of `g` from now on; 0: that failed. */
LUAI_FUNC int lhost_begin(struct lheap_home *home, global_State *g);
/* All objects were collected: the allocator is called no more. 0: some are left. */
LUAI_FUNC int lhost_end(struct lheap_home *home);

/* What luaL_newstate gives to lua_newstate: objects of its states lie in the heap's own memory. */
LUAI_FUNC void *luaC_plainalloc(void *ud, void *ptr, size_t osize, size_t nsize);

#endif
