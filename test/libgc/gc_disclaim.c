/* SPDX-License-Identifier: MIT */
/*
 * Disclaim procedures are called once for every dead object and may keep it; objects with a
 * finalizer of their own see what they refer to.
 */
#include "check.h"

#include <gc/gc_disclaim.h>
#include <gc/gc_mark.h>

enum { OBJECTS = 500, CHANCE = 10 };

/* ---- A kind with a procedure ---- */

struct item {
    uintptr_t number; /* from 1; 0 in memory that nobody filled */
    struct item *next;
    uintptr_t times;
};

static unsigned disclaimed[OBJECTS + 1];
static bool keep_even;

static int GC_CALLBACK disclaim(void *object)
{
    struct item *item = object;

    /* It is also called for free cells, which hold 0 or a link. */
    if (item->number == 0 || item->number > OBJECTS)
        return 0;
    if (keep_even && item->number % 2 == 0)
        return 1;
    disclaimed[item->number]++;
    item->number = 0;
    return 0;
}

static struct item *list;
static int kind;

static NOINLINE void make_items(bool hold)
{
    list = NULL;
    for (uintptr_t i = 1; i <= OBJECTS; i++) {
        struct item *item = GC_generic_malloc(sizeof *item, kind);

        item->number = i;
        if (hold) {
            item->next = list;
            list = item;
        }
    }
}

/* The stock library asks when it wants the memory, so it is asked to want it. */
static NOINLINE void sweep_all(void)
{
    for (size_t i = 0; i < 2000; i++)
        (void)GC_generic_malloc(sizeof(struct item), kind);
    collect();
}

static size_t count_disclaimed(void)
{
    size_t count = 0;

    for (size_t i = 1; i <= OBJECTS; i++) {
        EXPECT(disclaimed[i] <= 1, "item %zu was disclaimed %u times", i, disclaimed[i]);
        count += disclaimed[i];
    }
    memset(disclaimed, 0, sizeof disclaimed);
    return count;
}

static void test_procedure(void)
{
    size_t count;

    kind = (int)GC_new_kind(GC_new_free_list(), 0, 1, 1);
    GC_register_disclaim_proc(kind, disclaim, 0);
    make_items(true);
    collect();
    sweep_all();
    count = count_disclaimed();
    EXPECT(count == 0, "%zu that were reachable", count);
    list = NULL;
    collect();
    sweep_all();
    count = count_disclaimed();
    EXPECT(count + CHANCE >= OBJECTS, "%zu", count);

    keep_even = true;
    make_items(false);
    collect();
    sweep_all();
    for (size_t i = 2; i <= OBJECTS; i += 2)
        EXPECT(disclaimed[i] == 0, "item %zu was to be kept", i);
    keep_even = false;
    for (unsigned i = 0; i < 2; i++) {
        collect();
        sweep_all();
    }
    count = count_disclaimed();
    EXPECT(count + CHANCE >= OBJECTS, "%zu", count);
}

/* ---- Freed by hand ---- */

static NOINLINE void free_items(void)
{
    for (uintptr_t i = 1; i <= OBJECTS; i++) {
        struct item *item = GC_generic_malloc(sizeof *item, kind);

        item->number = i;
        GC_free(item);
    }
}

static void test_freed(void)
{
    size_t count;

    free_items();
    collect();
    count = count_disclaimed();
    EXPECT(count == 0, "%zu", count);
}

/* ---- Objects with a finalizer of their own ---- */

struct pair {
    struct pair *other;
    uintptr_t round, check;
};

static unsigned finalized, broken;
static uintptr_t this_round;

static void GC_CALLBACK finalize(void *object, void *data)
{
    struct pair *pair = object;

    finalized += pair->round == this_round;
    if (data != &finalized || pair->check != ~pair->round)
        broken++;
    /* What it refers to is still there, finalized or not. */
    if (pair->other != NULL && pair->other->check != ~pair->other->round)
        broken++;
}

static void GC_CALLBACK finalize_nothing(void *object, void *data)
{
    (void)object, (void)data;
}

static struct GC_finalizer_closure static_closure = {finalize, &finalized};
static struct GC_finalizer_closure of_fillers = {finalize_nothing, NULL};
static struct pair *chain;

static NOINLINE void make_pairs(size_t bytes, bool hold)
{
    struct pair *last = NULL;

    for (uintptr_t i = 0; i < OBJECTS; i++) {
        struct GC_finalizer_closure *closure = GC_malloc(sizeof *closure);
        struct pair *pair;

        *closure = static_closure;
        pair = GC_finalized_malloc(bytes, i % 2 == 0 ? closure : &static_closure);
        EXPECT((char *)pair == (char *)GC_base(pair) + sizeof(void *), "%p", (void *)pair);
        EXPECT(is_filled(pair, 0, bytes), "%zu bytes", bytes);
        pair->round = this_round;
        pair->check = ~this_round;
        pair->other = last;
        /* Chains would go link by link. */
        last = i % 2 == 0 ? pair : NULL;
        if (hold) {
            pair->other = chain;
            chain = pair;
        }
    }
}

static void test_finalized(size_t bytes)
{
    this_round++;
    finalized = 0;
    make_pairs(bytes, true);
    collect();
    collect();
    EXPECT(finalized == 0, "%u of %zu bytes", finalized, bytes);
    chain = NULL;
    this_round++;
    finalized = 0;
    make_pairs(bytes, false);
    for (unsigned i = 0; i < 6; i++) {
        collect();
        for (size_t j = 0; j < 1000; j++)
            (void)GC_finalized_malloc(bytes, &of_fillers);
    }
    EXPECT(finalized + CHANCE >= OBJECTS, "%u of %zu bytes", finalized, bytes);
    EXPECT(broken == 0, "%u", broken);
}

int main(void)
{
    GC_INIT();
    test_procedure();
    test_freed();
    GC_init_finalized_malloc();
    GC_init_finalized_malloc();
    test_finalized(sizeof(struct pair));
    test_finalized(200);
    test_finalized(10000);
    return check_end();
}
