/* SPDX-License-Identifier: MIT */
/*
 * A host of Lua that knows nothing of its collector: what the C interface promises about memory.
 * Prints the same with Debian's library and with ours. With the argument "limit" it fills memory
 * until there is no more, for a heap with a maximum; with a number, slow ways to run do so much
 * less.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#define STATES 100
#define SLEEPERS 2000

static int divisor = 1;

static int some(int count)
{
    return count / divisor;
}

static lua_State *new_state(void)
{
    lua_State *L = luaL_newstate();

    if (L == NULL) {
        printf("no state\n");
        exit(1);
    }
    luaL_openlibs(L);
    return L;
}

/* The text may call some. */
static void run(lua_State *L, const char *text)
{
    lua_pushfstring(L, "local function some(n) return n // %d end %s", divisor, text);
    if (luaL_dostring(L, lua_tostring(L, -1)) != LUA_OK) {
        printf("error: %s\n", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* ---- Addresses ---- */

static void addresses_stay(void)
{
    lua_State *L = new_state();
    const char *text = lua_pushstring(L, "a string that somebody keeps");
    const void *plain = lua_newuserdatauv(L, 100, 0), *with = lua_newuserdatauv(L, 100, 1);
    const void *table = (lua_newtable(L), lua_topointer(L, -1));
    lua_State *thread = lua_newthread(L);

    memset(lua_touserdata(L, 2), 7, 100);
    run(L, "local t = {} for i = 1, some(200000) do t[i % 1000] = {tostring(i)} end");
    lua_gc(L, LUA_GCCOLLECT);
    printf("addresses %d %d %d %d %d, aligned %d %d\n", text == lua_tostring(L, 1),
           plain == lua_touserdata(L, 2), with == lua_touserdata(L, 3),
           table == lua_topointer(L, 4), thread == lua_tothread(L, 5), (uintptr_t)plain % 16 == 0,
           (uintptr_t)with % 8 == 0);
    printf("contents %s %d\n", text, ((const char *)plain)[99]);
    *(void **)lua_getextraspace(L) = L;
    thread = lua_newthread(L);
    printf("extra space %d\n", *(void **)lua_getextraspace(thread) == NULL ||
                                   *(void **)lua_getextraspace(thread) == (void *)L);
    lua_close(L);
}

/* ---- lua_gc ---- */

static int in_finalizer(lua_State *L)
{
    printf("in a finalizer: %d %d\n", lua_gc(L, LUA_GCCOUNT), lua_gc(L, LUA_GCCOLLECT));
    return 0;
}

static void gc_answers(void)
{
    lua_State *L = new_state();

    printf("gc %d %d %d %d", lua_gc(L, LUA_GCISRUNNING), lua_gc(L, LUA_GCSTOP),
           lua_gc(L, LUA_GCISRUNNING), lua_gc(L, LUA_GCRESTART));
    printf(" %d %d", lua_gc(L, LUA_GCGEN, 0, 0), lua_gc(L, LUA_GCINC, 0, 0, 0));
    printf(" %d %d", lua_gc(L, LUA_GCSETPAUSE, 150), lua_gc(L, LUA_GCSETPAUSE, 200));
    printf(" %d %d\n", lua_gc(L, LUA_GCCOLLECT), lua_gc(L, 99));
    printf("count %d %d\n", lua_gc(L, LUA_GCCOUNT) > 10, lua_gc(L, LUA_GCCOUNTB) < 1024);
    lua_newuserdatauv(L, 1, 0);
    lua_newtable(L);
    lua_pushcfunction(L, in_finalizer);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    lua_gc(L, LUA_GCCOLLECT);
    lua_close(L);
}

/* What is asked for comes, also while collections are stopped, and ends with weak values gone. */
static void gc_steps(void)
{
    lua_State *L = new_state();
    int steps = 0;

    lua_gc(L, LUA_GCINC, 0, 0, 0);
    run(L, "weak = setmetatable({}, {__mode = 'v'}) for i = 1, 100 do weak[i] = {} end");
    lua_gc(L, LUA_GCSTOP);
    for (int cycles = 0; cycles < 2 && steps < 1000000; steps++)
        cycles += lua_gc(L, LUA_GCSTEP, 0);
    run(L, "print('after steps', next(weak)) weak[1] = {}");
    /* So many that some are due where polls are counted. */
    for (int cycles = 0; cycles < 2500 && steps < 1000000; steps++)
        cycles += lua_gc(L, LUA_GCSTEP, 100);
    run(L, "print('after large ones', next(weak))");
    printf("ended %d, stopped %d\n", steps < 1000000, !lua_gc(L, LUA_GCISRUNNING));
    lua_close(L);
}

/* ---- The end of a state ---- */

static int closes(lua_State *L)
{
    printf("closes %lld, error %d\n", (long long)lua_rawlen(L, 1), !lua_isnil(L, 2));
    return 0;
}

static int finalizes(lua_State *L)
{
    printf("finalizes %lld\n", (long long)lua_rawlen(L, 1));
    return 0;
}

/* Variables that are to be closed are, later ones first, and then come finalizers. */
static void closing(void)
{
    lua_State *L = new_state();

    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, closes);
    lua_setfield(L, -2, "__close");
    lua_pushcfunction(L, finalizes);
    lua_setfield(L, -2, "__gc");
    for (int i = 1; i <= 3; i++) {
        lua_newuserdatauv(L, (size_t)i, 0);
        lua_pushvalue(L, 1);
        lua_setmetatable(L, -2);
        lua_toclose(L, -1);
    }
    run(L, "for i = 1, some(20000) do local t = {{}} end");
    lua_close(L);
    printf("closed\n");
}

/* ---- Signals ---- */

static lua_State *interrupted;

static void stop_here(lua_State *L, lua_Debug *unused)
{
    (void)unused;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted");
}

static void set_hook(int unused)
{
    (void)unused;
    lua_sethook(interrupted, stop_here, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT,
                1);
}

/* As the program lua does at an interrupt: wherever that finds it, also in a collection. */
static void hooks_of_signals(void)
{
    const struct itimerval soon = {.it_value.tv_usec = 2000};
    int stopped = 0;

    interrupted = new_state();
    signal(SIGALRM, set_hook);
    luaL_loadstring(interrupted, "local t = {} while true do for i = 1, 200 do t[i] = {i, {}, "
                                 "tostring(i), function() return t end} end end");
    for (int i = 0; i < some(100); i++) {
        lua_pushvalue(interrupted, 1);
        setitimer(ITIMER_REAL, &soon, NULL);
        stopped += lua_pcall(interrupted, 0, 0, 0) == LUA_ERRRUN &&
                   strstr(lua_tostring(interrupted, -1), "interrupted") != NULL;
        lua_settop(interrupted, 1);
        lua_gc(interrupted, LUA_GCCOLLECT);
    }
    printf("interrupted %d\n", stopped == some(100));
    signal(SIGALRM, SIG_DFL);
    lua_close(interrupted);
}

/* ---- Threads of Lua ---- */

/* Values that are pushed on stacks of threads that sleep, by functions of the interface alone. */
static void sleepers_keep(void)
{
    lua_State *L = new_state();
    static lua_State *sleepers[SLEEPERS];
    long sum = 0;

    lua_createtable(L, SLEEPERS, 0);
    for (int i = 0; i < some(SLEEPERS); i++) {
        sleepers[i] = lua_newthread(L);
        lua_rawseti(L, -2, i + 1);
    }
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < some(SLEEPERS); i++) {
            lua_pushfstring(L, "value %d of round %d", i, round);
            lua_xmove(L, sleepers[i], 1);
            lua_createtable(sleepers[i], 1, 0);
            lua_pushinteger(sleepers[i], i);
            lua_rawseti(sleepers[i], -2, 1);
        }
        run(L, "local t for i = 1, some(100000) do t = {i, tostring(i)} end");
    }
    for (int i = 0; i < some(SLEEPERS); i++) {
        lua_rawgeti(sleepers[i], -1, 1);
        sum += lua_tointeger(sleepers[i], -1) + lua_gettop(sleepers[i]);
        lua_pop(sleepers[i], 1);
        sum += (long)strlen(lua_tostring(sleepers[i], 1));
    }
    printf("sleepers %ld\n", sum);
    lua_close(L);
}

/* ---- Threads of the system ---- */

static int threads_of_process(void)
{
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *task;
    int count = 0;

    while (tasks != NULL && (task = readdir(tasks)) != NULL)
        count += task->d_name[0] != '.';
    if (tasks != NULL)
        closedir(tasks);
    return count;
}

/* Before there are others: with much alive, where a heap might want help. */
static void no_thread_of_ours(void)
{
    lua_State *L = new_state();

    run(L, "t = {} for i = 1, some(300000) do t[i] = {i} end collectgarbage()");
    printf("threads %d\n", threads_of_process());
    lua_close(L);
}

static lua_State *shared;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void *make_shared(void *unused)
{
    shared = new_state();
    run(shared, "list = {} function add(i) list[#list + 1] = {i, tostring(i)} end");
    return unused;
}

static void *use_shared(void *number)
{
    for (int i = 0; i < some(3000); i++) {
        pthread_mutex_lock(&turn);
        lua_getglobal(shared, "add");
        lua_pushinteger(shared, (int)(intptr_t)number * 10000 + i);
        lua_call(shared, 1, 0);
        if (i % 500 == 0)
            lua_gc(shared, LUA_GCCOLLECT);
        pthread_mutex_unlock(&turn);
    }
    return NULL;
}

/* A state of each thread's own, beside the others'. */
static void *use_own(void *unused)
{
    lua_State *L = new_state();

    run(L, "local t = {} for i = 1, some(100000) do t[i % 100] = {i, 'x' .. i} end");
    lua_close(L);
    return unused;
}

static void run_threads(void *(*function)(void *), int count)
{
    pthread_t threads[8];

    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, function, (void *)(intptr_t)i);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void threads_in_turn(void)
{
    run_threads(make_shared, 1);
    run_threads(use_shared, 4);
    run(shared,
        "local s = 0 for _, e in ipairs(list) do s = s + e[1] + #e[2] end print('turns', s)");
    lua_close(shared);
    run_threads(use_own, 8);
    printf("own states\n");
}

static void fork_with_a_state(void)
{
    lua_State *L = new_state();
    int status = 1;

    run(L, "t = {} for i = 1, some(10000) do t[i] = {i} end");
    fflush(stdout);
    if (fork() == 0) {
        run(L, "for i = 1, some(100000) do t[i % 10 + 1] = {i} end collectgarbage()");
        lua_close(L);
        _exit(0);
    }
    wait(&status);
    run(L, "print('after fork', #t)");
    lua_close(L);
    printf("child %d\n", status);
}

/* ---- Many states, errors, allocators ---- */

static void many_states(void)
{
    lua_State *states[STATES];

    for (int i = 0; i < some(STATES); i++) {
        states[i] = new_state();
        run(states[i], "x = {} for i = 1, 100 do x[i] = {i} end");
    }
    for (int i = 0; i < some(STATES); i++)
        lua_close(states[(i * 37) % some(STATES)]);
    printf("states\n");
}

static size_t asked, calls;

static void *count_bytes(void *data, void *block, size_t old, size_t new)
{
    (void)data;
    calls++;
    asked += new - (block == NULL ? 0 : old);
    if (new == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new);
}

static void own_allocator(void)
{
    lua_State *L = lua_newstate(count_bytes, NULL);
    void *data = &data;

    luaL_openlibs(L);
    run(L, "local t = {} for i = 1, some(20000) do t[i] = {i, 's' .. i} end");
    printf("allocator %d %d\n", lua_getallocf(L, &data) == count_bytes && data == NULL, calls > 0);
    lua_close(L);
    printf("balance %zu\n", asked);
}

static int throws(lua_State *L)
{
    luaL_checkstack(L, 100, "none");
    for (int i = 0; i < 50; i++)
        lua_newtable(L);
    return luaL_error(L, "thrown %d", lua_gettop(L));
}

static void errors(void)
{
    lua_State *L = new_state();

    for (int i = 1; i <= some(1000); i++) {
        lua_pushcfunction(L, throws);
        if (lua_pcall(L, 0, 0, 0) != LUA_ERRRUN)
            printf("no error\n");
        if (i == some(1000))
            printf("%s\n", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_close(L);
}

/* ---- Memory that is out ---- */

static void fill(void)
{
    lua_State *L = new_state();
    int status;

    for (int i = 0; i < 3; i++) {
        status = luaL_dostring(L, "local t = {} for i = 1, 1e8 do t[i] = {i} end");
        printf("full: %d %s\n", status == LUA_OK ? 0 : 1, lua_tostring(L, -1));
        lua_settop(L, 0);
        run(L, "local t = {} for i = 1, 1000 do t[i] = {i} end print('goes on', #t)");
    }
    run(L, "print(pcall(string.rep, 'x', 1 << 30))");
    run(L, "local s = 0 for i = 1, 300 do s = s + #string.rep('x', 100000) end print(s)");
    lua_close(L);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && strcmp(argv[1], "limit") == 0) {
        fill();
        return 0;
    }
    if (argc > 1)
        divisor = atoi(argv[1]);
    addresses_stay();
    gc_answers();
    gc_steps();
    closing();
    hooks_of_signals();
    sleepers_keep();
    no_thread_of_ours();
    threads_in_turn();
    fork_with_a_state();
    many_states();
    own_allocator();
    errors();
    return 0;
}
