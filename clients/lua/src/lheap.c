/* SPDX-License-Identifier: MIT */
/*
 * The heap of a family of states: how it is made, and how it ends.
 *
 * It is exact, stops at safepoints alone, marks in the thread that collects, belongs to whatever
 * thread calls Lua, one at a time, and is held from collecting by itself. The rest is as
 * TERRIER_OPTIONS says, and a host that asks for a state with options of its own.
 */
#define lheap_c
#define LUA_CORE

#include "lprefix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lauxlib.h"
#include "lfinal.h"
#include "lgc.h"
#include "lhost.h"
#include "lprofile.h"
#include "lvisit.h"
#include "terrier_lua.h"

/* So much a state may have in use whose heap is kept for the next. */
#define MOST_WAITING (256 * 1024)
/* So much of states before it may lie in the heap of a state. */
#define MOST_LEFT (64 * 1024)
/* In use, when the first whole collection comes where young objects are collected. */
#define FIRST_BOUND (1024 * 1024)

#define WISHES "plan=mark-sweep,stacks=exact,stop=safepoints,heap_initial=64K"

/* What a host said of the state that it makes now, in this thread. */
struct wish {
    const char *options;
    char *message;
    size_t message_bytes;
};

static __thread const struct wish *wish;

/* A sentence for the host, or for whoever sees standard error. */
static void say(const char *what, const char *sentence)
{
    if (wish == NULL)
        fprintf(stderr, "lua: %s: %s\n", what, sentence);
    else if (wish->message_bytes != 0)
        snprintf(wish->message, wish->message_bytes, "%s: %s", what, sentence);
}

static int read_options(struct ter_options *options, int of_host)
{
    char message[200] = "";
    const char *source = "TERRIER_OPTIONS";
    ter_status status;

    ter_options_init(options);
    status = ter_options_parse(options, WISHES, message, sizeof message);
    if (status == TER_OK)
        status = ter_options_read_environment(options, message, sizeof message);
    if (status == TER_OK && wish != NULL) {
        source = "options";
        status = ter_options_parse(options, wish->options, message, sizeof message);
    }
    if (status != TER_OK) {
        say(source, message);
        return 0;
    }
    strcpy(options->stacks, "exact");
    strcpy(options->stop, "safepoints");
    strcpy(options->objects, of_host ? "malloc" : "native");
    options->markers = 1; /* visitors count, and list weak tables */
    return 1;
}

static int ages(const char *plan)
{
    return strcmp(plan, "sticky-mark-sweep") == 0 || strcmp(plan, "young-immix") == 0 ||
           strcmp(plan, "gen-copy") == 0;
}

/* A round begins: all objects are to be counted anew, or young ones besides. */
static void begin_round(void *context, const struct ter_collection_event *event)
{
    global_State *g = lheap_stateof(context);
    lheap *heap;

    if (event->phase != TER_PHASE_STOPPED || g == NULL)
        return;
    heap = &g->heap;
    heap->whole = !event->young;
    heap->collecting = 1;
    heap->weak_values = heap->ephemerons = heap->all_weak = heap->dead_keys = NULL;
    heap->threads = NULL;
    if (!heap->whole)
        return;
    heap->home->left = 0;
    heap->epoch = heap->epoch == 1 ? 2 : 1;
    heap->owned = 0;
}

/* ---- Making one, and ending it ---- */

static int fill_home(struct lheap_home *home)
{
    if (ter_mutator_bind(home->heap, &home->mutator) != TER_OK)
        return 0;
    if (!lheap_definekinds(home) || ter_mutator_roam(home->mutator) != TER_OK ||
        ter_roots_add_visitor(home->heap, lheap_visitroots, home) != TER_OK) {
        ter_mutator_unbind(home->mutator);
        return 0;
    }
    ter_heap_on_collection(home->heap, begin_round, home);
    ter_weak_set_function(home->heap, lheap_weakstep, home);
    ter_heap_on_sample(home->heap, lprofile_frames, home);
    ter_collections_hold(home->heap);
    return 1;
}

/* Did somebody say what the heap is to be like? */
static int is_unusual(void)
{
    return wish != NULL || getenv("TERRIER_OPTIONS") != NULL;
}

static int make_heap(struct lheap_home *home, const struct ter_options *options)
{
    ter_status status = ter_heap_new(options, &home->heap);

    if (status == TER_OK && fill_home(home))
        return 1;
    if (status == TER_OK)
        ter_heap_free(home->heap);
    else
        say("no heap for another state", ter_status_message(status));
    return 0;
}

static struct lheap_home *new_home(int of_host)
{
    struct lheap_home *home;
    struct ter_options options;

    if (!read_options(&options, of_host))
        return NULL;
    home = (struct lheap_home *)calloc(1, sizeof *home);
    if (home == NULL)
        return NULL;
    home->has_young = cast_byte(!of_host && ages(options.plan));
    home->stress = options.stress_polls;
    home->is_usual = cast_byte(!is_unusual());
    if (make_heap(home, &options))
        return home;
    free(home);
    return NULL;
}

static void free_home(struct lheap_home *home)
{
    ter_mutator_unbind(home->mutator);
    ter_heap_free(home->heap);
    free(home);
}

/* ---- One that waits for the next state ---- */

/*
 * A heap takes longer to make than a state, so that of a small state is kept, one in a process, and
 * one more for states with allocators of their own. What a state leaves in its own heap is
 * collected when the next one takes it, or the one after that, so the last state of a process costs
 * nothing of that, and its heap ends with the process: the library is linked so that it stays until
 * then. One of which anybody said anything is not kept: a report is written when a heap ends.
 */
static struct lheap_home *waiting_homes[2];

static int may_wait(const global_State *g)
{
    return gettotalbytes(g) < MOST_WAITING && g->heap.home->is_usual;
}

/* A host gets all its memory back at once. */
static int gave_back(struct lheap_home *home)
{
    ter_collect(home->mutator);
    return lhost_end(home);
}

static void let_wait(struct lheap_home *home, int of_host)
{
    struct lheap_home *none = NULL;

    if ((of_host && !gave_back(home)) ||
        !__atomic_compare_exchange_n(&waiting_homes[of_host], &none, home, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        free_home(home);
}

/* Without a state nothing is reached: all that others left goes. Where it may be old, and logged, a
 * collection of young objects would look at it. */
static void clear_home(struct lheap_home *home)
{
    if (home->left <= MOST_LEFT && !home->has_young)
        return;
    ter_collect(home->mutator);
    home->left = 0;
}

static struct lheap_home *take_waiting(int of_host)
{
    struct lheap_home *none = NULL, *home;

    if (is_unusual())
        return NULL;
    home = __atomic_exchange_n(&waiting_homes[of_host], none, __ATOMIC_ACQ_REL);
    if (home != NULL && !of_host)
        clear_home(home);
    return home;
}

/* ---- Of a state ---- */

/* The memory of the main thread; without it the heap has no state. */
static void *begin_state(global_State *g, struct lheap_home *home, size_t main_bytes)
{
    lheap *heap = &g->heap;
    void *main = NULL;

    home->g = g;
    heap->home = home;
    heap->heap = home->heap;
    heap->mutator = home->mutator;
    if (!heap->of_host || lhost_begin(home, g))
        main = ter_allocate(heap->mutator, LHEAP_THREAD, main_bytes);
    if (main == NULL)
        luaC_shut(g);
    return main;
}

void *luaC_open(global_State *g, size_t main_bytes)
{
    struct lheap_home *home;
    lheap *heap = &g->heap;

    memset(heap, 0, sizeof *heap);
    g->totalbytes = g->GCdebt = 0;
    heap->epoch = 1;
    heap->blocks = (l_mem)sizeof(global_State);
    heap->bound = FIRST_BOUND;
    heap->of_host = g->frealloc != luaC_plainalloc;
    home = take_waiting(heap->of_host);
    if (home == NULL)
        home = new_home(heap->of_host);
    if (home == NULL)
        return NULL;
    heap->has_young = heap->young_pays = home->has_young;
    heap->room = FIRST_BOUND;
    heap->stress = home->stress;
    return begin_state(g, home, main_bytes);
}

/* Without memory for it all buckets are looked at. */
void luaC_resizedstrings(global_State *g, size_t buckets)
{
    lheap *heap = &g->heap;

    if (!heap->has_young)
        return;
    free(heap->fresh);
    heap->fresh_words = (buckets + 63) / 64;
    heap->fresh = (unsigned long long *)malloc(heap->fresh_words * sizeof *heap->fresh);
    if (heap->fresh != NULL)
        memset(heap->fresh, 0xFF, heap->fresh_words * sizeof *heap->fresh);
}

void luaC_shut(global_State *g)
{
    struct lheap_home *home = g->heap.home;
    int waits = may_wait(g);

    free(g->heap.fresh);
    lheap_freelists(g);
    home->g = NULL;
    home->left += (size_t)gettotalbytes(g);
    if (waits)
        let_wait(home, g->heap.of_host);
    else
        free_home(home);
}

lua_State *terrier_lua_newstate(const char *options, char *message, size_t message_bytes)
{
    const struct wish asked = {options, message, message_bytes};
    lua_State *L;

    wish = &asked;
    L = luaL_newstate();
    wish = NULL;
    return L;
}
