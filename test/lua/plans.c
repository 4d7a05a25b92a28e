/* SPDX-License-Identifier: MIT */
/*
 * terrier_lua_newstate: a host chooses how the heap of a state collects. For each plan a state
 * collects, at once with one of another plan, and writes a report to the folder that is the
 * argument; what is no option is refused with a sentence, and so is a state more than a process can
 * have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <terrier_lua.h>

#define STATES 600 /* more than the heaps that a process has */

static int failed;

static void expect(int condition, const char *what, const char *where)
{
    if (!condition) {
        printf("%s: not so: %s\n", where, what);
        failed = 1;
    }
}

static const char work[] =
    "local weak, keep = setmetatable({}, {__mode = 'k'}), {}\n"
    "for i = 1, 60000 do\n"
    "  local t = {i, 's' .. i, function() return i end}\n"
    "  weak[t] = true\n"
    "  if i % 10 == 0 then keep[i // 10 % 500] = t end\n"
    "end\n"
    "collectgarbage() collectgarbage()\n"
    "local n, sum = 0, 0\n"
    "for t in pairs(weak) do n = n + 1 sum = sum + t[1] - t[3]() + #t[2] - #('s' .. t[1]) end\n"
    "return n * 1000 + sum\n";

static long run(lua_State *L, const char *where)
{
    long result = -1;

    expect(luaL_dostring(L, work) == LUA_OK, "the program runs", where);
    result = (long)lua_tointeger(L, -1);
    lua_settop(L, 0);
    return result;
}

static void choose(const char *plan, const char *folder)
{
    char options[300], message[200] = "";
    lua_State *L, *other = terrier_lua_newstate("plan=mark-sweep", NULL, 0);

    snprintf(options, sizeof options, "plan=%s,report=json,report_file=%s/%s", plan, folder, plan);
    L = terrier_lua_newstate(options, message, sizeof message);
    expect(L != NULL && other != NULL, message, plan);
    if (L == NULL || other == NULL)
        return;
    luaL_openlibs(L);
    luaL_openlibs(other);
    /* The plan that never collects keeps all. */
    expect(run(L, plan) == (strcmp(plan, "no-gc") == 0 ? 60000000 : 500000), "what lives", plan);
    expect(run(other, plan) == 500000, "what lives in the other state", plan);
    lua_close(other);
    lua_close(L);
}

static void refuse(const char *options, const char *part)
{
    char message[200] = "";
    lua_State *L = terrier_lua_newstate(options, message, sizeof message);

    expect(L == NULL, "no state", options);
    expect(strstr(message, part) != NULL, message, options);
    expect(terrier_lua_newstate(options, NULL, 0) == NULL, "no state without a message", options);
}

static void limit_memory(void)
{
    lua_State *L = terrier_lua_newstate("heap_max=4M", NULL, 0);

    luaL_openlibs(L);
    expect(luaL_dostring(L, "local t = {} for i = 1, 1e7 do t[i] = {i} end") != LUA_OK &&
               strcmp(lua_tostring(L, -1), "not enough memory") == 0,
           "memory is out", "heap_max=4M");
    lua_close(L);
}

/* As many as there can be, and when they have gone as many again. */
static void many_states(void)
{
    static lua_State *states[STATES];
    char message[200] = "";

    for (int round = 0; round < 2; round++) {
        int count = 0;

        while (count < STATES &&
               (states[count] = terrier_lua_newstate("", message, sizeof message)) != NULL)
            count++;
        expect(count >= 500 && count < STATES, "how many states there are", "limit");
        expect(strstr(message, "no heap for another state") != NULL, message, "limit");
        expect(luaL_newstate() == NULL, "none by the usual way", "limit");
        while (count > 0)
            lua_close(states[--count]);
    }
}

int main(int argc, char **argv)
{
    static const char *const plans[] = {"mark-sweep", "sticky-mark-sweep", "young-immix",  "immix",
                                        "semispace",  "gen-copy",          "mark-compact", "no-gc"};

    if (argc != 2)
        return 2;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
        choose(plans[i], argv[1]);
    refuse("plan=none-such", "none-such");
    refuse("no_option=1", "no_option");
    limit_memory();
    many_states();
    printf("done\n");
    return failed;
}
