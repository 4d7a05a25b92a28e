/* SPDX-License-Identifier: MIT */
/*
 * States of Lua in threads of the system, for ThreadSanitizer: a state of each thread's own, states
 * that threads use in turn, and states that one thread makes and another closes. All collect. With
 * a number as its argument it does so much less.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#define THREADS 6
#define SHARED 4

static int divisor = 1;

static void *allocate(void *unused, void *block, size_t old_bytes, size_t bytes)
{
    (void)unused, (void)old_bytes;
    if (bytes != 0)
        return realloc(block, bytes);
    free(block);
    return NULL;
}

/* Objects of every second one come from an allocator of the host's. */
static lua_State *new_state(int number)
{
    lua_State *L = number % 2 != 0 ? lua_newstate(allocate, NULL) : luaL_newstate();

    if (L == NULL) {
        printf("no state\n");
        exit(1);
    }
    luaL_openlibs(L);
    return L;
}

static long run(lua_State *L, const char *text)
{
    long result;

    if (luaL_dostring(L, text) != LUA_OK) {
        printf("error: %s\n", lua_tostring(L, -1));
        exit(1);
    }
    result = (long)lua_tointeger(L, -1);
    lua_settop(L, 0);
    return result;
}

static void run_threads(void *(*function)(void *))
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, function, (void *)(intptr_t)i) != 0)
            exit(1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* ---- A state of each thread's own ---- */

static const char own_work[] = "local weak, finalized = setmetatable({}, {__mode = 'k'}), 0\n"
                               "local final = {__gc = function() finalized = finalized + 1 end}\n"
                               "for i = 1, 6000 // %d do\n"
                               "  local t = setmetatable({i, 'string ' .. i}, final)\n"
                               "  weak[t] = coroutine.wrap(function() coroutine.yield(t) end)\n"
                               "  weak[t]()\n"
                               "end\n"
                               "collectgarbage() collectgarbage()\n"
                               "assert(next(weak) == nil)\n"
                               "return finalized\n";

/* Small ones besides, whose heaps are kept for whichever thread makes the next. */
static void *use_own(void *number)
{
    long finalized;

    for (int i = 0; i < 20; i++) {
        lua_State *L = new_state(i);

        if (run(L, "local t = {} for i = 1, 50 do t[i] = {i} end return #t") != 50)
            exit(1);
        lua_close(L);
    }
    for (int i = 0; i < 3; i++) {
        lua_State *L = new_state(i);

        finalized = run(L, lua_pushfstring(L, own_work, divisor));
        if (finalized != 6000 / divisor) {
            printf("thread %d: %ld finalizers ran\n", (int)(intptr_t)number, finalized);
            exit(1);
        }
        lua_close(L);
    }
    return NULL;
}

/* ---- States in turn ---- */

static struct shared {
    lua_State *L;
    pthread_mutex_t turn;
} shared[SHARED];

static void *make_shared(void *number)
{
    intptr_t i = (intptr_t)number;

    if (i < SHARED) {
        shared[i].L = new_state((int)i);
        run(shared[i].L, "list, sum = {}, 0\n"
                         "worker = coroutine.wrap(function(i)\n"
                         "  while true do\n"
                         "    list[#list % 500 + 1] = {i, tostring(i)}\n"
                         "    sum = sum + i\n"
                         "    i = coroutine.yield(#list)\n"
                         "  end\n"
                         "end)");
    }
    return NULL;
}

/* Another state each time, by whichever thread comes. */
static void *use_shared(void *number)
{
    for (int i = 0; i < 1200 / divisor; i++) {
        struct shared *one = &shared[(i + (int)(intptr_t)number) % SHARED];

        pthread_mutex_lock(&one->turn);
        lua_getglobal(one->L, "worker");
        lua_pushinteger(one->L, i);
        lua_call(one->L, 1, 0);
        if (i % 100 == 0)
            lua_gc(one->L, LUA_GCCOLLECT);
        pthread_mutex_unlock(&one->turn);
    }
    return NULL;
}

/* By another thread than made it. */
static void *close_shared(void *number)
{
    intptr_t i = (intptr_t)number - (THREADS - SHARED);

    if (i >= 0)
        lua_close(shared[i].L);
    return NULL;
}

static void states_in_turn(void)
{
    long sum = 0;

    for (int i = 0; i < SHARED; i++)
        pthread_mutex_init(&shared[i].turn, NULL);
    run_threads(make_shared);
    run_threads(use_shared);
    for (int i = 0; i < SHARED; i++)
        sum += run(shared[i].L, "return sum");
    run_threads(close_shared);
    printf("sum %ld\n", sum);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        divisor = atoi(argv[1]);
    run_threads(use_own);
    printf("own states\n");
    states_in_turn();
    return 0;
}
