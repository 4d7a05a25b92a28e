/* SPDX-License-Identifier: MIT */
/*
 * Finalizers: the four orders, cycles, resurrection, finalizers that register again, their data,
 * and running them on demand. A conservative collector may keep a few objects by chance, so many
 * are made and nearly all must go; what must stay, stays to the last one.
 */
#include "check.h"

enum { OBJECTS = 300, CHANCE = 8 };

typedef void register_function(void *object, GC_finalization_proc function, void *data,
                               GC_finalization_proc *old_function, void **old_data);

struct node {
    struct node *next;
    uintptr_t number;
    uintptr_t guard; /* ~number: the contents are whole */
    unsigned test;   /* which made it: what chance kept of earlier ones does not count */
};

static unsigned test;

static unsigned runs[OBJECTS];  /* of each number's finalizer */
static unsigned early[OBJECTS]; /* runs of a second object's finalizer before the first one's */
static unsigned second_runs[OBJECTS];

static unsigned count(const unsigned *numbers)
{
    unsigned sum = 0;

    for (size_t i = 0; i < OBJECTS; i++)
        sum += numbers[i];
    return sum;
}

static void start(void)
{
    memset(runs, 0, sizeof runs);
    memset(early, 0, sizeof early);
    memset(second_runs, 0, sizeof second_runs);
    test++;
}

static void check_node(const struct node *node)
{
    EXPECT(node->number < OBJECTS && node->guard == ~node->number, "number %zu, guard %#zx",
           (size_t)node->number, (size_t)node->guard);
}

static void GC_CALLBACK first(void *object, void *data)
{
    struct node *node = object;

    (void)data;
    check_node(node);
    if (node->test == test)
        runs[node->number]++;
}

static void GC_CALLBACK second(void *object, void *data)
{
    struct node *node = object;

    (void)data;
    check_node(node);
    if (node->test != test)
        return;
    if (runs[node->number] == 0)
        early[node->number]++;
    second_runs[node->number]++;
}

static struct node *new_node(size_t number, size_t bytes)
{
    struct node *node = GC_malloc(bytes);

    node->number = number;
    node->guard = ~(uintptr_t)number;
    node->test = test;
    return node;
}

/* ---- Shapes ---- */

static NOINLINE void make_single(register_function *enroll)
{
    for (size_t i = 0; i < OBJECTS; i++)
        enroll(new_node(i, sizeof(struct node)), first, NULL, NULL, NULL);
}

static NOINLINE void make_loops(register_function *enroll, size_t bytes)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        struct node *node = new_node(i, bytes);

        *(void **)((char *)node + bytes - sizeof(void *)) = node;
        node->next = node;
        enroll(node, first, NULL, NULL, NULL);
    }
}

static NOINLINE void make_pairs(register_function *one, register_function *two, bool cycle)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        struct node *a = new_node(i, sizeof *a);
        struct node *b = new_node(i, 200);

        a->next = b;
        b->next = cycle ? a : NULL;
        one(a, first, NULL, NULL, NULL);
        two(b, second, NULL, NULL, NULL);
    }
}

#define EXPECT_NEARLY_ALL(numbers)                                                                 \
    EXPECT(count(numbers) >= OBJECTS - CHANCE && count(numbers) <= OBJECTS, "%u of %d",            \
           count(numbers), OBJECTS)

static void test_single(register_function *enroll)
{
    start();
    make_single(enroll);
    collect();
    collect();
    EXPECT_NEARLY_ALL(runs);
    for (size_t i = 0; i < OBJECTS; i++)
        EXPECT(runs[i] <= 1, "%zu ran %u times", i, runs[i]);
}

static void test_loops(register_function *enroll, bool finalized)
{
    static const size_t sizes[] = {sizeof(struct node) + 8, 504, 9000, 200000};

    /* What is never finalized stays for good: no large ones then. */
    for (size_t i = 0; i < (finalized ? 4 : 2); i++) {
        start();
        make_loops(enroll, sizes[i]);
        collect();
        collect();
        if (finalized)
            EXPECT(count(runs) >= OBJECTS - CHANCE, "%u of %d of %zu bytes", count(runs), OBJECTS,
                   sizes[i]);
        else
            EXPECT(count(runs) == 0, "%u of %zu bytes", count(runs), sizes[i]);
    }
}

/* What is referred to goes later than what refers to it. */
static void test_chain(register_function *one, register_function *two)
{
    start();
    make_pairs(one, two, false);
    for (unsigned i = 0; i < 3; i++)
        collect();
    EXPECT_NEARLY_ALL(runs);
    EXPECT_NEARLY_ALL(second_runs);
    EXPECT(count(early) == 0, "%u too early", count(early));
}

static void test_order(void)
{
    test_chain(GC_register_finalizer, GC_register_finalizer);
    test_chain(GC_register_finalizer, GC_register_finalizer_ignore_self);
    test_chain(GC_register_finalizer_ignore_self, GC_register_finalizer);
    test_chain(GC_register_finalizer, GC_register_finalizer_no_order);
    test_chain(GC_register_finalizer_no_order, GC_register_finalizer_unreachable);
    test_chain(GC_register_finalizer_unreachable, GC_register_finalizer);
    /* Without an order both go at once. */
    start();
    make_pairs(GC_register_finalizer_no_order, GC_register_finalizer_no_order, false);
    collect();
    EXPECT_NEARLY_ALL(runs);
    EXPECT_NEARLY_ALL(second_runs);
}

static void test_cycles(void)
{
    start();
    make_pairs(GC_register_finalizer, GC_register_finalizer, true);
    make_pairs(GC_register_finalizer_ignore_self, GC_register_finalizer_ignore_self, true);
    for (unsigned i = 0; i < 3; i++)
        collect();
    EXPECT(count(runs) == 0 && count(second_runs) == 0, "%u, %u", count(runs), count(second_runs));
    make_pairs(GC_register_finalizer_no_order, GC_register_finalizer_no_order, true);
    collect();
    collect();
    EXPECT_NEARLY_ALL(runs);
    EXPECT_NEARLY_ALL(second_runs);
}

/* ---- Resurrection ---- */

static void *revived[OBJECTS];

static void GC_CALLBACK revive(void *object, void *data)
{
    first(object, data);
    revived[((struct node *)object)->number] = object;
}

static NOINLINE void make_revived(void)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        struct node *node = new_node(i, sizeof *node);

        node->next = new_node(i, 100);
        GC_register_finalizer_no_order(node, revive, NULL, NULL, NULL);
    }
}

static NOINLINE void check_revived(void)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        struct node *node = revived[i];

        if (node == NULL)
            continue;
        check_node(node);
        check_node(node->next);
        GC_register_finalizer(node, second, NULL, NULL, NULL);
        revived[i] = NULL;
    }
}

static void test_resurrection(void)
{
    start();
    make_revived();
    collect();
    EXPECT_NEARLY_ALL(runs);
    for (unsigned i = 0; i < 3; i++)
        collect();
    EXPECT(count(runs) <= OBJECTS, "%u of %d: some ran twice", count(runs), OBJECTS);
    check_revived();
    collect();
    collect();
    EXPECT(count(second_runs) >= OBJECTS - 2 * CHANCE, "%u", count(second_runs));
}

static void GC_CALLBACK again(void *object, void *data)
{
    struct node *node = object;

    first(object, data);
    if (runs[node->number] < 4)
        GC_register_finalizer_no_order(object, again, data, NULL, NULL);
}

static NOINLINE void make_again(void)
{
    for (size_t i = 0; i < OBJECTS; i++)
        GC_register_finalizer_no_order(new_node(i, sizeof(struct node)), again, NULL, NULL, NULL);
}

static void test_again(void)
{
    start();
    make_again();
    for (unsigned i = 0; i < 8; i++)
        collect();
    EXPECT(count(runs) >= 4 * (OBJECTS - CHANCE) && count(runs) <= 4 * OBJECTS, "%u", count(runs));
}

/* ---- Registration ---- */

static void GC_CALLBACK with_data(void *object, void *data)
{
    struct node *node = data;

    first(object, NULL);
    check_node(node);
    EXPECT(node->number == ((struct node *)object)->number, "%zu", (size_t)node->number);
}

static NOINLINE void make_with_data(void)
{
    for (size_t i = 0; i < OBJECTS; i++)
        GC_register_finalizer(new_node(i, sizeof(struct node)), with_data, new_node(i, 48), NULL,
                              NULL);
}

static NOINLINE void make_replaced(void)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        struct node *node = new_node(i, sizeof *node);
        GC_finalization_proc old = NULL;
        void *old_data = NULL;

        GC_register_finalizer(node, second, &runs, NULL, NULL);
        GC_register_finalizer_no_order(node, first, &early, &old, &old_data);
        EXPECT(old == second && old_data == &runs, "%p", old_data);
        if (i % 2 == 0)
            continue;
        GC_register_finalizer(node, 0, NULL, &old, &old_data);
        EXPECT(old == first && old_data == &early, "%p", old_data);
        GC_register_finalizer(node, 0, NULL, &old, &old_data);
        EXPECT(old == 0, "there is one after removal");
    }
}

static void test_registration(void)
{
    static struct node not_in_heap;

    start();
    make_with_data();
    collect();
    collect();
    EXPECT_NEARLY_ALL(runs);
    start();
    make_replaced();
    collect();
    collect();
    EXPECT(count(second_runs) == 0, "%u replaced ones ran", count(second_runs));
    EXPECT(count(runs) <= OBJECTS / 2 && count(runs) + CHANCE >= OBJECTS / 2, "%u", count(runs));
    /* What lies outside the heap is never unreachable. */
    GC_register_finalizer(&not_in_heap, first, NULL, NULL, NULL);
    collect();
    EXPECT(count(runs) <= OBJECTS / 2, "%u", count(runs));
}

/* ---- When they run ---- */

static unsigned notices;

static void GC_CALLBACK notice(void)
{
    notices++;
}

static void test_on_demand(void)
{
    GC_word collections;
    int invoked;

    start();
    collect();
    GC_set_finalize_on_demand(1);
    collections = GC_get_gc_no();
    GC_set_finalizer_notifier(notice);
    EXPECT(GC_get_finalizer_notifier() == notice, "the notifier is another");
    make_single(GC_register_finalizer);
    if (GC_get_gc_no() == collections)
        EXPECT(!GC_should_invoke_finalizers(), "nothing is ready yet");
    notices = 0;
    collect();
    EXPECT(count(runs) == 0, "%u ran before they were asked to", count(runs));
    EXPECT(notices >= 1, "%u notices", notices);
    EXPECT(GC_should_invoke_finalizers(), "something is ready");
    for (unsigned i = 0; i < 3; i++)
        collect();
    EXPECT(count(runs) == 0, "%u ran before they were asked to", count(runs));
    invoked = GC_invoke_finalizers();
    EXPECT_NEARLY_ALL(runs);
    /* An object of an earlier part that a stale word kept may come as well. */
    EXPECT(invoked >= (int)count(runs) && invoked <= (int)count(runs) + 3, "%d invoked, %u ran",
           invoked, count(runs));
    EXPECT(!GC_should_invoke_finalizers(), "nothing is ready any more");
    EXPECT(GC_invoke_finalizers() == 0, "a second time");
    GC_set_finalizer_notifier(0);
    GC_set_finalize_on_demand(0);
}

static void GC_CALLBACK allocate_much(void *object, void *data)
{
    first(object, data);
    for (size_t i = 0; i < 200; i++)
        memset(GC_malloc(1000), 0xff, 1000);
    if (((struct node *)object)->number % 32 == 0)
        GC_gcollect();
}

static NOINLINE void make_busy(void)
{
    for (size_t i = 0; i < OBJECTS; i++)
        GC_register_finalizer(new_node(i, sizeof(struct node)), allocate_much, NULL, NULL, NULL);
}

static void test_busy(void)
{
    start();
    make_busy();
    collect();
    collect();
    GC_invoke_finalizers();
    EXPECT_NEARLY_ALL(runs);
}

/* They also run without a collection that the program asks for. */
static void test_unasked(void)
{
    start();
    make_single(GC_register_finalizer);
    for (size_t i = 0; i < 400000 && count(runs) == 0; i++)
        memset(GC_malloc(200), 0xff, 200);
    EXPECT(count(runs) > 0, "none ran during 80 MB of allocation, %zu collections",
           (size_t)GC_get_gc_no());
    collect();
}

/* ---- Addresses inside objects: tagged pointers ---- */

static void GC_CALLBACK with_tag(void *tagged, void *data)
{
    struct node *node = (struct node *)((char *)tagged - 1);

    EXPECT(data == &second_runs, "data %p", data);
    EXPECT(((uintptr_t)tagged & 15) == 1, "%p", tagged);
    check_node(node);
    if (node->test == test)
        runs[node->number]++;
}

static NOINLINE void make_tagged(void)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        GC_finalization_proc old = NULL;
        void *old_data = NULL;
        char *tagged = (char *)new_node(i, sizeof(struct node)) + 1;

        GC_register_finalizer_no_order(tagged, with_tag, &runs, &old, &old_data);
        EXPECT(old == NULL, "object %zu", i);
        GC_register_finalizer_no_order(tagged, with_tag, &second_runs, &old, &old_data);
        EXPECT(old == with_tag && old_data == &runs, "object %zu", i);
    }
}

static void test_tagged(void)
{
    start();
    make_tagged();
    collect();
    GC_invoke_finalizers();
    collect();
    GC_invoke_finalizers();
    EXPECT_NEARLY_ALL(runs);
}

int main(void)
{
    GC_INIT();
    GC_set_warn_proc(GC_ignore_warn_proc); /* of cycles */
    test_single(GC_register_finalizer);
    test_single(GC_register_finalizer_ignore_self);
    test_single(GC_register_finalizer_no_order);
    test_single(GC_register_finalizer_unreachable);
    test_loops(GC_register_finalizer, false);
    test_loops(GC_register_finalizer_ignore_self, true);
    test_loops(GC_register_finalizer_no_order, true);
    test_loops(GC_register_finalizer_unreachable, false);
    test_order();
    test_cycles();
    test_resurrection();
    test_again();
    test_registration();
    test_on_demand();
    test_busy();
    test_unasked();
    test_tagged();
    return check_end();
}
