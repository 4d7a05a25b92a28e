/* SPDX-License-Identifier: MIT */
/*
 * Hosts of Lua with allocators of their own: that these get every block, with the size that it has
 * and the tag that the manual says, that they are obeyed when they refuse, and that nothing is
 * left. Prints the same with Debian's library and with ours; what is wrong is a line that begins
 * with "wrong".
 *
 *   allocator [DIVISOR]   less work, for slow builds
 *   allocator overrun     writes behind a userdata, which AddressSanitizer is to see
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#define BUCKETS 65536u
#define TAGS 16u

static unsigned divisor = 1; /* of how often something is done */

static void wrong(const char *what, ...)
{
    va_list list;

    va_start(list, what);
    printf("wrong: ");
    vprintf(what, list);
    printf("\n");
    va_end(list);
    exit(1);
}

/* ---- An allocator that knows its blocks ---- */

struct block {
    struct block *next;
    char *address;
    size_t bytes;
};

struct host {
    struct block *blocks[BUCKETS];
    size_t live, most, limit; /* bytes; limit 0: none */
    size_t calls;             /* that ask for more */
    size_t refuse_at;         /* the call of that number is refused; 0: none */
    size_t refusals;          /* so many from there on; 0: all */
    size_t shift;             /* blocks lie so many bytes behind a multiple of 16 */
    size_t tags[TAGS];        /* new blocks with that tag; of unknown ones: 0 */
    struct host *before;      /* whose blocks it takes over */
};

static struct block **place_of(struct host *host, const char *address)
{
    struct block **place = &host->blocks[(uintptr_t)address / 8 % BUCKETS];

    while (*place != NULL && (*place)->address != address)
        place = &(*place)->next;
    return place;
}

static void note(struct host *host, char *address, size_t bytes)
{
    struct block **place = place_of(host, address), *block = malloc(sizeof *block);

    if (*place != NULL || block == NULL)
        wrong("a block twice");
    *block = (struct block){NULL, address, bytes};
    *place = block;
    host->live += bytes;
    if (host->live > host->most)
        host->most = host->live;
}

/* The block must be there, and have that size. */
static void forget(struct host *host, const char *address, size_t bytes)
{
    struct block **place = place_of(host, address), *block = *place;

    if (block == NULL && host->before != NULL) {
        forget(host->before, address, bytes);
        return;
    }
    if (block == NULL)
        wrong("no block of ours: %p, %zu bytes", (const void *)address, bytes);
    if (block->bytes != bytes)
        wrong("a block of %zu bytes is said to have %zu", block->bytes, bytes);
    *place = block->next;
    host->live -= bytes;
    free(block);
}

static int refuses(struct host *host, size_t more)
{
    size_t call = ++host->calls;

    if (host->limit != 0 && host->live + more > host->limit)
        return 1;
    return host->refuse_at != 0 && call >= host->refuse_at &&
           (host->refusals == 0 || call < host->refuse_at + host->refusals);
}

static void *resize(struct host *host, char *old, size_t osize, size_t nsize)
{
    char *base = old == NULL ? NULL : old - host->shift;
    char *new = realloc(base, nsize + host->shift);

    if (new == NULL)
        return NULL;
    if (old != NULL && host->shift != 0 && new != base && (uintptr_t) new % 16 != 0)
        wrong("malloc does not align to 16");
    (void)osize;
    return new + host->shift;
}

static void *checked(void *data, void *old, size_t osize, size_t nsize)
{
    struct host *host = data;
    char *new;

    if (nsize == 0) {
        if (old != NULL) {
            forget(host, old, osize);
            free((char *)old - host->shift);
        }
        return NULL;
    }
    if (old == NULL)
        host->tags[osize < TAGS ? osize : 0]++;
    if ((old == NULL || nsize > osize) && refuses(host, old == NULL ? nsize : nsize - osize))
        return NULL;
    if (old != NULL)
        forget(host, old, osize);
    new = resize(host, old, osize, nsize);
    if (new == NULL)
        wrong("malloc has no more");
    note(host, new, nsize);
    return new;
}

static struct host *new_host(void)
{
    return calloc(1, sizeof(struct host));
}

static void end_host(struct host *host, const char *what)
{
    if (host->live != 0)
        wrong("%s: %zu bytes are left", what, host->live);
    for (size_t i = 0; i < BUCKETS; i++)
        if (host->blocks[i] != NULL)
            wrong("%s: a block is left", what);
    free(host);
}

/* ---- States ---- */

static int open_libraries(lua_State *L)
{
    luaL_openlibs(L);
    return 0;
}

static int run(lua_State *L, const char *text)
{
    int status = luaL_dostring(L, text);

    if (status != LUA_OK) {
        printf("error: %s\n", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    return status;
}

static lua_State *new_state(struct host *host)
{
    lua_State *L = lua_newstate(checked, host);

    if (L == NULL)
        wrong("no state");
    lua_pushcfunction(L, open_libraries);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK)
        wrong("no libraries");
    return L;
}

static size_t counted(lua_State *L)
{
    return (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB);
}

/* ---- Sizes and tags ---- */

/* Everything that has a size of its own. */
static const char everything[] =
    "local n, sum = ..., 0\n"
    "local weak = setmetatable({}, {__mode = 'v'})\n"
    "local keys = setmetatable({}, {__mode = 'k'})\n"
    "for i = 1, n do\n"
    "  local t = {i, tostring(i), x = i, [i * 7] = string.rep('y', i % 300)}\n"
    "  for j = 1, i % 40 do t[#t + 1] = j end\n"
    "  weak[i] = t\n"
    "  keys[t] = {t}\n"
    "  local co = coroutine.wrap(function(a) local b = coroutine.yield(a) return a + b end)\n"
    "  sum = sum + co(i) + co(1)\n"
    "  local f = function() sum = sum + 1 return t end\n"
    "  f()\n"
    "  if i % 10 == 0 then\n"
    "    setmetatable({}, {__gc = function() sum = sum + i end})\n"
    "    local g = load('local a = ... local function h() return a end return h() + ' .. i)\n"
    "    sum = sum + g(i)\n"
    "    sum = sum + #table.concat(t, ',', 1, 2)\n"
    "    sum = sum + #string.format('%s %d %5.1f', t[2], i, i / 3)\n"
    "    sum = sum + select('#', table.unpack(t, 1, #t))\n"
    "    pcall(error, {i})\n"
    "  end\n"
    "end\n"
    "collectgarbage() collectgarbage()\n"
    "local left = 0\n"
    "for _ in pairs(weak) do left = left + 1 end\n"
    "for _ in pairs(keys) do left = left + 1 end\n"
    "return sum, left\n";

static void run_everything(lua_State *L, unsigned n)
{
    if (luaL_loadstring(L, everything) != LUA_OK)
        wrong("%s", lua_tostring(L, -1));
    lua_pushinteger(L, n);
    if (lua_pcall(L, 1, 2, 0) != LUA_OK)
        wrong("%s", lua_tostring(L, -1));
    printf("everything: %lld %lld\n", lua_tointeger(L, -2), lua_tointeger(L, -1));
    lua_settop(L, 0);
}

/* After collections nothing is on its way: what Lua counts is what it has of the host. */
static void sizes_are_exact(size_t shift)
{
    struct host *host = new_host();
    lua_State *L;

    host->shift = shift;
    L = new_state(host);
    run_everything(L, 2000 / divisor);
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    printf("sizes, shift %zu: the count is right %d\n", shift,
           shift != 0 || counted(L) == host->live);
    lua_gc(L, LUA_GCGEN, 0, 0);
    run_everything(L, 1000 / divisor);
    lua_close(L);
    end_host(host, "sizes");
}

/* Whole objects of each type in a state that never collects. */
static void tags_are_as_the_manual_says(void)
{
    static const int shown[] = {LUA_TSTRING, LUA_TTABLE, LUA_TFUNCTION, LUA_TUSERDATA, LUA_TTHREAD};
    struct host *host = new_host();
    lua_State *L = new_state(host);
    size_t before[TAGS];

    lua_gc(L, LUA_GCSTOP);
    if (luaL_loadstring(L, "local t = {}\n"
                           "for i = 1, 50 do t[i] = {} end\n"
                           "for i = 1, 40 do t[i][1] = 'string ' .. i end\n"
                           "for i = 1, 30 do t[i][2] = function() return i end end\n"
                           "for i = 1, 20 do t[i][3] = coroutine.create(print) end\n"
                           "for i = 1, 10 do t[i][4] = string.rep('long', 100 + i) end\n"
                           "for i = 1, 5 do t[i][5] = string.gmatch('a', 'b') end\n") != LUA_OK)
        wrong("%s", lua_tostring(L, -1));
    memcpy(before, host->tags, sizeof before);
    lua_call(L, 0, 0);
    lua_newuserdatauv(L, 100, 0);
    lua_newuserdatauv(L, 0, 3);
    printf("tags:");
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        printf(" %s %zu", lua_typename(L, shown[i]), host->tags[shown[i]] - before[shown[i]]);
    /* Upvalues and prototypes have tags of Lua's own behind those. */
    printf(", upvalues %zu\n", host->tags[LUA_NUMTYPES] - before[LUA_NUMTYPES]);
    lua_close(L);
    end_host(host, "tags");
}

/* ---- Refusals ---- */

static const char little[] =
    "local t = setmetatable({}, {__mode = 'k'})\n"
    "local kept = {}\n"
    "for i = 1, 20 do\n"
    "  local key = {i}\n"
    "  t[key] = 'x' .. i\n"
    "  kept[i] = coroutine.wrap(function(...) local a = {...} coroutine.yield(a) end)\n"
    "  kept[i](i, key)\n"
    "end\n"
    "setmetatable({}, {__gc = function() kept[1] = nil end})\n"
    "local f = assert(load('local a, b = 1, {2} return function() return a, b end'))\n"
    "return #kept, #string.rep('z', 5000), f()\n";

static int run_little(lua_State *L)
{
    luaL_openlibs(L);
    if (luaL_loadstring(L, little) != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, 2);
    return 2;
}

/* 1: it went through; 0: there was no state, or an error, which is that of memory. */
static int try_with(struct host *host)
{
    lua_State *L = lua_newstate(checked, host);
    int status;

    if (L == NULL)
        return 0;
    lua_pushcfunction(L, run_little);
    status = lua_pcall(L, 0, 2, 0);
    if (status == LUA_OK && (lua_tointeger(L, -2) != 20 || lua_tointeger(L, -1) != 5000))
        wrong("another result");
    if (status != LUA_OK && status != LUA_ERRMEM)
        wrong("status %d: %s", status, lua_tostring(L, -1));
    lua_close(L);
    return status == LUA_OK;
}

/* Refuses each call in turn, that many times, until a state never comes so far. */
static void every_call_is_refused(size_t refusals)
{
    size_t number = 1, failed = 0, over = 0;
    unsigned step = divisor;

    while (over == 0) {
        struct host *host = new_host();

        host->refuse_at = number;
        host->refusals = refusals;
        failed += !try_with(host);
        over = host->calls < number;
        end_host(host, "refusals");
        number += step;
    }
    /* One refusal alone costs a collection, where a state is whole. */
    printf("refused %s: some calls %d, some failed %d\n", refusals == 0 ? "for good" : "once",
           number > 300, refusals != 0 || failed > 2);
}

/* ---- A limit ---- */

static void a_limit_holds(void)
{
    struct host *host = new_host();
    lua_State *L = new_state(host);

    host->limit = 1 << 20;
    for (int i = 0; i < 3; i++) {
        int status = luaL_dostring(
            L, "local t = {} for i = 1, 1e8 do t[i] = {i, i, i, i, i, i, i, i, i, i, i, i} end");

        printf("full: %d %s\n", status, lua_tostring(L, -1));
        lua_settop(L, 0);
        run(L, "local t = {} for i = 1, 1000 do t[i] = {i} end print('goes on', #t)");
    }
    run(L, "print(pcall(string.rep, 'x', 1 << 30))");
    run(L, "local s = 0 for i = 1, 300 do s = s + #string.rep('x', 50000) end print(s)");
    /* Without collections of its own, refusals alone bring them. (Buffers of the auxiliary library
     * ask the allocator themselves, and are refused.) */
    lua_pushinteger(L, 50000 / divisor);
    lua_setglobal(L, "many");
    run(L, "collectgarbage('stop') local s = 0\n"
           "for i = 1, many do local t = {i, tostring(i)} s = s + #t end print(s)\n"
           "for i = 1, many do local t = table.pack(i, i, i, i, i) s = s + #t end print(s)");
    printf("limit kept %d, was reached %d\n", host->most <= host->limit,
           host->most > host->limit / 2);
    lua_close(L);
    end_host(host, "limit");
}

/* A table grows to more than half of what there is: its array is not there twice. */
static void arrays_grow_in_place(void)
{
    struct host *host = new_host();
    lua_State *L = new_state(host);

    host->limit = host->live + (size_t)(3.3 * (1 << 20));
    run(L, "local t = {} for i = 1, 1 << 17 do t[i] = i end print('array', #t)\n");
    lua_close(L);
    end_host(host, "arrays");
}

/* ---- Another allocator in the middle ---- */

static void allocators_follow(void)
{
    struct host *first = new_host(), *second = new_host();
    lua_State *L = new_state(first);
    void *data;

    run(L, "kept = {} for i = 1, 1000 do kept[i] = {tostring(i), function() return i end} end");
    second->before = first;
    lua_setallocf(L, checked, second);
    printf("follows %d\n", lua_getallocf(L, &data) == checked && data == second);
    run(L, "for i = 1, 500 do kept[i] = {i, 'new ' .. i} end collectgarbage()\n"
           "for i = 500, 1000 do kept[i] = nil end collectgarbage()\n"
           "local s = 0 for _, v in pairs(kept) do s = s + v[1] end print('kept', s)");
    printf("both have blocks %d %d\n", first->live > 0, second->live > 0);
    lua_close(L);
    end_host(first, "the first");
    end_host(second, "the second");
}

/* Hosts that put a function of theirs before the one that luaL_newstate has. */
struct wrapper {
    lua_Alloc below;
    void *data;
    size_t calls;
};

static void *wrapped(void *data, void *old, size_t osize, size_t nsize)
{
    struct wrapper *wrapper = data;

    wrapper->calls++;
    return wrapper->below(wrapper->data, old, osize, nsize);
}

static void plain_states_may_be_wrapped(void)
{
    struct wrapper wrapper = {NULL, NULL, 0};
    lua_State *L = luaL_newstate();

    luaL_openlibs(L);
    run(L, "kept = {} for i = 1, 1000 do kept[i] = {tostring(i)} end");
    wrapper.below = lua_getallocf(L, &wrapper.data);
    lua_setallocf(L, wrapped, &wrapper);
    run(L, "for i = 1, 1000 do kept[i] = {'s' .. i} end collectgarbage()");
    run(L, "for i = 1, #kept do kept[i] = nil end collectgarbage()\n"
           "for i = 1, 1000 do local s = load('return ' .. i) end");
    lua_close(L);
    printf("wrapped %d\n", wrapper.calls > 0);
}

/* ---- One state after another, and beside others ---- */

static void states_in_turn(void)
{
    for (unsigned i = 0; i < 200 / divisor + 4; i++) {
        struct host *host = new_host();

        host->shift = i % 5 == 4 ? 8 : 0;
        if (i % 4 == 3) {
            host->refuse_at = 2 + 31 * i % 700;
            try_with(host);
        } else {
            lua_State *plain = i % 2 == 0 ? luaL_newstate() : NULL;
            lua_State *L = new_state(host);

            run_little(L);
            if (plain != NULL) {
                run_little(plain);
                lua_close(plain);
            }
            lua_close(L);
        }
        end_host(host, "in turn");
    }
    printf("in turn\n");
}

static void *work(void *unused)
{
    struct host *host = new_host();
    lua_State *L = new_state(host);

    for (unsigned i = 0; i < 20 / divisor + 1; i++)
        run(L, "local t = {} for i = 1, 3000 do t[i % 100] = {i, 'x' .. i} end");
    lua_close(L);
    end_host(host, "in a thread");
    return unused;
}

static void states_in_threads(void)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("in threads\n");
}

/* ---- Finalizers ---- */

static int ready;

static int finalize(lua_State *L)
{
    ready += *(int *)lua_touserdata(L, 1);
    return 0;
}

/* The memory of an object is there when its finalizer runs, and goes with the next collection. */
static void finalizers_come_first(void)
{
    struct host *host = new_host();
    lua_State *L = new_state(host);
    size_t before;

    lua_gc(L, LUA_GCCOLLECT);
    before = host->live;
    for (int i = 0; i < 10; i++) {
        int *value = lua_newuserdatauv(L, 100000, 1);

        *value = 1;
        lua_createtable(L, 0, 1);
        lua_pushcfunction(L, finalize);
        lua_setfield(L, -2, "__gc");
        lua_setmetatable(L, -2);
        lua_pop(L, 1);
    }
    lua_gc(L, LUA_GCSTOP);
    lua_gc(L, LUA_GCCOLLECT);
    printf("finalized %d", ready);
    lua_gc(L, LUA_GCCOLLECT);
    printf(", gone %d\n", host->live < before + 10000);
    lua_close(L);
    end_host(host, "finalizers");
}

/* ---- For AddressSanitizer ---- */

static void overrun(void)
{
    lua_State *L = new_state(new_host());
    char *bytes = lua_newuserdatauv(L, 24, 0);

    memset(bytes, 7, 24);
    printf("inside\n");
    ((volatile char *)bytes)[24] = 7;
    printf("not seen\n");
    lua_close(L);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && strcmp(argv[1], "overrun") == 0) {
        overrun();
        return 0;
    }
    if (argc > 1)
        divisor = (unsigned)atoi(argv[1]);
    sizes_are_exact(0);
    sizes_are_exact(8);
    tags_are_as_the_manual_says();
    every_call_is_refused(1);
    every_call_is_refused(0);
    a_limit_holds();
    arrays_grow_in_place();
    allocators_follow();
    plain_states_may_be_wrapped();
    states_in_turn();
    states_in_threads();
    finalizers_come_first();
    return 0;
}
