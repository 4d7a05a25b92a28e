/* SPDX-License-Identifier: MIT */
/*
 * What Lua on Terrier has beside Lua's own interface, for hosts that know of it. Everything else is
 * in lua.h, and a host that calls nothing of this runs with Debian's library too.
 */
#ifndef terrier_lua_h
#define terrier_lua_h

#include <stddef.h>

#include "lua.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * As luaL_newstate, with a heap as `options` says: the text of TERRIER_OPTIONS, such as
 * "plan=sticky-mark-sweep,heap_max=64M" (terrier/options.h has all). Where both say something,
 * `options` counts. NULL, with a sentence of at most `message_bytes` in `message` (NULL with 0 for
 * none): an option that there is not, or no memory or no place for another heap. Lua's objects
 * never move, so plans that move objects keep them in cells that stay, and collect them there. The
 * heap ends with the state; none is kept for the next. Any thread.
 */
LUA_API lua_State *terrier_lua_newstate(const char *options, char *message, size_t message_bytes);

#ifdef __cplusplus
}
#endif
#endif
