/* SPDX-License-Identifier: MIT */
/* Makes, fills and closes states, one after another: states COUNT. */
#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 2000;

    for (long i = 0; i < count; i++) {
        lua_State *state = luaL_newstate();

        if (state == NULL)
            return 1;
        luaL_openlibs(state);
        lua_close(state);
    }
    return 0;
}
