/* SPDX-License-Identifier: MIT */
/*
 * Disappearing links, short and long: cleared when their object goes and not before, moved,
 * unregistered, in the heap and outside it.
 */
#include "check.h"

enum { LINKS = 400, CHANCE = 8 };

static void **links;            /* in atomic memory: they keep nothing */
static void *strong[LINKS];     /* keeps the objects of some links */
static uintptr_t hidden[LINKS]; /* what each link held */

static NOINLINE void fill_links(bool long_links)
{
    links = GC_malloc_atomic(2 * LINKS * sizeof *links);
    memset(links, 0, 2 * LINKS * sizeof *links);
    for (size_t i = 0; i < LINKS; i++) {
        int result;

        links[i] = GC_malloc(32);
        hidden[i] = hide(links[i]);
        strong[i] = links[i];
        result = long_links ? GC_register_long_link(&links[i], links[i])
                            : GC_general_register_disappearing_link(&links[i], links[i]);
        EXPECT(result == GC_SUCCESS, "link %zu: %d", i, result);
    }
}

static NOINLINE void drop_odd(void)
{
    for (size_t i = 1; i < LINKS; i += 2)
        strong[i] = NULL;
}

static void check_links(void **where)
{
    size_t left = 0;

    for (size_t i = 0; i < LINKS; i++)
        if (strong[i] != NULL)
            EXPECT(where[i] == strong[i], "link %zu is %p, not %p", i, where[i], strong[i]);
        else
            left += where[i] != NULL;
    EXPECT(left <= CHANCE, "%zu links of dead objects are left", left);
}

static void test_cleared(bool long_links)
{
    fill_links(long_links);
    drop_odd();
    collect();
    check_links(links);
    memset(strong, 0, sizeof strong);
    collect();
    check_links(links);
}

static NOINLINE void move_links(bool long_links)
{
    int (*move)(void **, void **) = long_links ? GC_move_long_link : GC_move_disappearing_link;

    for (size_t i = 0; i < LINKS; i++) {
        int result;

        links[LINKS + i] = links[i];
        result = move(&links[i], &links[LINKS + i]);
        EXPECT(result == GC_SUCCESS, "link %zu: %d", i, result);
        result = move(&links[i], &links[LINKS + i]);
        EXPECT(result == GC_NOT_FOUND, "link %zu again: %d", i, result);
        links[i] = (void *)hidden[i];
    }
    EXPECT(move(&links[LINKS], &links[LINKS]) == GC_SUCCESS, "to itself");
    EXPECT(move(&links[LINKS], &links[LINKS + 1]) == GC_DUPLICATE, "to one that is registered");
}

static void test_moved(bool long_links)
{
    fill_links(long_links);
    move_links(long_links);
    drop_odd();
    collect();
    check_links(links + LINKS);
    for (size_t i = 0; i < LINKS; i++)
        EXPECT(links[i] == (void *)hidden[i], "the old place of link %zu is %p", i, links[i]);
    memset(strong, 0, sizeof strong);
    collect();
}

static void test_unregistered(bool long_links)
{
    int (*unregister)(void **) =
        long_links ? GC_unregister_long_link : GC_unregister_disappearing_link;
    size_t left = 0;

    fill_links(long_links);
    for (size_t i = 0; i < LINKS; i++) {
        EXPECT(unregister(&links[i]) == 1, "link %zu", i);
        EXPECT(unregister(&links[i]) == 0, "link %zu again", i);
    }
    memset(strong, 0, sizeof strong);
    collect();
    for (size_t i = 0; i < LINKS; i++)
        left += links[i] == reveal(hidden[i]);
    EXPECT(left == LINKS, "%zu of %d links are left alone", left, LINKS);
}

static NOINLINE void register_twice(void)
{
    links = GC_malloc_atomic(2 * LINKS * sizeof *links);
    for (size_t i = 0; i < LINKS; i++) {
        int result;

        strong[i] = GC_malloc(32);
        links[i] = strong[i];
        result = GC_general_register_disappearing_link(&links[i], strong[i]);
        EXPECT(result == GC_SUCCESS, "link %zu: %d", i, result);
        result = GC_general_register_disappearing_link(&links[i], GC_malloc(32));
        EXPECT(result == GC_DUPLICATE, "link %zu: %d", i, result);
    }
}

/* The last object that was named counts, whatever the link holds. */
static void test_twice(void)
{
    size_t cleared = 0;

    register_twice();
    collect();
    for (size_t i = 0; i < LINKS; i++)
        cleared += links[i] == NULL;
    EXPECT(cleared >= LINKS - CHANCE, "%zu of %d", cleared, LINKS);
    memset(strong, 0, sizeof strong);
}

/* ---- Links inside objects ---- */

struct weak_pair {
    void *weak;
    uintptr_t number;
};

static struct weak_pair **pairs;

static NOINLINE void make_pairs(void)
{
    pairs = GC_malloc(LINKS * sizeof *pairs);
    for (size_t i = 0; i < LINKS; i++) {
        pairs[i] = GC_malloc_atomic(sizeof *pairs[i]);
        pairs[i]->number = i;
        pairs[i]->weak = GC_malloc(24);
        strong[i] = i % 2 == 0 ? pairs[i]->weak : NULL;
        EXPECT(GC_general_register_disappearing_link(&pairs[i]->weak, pairs[i]->weak) == GC_SUCCESS,
               "%zu", i);
    }
}

/* The memory of a dead object with a link in it is used again; nobody clears a word of that. */
static void test_link_in_dead_object(void)
{
    enum { FILLS = 20000 };
    static void **fills[FILLS];
    size_t damaged = 0;

    make_pairs();
    collect();
    for (size_t i = 0; i < LINKS; i++) {
        EXPECT(pairs[i]->number == i, "pair %zu says %zu", i, (size_t)pairs[i]->number);
        EXPECT(strong[i] == NULL || pairs[i]->weak == strong[i], "pair %zu", i);
    }
    pairs = NULL;
    collect();
    for (size_t i = 0; i < FILLS; i++) {
        fills[i] = GC_malloc_atomic(sizeof(struct weak_pair));
        memset(fills[i], 0x11, sizeof(struct weak_pair));
    }
    memset(strong, 0, sizeof strong);
    collect();
    collect();
    for (size_t i = 0; i < FILLS; i++)
        damaged += !is_filled(fills[i], 0x11, sizeof(struct weak_pair));
    EXPECT(damaged == 0, "%zu objects were written to", damaged);
    memset(fills, 0, sizeof fills);
}

static NOINLINE void make_own_links(void)
{
    for (size_t i = 0; i < LINKS; i++) {
        void **object = GC_malloc_atomic(48);

        object[2] = object;
        EXPECT(GC_register_disappearing_link(&object[2]) == GC_SUCCESS, "%zu", i);
        strong[i] = i % 2 == 0 ? object : NULL;
    }
}

/* Without a name of its own the object is the one that the link lies in. */
static void test_link_to_itself(void)
{
    make_own_links();
    collect();
    for (size_t i = 0; i < LINKS; i += 2)
        EXPECT(((void **)strong[i])[2] == strong[i], "%zu", i);
    memset(strong, 0, sizeof strong);
    collect();
}

/* ---- Links and finalizers ---- */

static void **short_and_long; /* a short and a long link for each object, outside the heap */
/* Volatile: nobody reads it but the collector, and a compiler may leave its clearing out. */
static void *volatile revived[LINKS];
static unsigned finalized, short_left, long_gone;

static void GC_CALLBACK look(void *object, void *data)
{
    size_t number = *(size_t *)object;

    (void)data;
    finalized++;
    short_left += short_and_long[2 * number] != NULL;
    long_gone += short_and_long[2 * number + 1] != object;
    revived[number] = object;
}

static NOINLINE void make_watched(void)
{
    for (size_t i = 0; i < LINKS; i++) {
        size_t *object = GC_malloc(40);

        *object = i;
        short_and_long[2 * i] = object;
        short_and_long[2 * i + 1] = object;
        GC_general_register_disappearing_link(&short_and_long[2 * i], object);
        GC_register_long_link(&short_and_long[2 * i + 1], object);
        GC_register_finalizer_no_order(object, look, NULL, NULL, NULL);
    }
}

static void test_with_finalizers(void)
{
    size_t left = 0;

    short_and_long = calloc(2 * LINKS, sizeof *short_and_long);
    make_watched();
    collect();
    collect();
    EXPECT(finalized >= LINKS - CHANCE, "%u of %d", finalized, LINKS);
    EXPECT(short_left == 0, "%u short links were left when the finalizer ran", short_left);
    EXPECT(long_gone == 0, "%u long links were gone when the finalizer ran", long_gone);
    for (size_t i = 0; i < LINKS; i++)
        revived[i] = NULL;
    collect();
    for (size_t i = 0; i < LINKS; i++)
        left += short_and_long[2 * i + 1] != NULL;
    EXPECT(left <= CHANCE, "%zu long links of dead objects are left", left);
}

/* ---- Many, in a random order ---- */

enum { PLACES = 5000 };

static struct place {
    void *object; /* strong, or NULL */
    bool registered;
} places[PLACES];

static void change_place(void **words, uint64_t *state)
{
    size_t i = random_below(state, PLACES), j = random_below(state, PLACES);
    int result;

    switch (random_below(state, 3)) {
    case 0:
        if (places[i].object == NULL)
            places[i].object = GC_malloc(16 + i % 3 * 16);
        words[i] = places[i].object;
        result = GC_general_register_disappearing_link(&words[i], words[i]);
        EXPECT(result == (places[i].registered ? GC_DUPLICATE : GC_SUCCESS), "%d", result);
        places[i].registered = true;
        break;
    case 1:
        result = GC_unregister_disappearing_link(&words[i]);
        EXPECT(result == (int)places[i].registered, "%d", result);
        places[i] = (struct place){0};
        break;
    default:
        if (places[j].registered || i == j)
            break;
        words[j] = words[i];
        result = GC_move_disappearing_link(&words[i], &words[j]);
        EXPECT(result == (places[i].registered ? GC_SUCCESS : GC_NOT_FOUND), "%d", result);
        if (places[i].registered)
            places[j] = places[i];
        places[i] = (struct place){0};
        break;
    }
}

static void test_many(void)
{
    void **words = GC_malloc_atomic(PLACES * sizeof *words);
    size_t rounds = check_scale(400000), left = 0;
    uint64_t state = 31;

    memset(words, 0, PLACES * sizeof *words);
    for (size_t round = 0; round < rounds; round++) {
        change_place(words, &state);
        if (round % 20000 != 0)
            continue;
        GC_gcollect();
        for (size_t i = 0; i < PLACES; i++)
            EXPECT(!places[i].registered || words[i] == places[i].object, "%zu: %p, %p", i,
                   words[i], places[i].object);
    }
    for (size_t i = 0; i < PLACES; i++)
        places[i].object = NULL;
    collect();
    for (size_t i = 0; i < PLACES; i++)
        left += places[i].registered && words[i] != NULL;
    EXPECT(left <= CHANCE, "%zu links are left", left);
}

int main(void)
{
    GC_INIT();
    for (unsigned round = 0; round < 2; round++) {
        test_cleared(round == 1);
        test_moved(round == 1);
        test_unregistered(round == 1);
    }
    test_twice();
    test_link_in_dead_object();
    test_link_to_itself();
    test_with_finalizers();
    test_many();
    return check_end();
}
