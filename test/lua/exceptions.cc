/* SPDX-License-Identifier: MIT */
/*
 * A host of Lua in C++, on the library whose errors are exceptions: destructors of C++ frames run
 * when an error passes them, with collections meanwhile. Prints the same with Debian's library and
 * with ours. With a number as its argument it does so much less.
 */
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

namespace {

int alive;
long destroyed;
int divisor = 1;

/* Something that has to be given back, with memory of its own. */
struct Guard {
    std::string text;

    explicit Guard(const char *name) : text(name)
    {
        alive++;
    }
    Guard(const Guard &) = delete;
    Guard &operator=(const Guard &) = delete;
    ~Guard()
    {
        alive--;
        destroyed++;
    }
};

/* The text may call some. */
void run(lua_State *L, const char *text)
{
    std::string all = "local function some(n) return n // " + std::to_string(divisor) + " end ";

    if (luaL_dostring(L, (all + text).c_str()) != LUA_OK) {
        std::printf("error: %s\n", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

lua_State *new_state()
{
    lua_State *L = luaL_newstate();

    if (L == nullptr)
        throw std::bad_alloc();
    luaL_openlibs(L);
    return L;
}

/* Garbage enough for collections while guards are alive. */
void churn(lua_State *L)
{
    for (int i = 0; i < 20; i++) {
        lua_newtable(L);
        lua_pushfstring(L, "garbage %d", i);
        lua_rawseti(L, -2, 1);
        lua_pop(L, 1);
    }
}

/* ---- Errors of Lua that pass frames of C++ ---- */

/* nest(depth, f): guards in frames one in another, then f() there, or an error. */
int nest(lua_State *L)
{
    lua_Integer depth = luaL_checkinteger(L, 1);
    Guard outer("outer of a frame"), inner("inner of a frame, longer than small strings are");
    std::vector<std::string> many(3, inner.text);

    lua_settop(L, 2);
    churn(L);
    if (depth == 0) {
        if (lua_isfunction(L, 2)) {
            lua_pushvalue(L, 2);
            lua_call(L, 0, 0);
            return 0;
        }
        return luaL_error(L, "thrown under %d guards", alive);
    }
    lua_pushcfunction(L, nest);
    lua_pushinteger(L, depth - 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 0);
    return 0;
}

void errors_unwind()
{
    lua_State *L = new_state();

    lua_register(L, "nest", nest);
    run(L, "for i = 1, some(300) do local ok, e = pcall(nest, i % 20)\n"
           "  if i % 99 == 0 then print(ok, e) end end");
    std::printf("guards %d, destroyed %ld\n", alive, destroyed);
    run(L, "print(pcall(nest, 3, function() local t = nil; t.x = 1 end))");
    run(L, "print(pcall(nest, 3, function() error({code = 7}) end) == false)");
    run(L, "print(select(2, xpcall(nest, function(m) collectgarbage() return m .. '!' end, 2)))");
    std::printf("guards %d\n", alive);
    lua_close(L);
}

/* ---- Exceptions of the host's own ---- */

/* What is no error of Lua's ends at pcall too, and destructors run. */
int throw_own(lua_State *L)
{
    Guard guard("of the function that throws");

    churn(L);
    throw std::runtime_error("of the host");
}

int catch_own(lua_State *L)
{
    try {
        return throw_own(L);
    } catch (const std::exception &e) {
        lua_pushstring(L, e.what());
        return 1;
    }
}

/* An error of Lua's is caught on its way, and goes on. */
int rethrow(lua_State *L)
{
    int top = lua_gettop(L);

    try {
        Guard guard("inside");

        lua_pushcfunction(L, nest);
        lua_pushinteger(L, 2);
        lua_call(L, 1, 0);
    } catch (...) {
        std::printf("passes by: %d guards, %d values more\n", alive, lua_gettop(L) > top);
        throw;
    }
    return 0;
}

void exceptions_of_the_host()
{
    lua_State *L = new_state();

    lua_register(L, "throw_own", throw_own);
    lua_register(L, "catch_own", catch_own);
    lua_register(L, "rethrow", rethrow);
    run(L, "print(catch_own())");
    run(L, "local failed = 0 for i = 1, some(500) do if not pcall(throw_own) then failed = failed "
           "+ 1 end "
           "end print('failed', failed)");
    run(L, "print(pcall(rethrow))");
    std::printf("guards %d\n", alive);
    lua_close(L);
}

/* ---- Coroutines, finalizers and variables that are closed ---- */

int yield_in_guards(lua_State *L)
{
    Guard guard("of a function that yields");

    churn(L);
    return lua_yield(L, 0); /* an exception too, for a function that is not called by a hook */
}

int finalize(lua_State *L)
{
    static_cast<Guard *>(lua_touserdata(L, 1))->~Guard();
    return 0;
}

/* An object of C++ in a userdata, whose destructor is its finalizer. */
int new_guard(lua_State *L)
{
    new (lua_newuserdatauv(L, sizeof(Guard), 0)) Guard("in a userdata, with text of its own");
    if (luaL_newmetatable(L, "guard")) {
        lua_pushcfunction(L, finalize);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return 1;
}

void coroutines_and_finalizers()
{
    lua_State *L = new_state();

    lua_register(L, "yield_in_guards", yield_in_guards);
    lua_register(L, "nest", nest);
    lua_register(L, "new_guard", new_guard);
    run(L, "local n = 0 for i = 1, some(200) do\n"
           "  local co = coroutine.wrap(function() for j = 1, 3 do yield_in_guards() end "
           "nest(2) end)\n"
           "  for j = 1, 3 do co() end\n"
           "  if not pcall(co) then n = n + 1 end end print('coroutines', n)");
    std::printf("guards %d\n", alive);
    run(L, "for i = 1, some(2000) do local g <const> = new_guard() pcall(error, g) end");
    run(L,
        "local n = 0 for i = 1, some(200) do pcall(function()\n"
        "  local c <close> = setmetatable({}, {__close = function() n = n + 1 end}) nest(1) end) "
        "end print('closed', n)");
    run(L, "setmetatable({}, {__gc = function() error('in a finalizer') end}) collectgarbage()");
    lua_close(L);
    std::printf("guards %d, destroyed %ld\n", alive, destroyed);
}

/* ---- Memory that is out ---- */

int fill(lua_State *L)
{
    Guard guard("of the function that fills");

    lua_newtable(L);
    for (lua_Integer i = 1;; i++) {
        lua_createtable(L, 100, 0);
        lua_rawseti(L, -2, i);
    }
}

void memory_is_out()
{
    lua_State *L = new_state();

    lua_register(L, "fill", fill);
    for (int i = 0; i < 3; i++)
        run(L, "print(pcall(fill))");
    std::printf("guards %d\n", alive);
    lua_close(L);
}

} // namespace

int main(int argc, char **argv)
{
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    if (argc > 1 && std::string(argv[1]) == "limit") {
        memory_is_out();
        return 0;
    }
    if (argc > 1)
        divisor = std::atoi(argv[1]);
    errors_unwind();
    exceptions_of_the_host();
    coroutines_and_finalizers();
    return 0;
}
