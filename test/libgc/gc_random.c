/* SPDX-License-Identifier: MIT */
/*
 * Random calls, the same on every library for one seed: `gc_random [SEED [CALLS]]`. It holds
 * against random_model.h what a program can see, and prints sums of it, to be compared between
 * libraries (e2e/libgc_random.sh). An odd seed runs with all interior pointers, an even one with
 * displacements.
 *
 * Left out: addresses and what follows from them; sizes of the heap, numbers of collections, times;
 * sizes of objects over 352 bytes (classes differ), of arrays with types, of
 * those of the debugging functions and after GC_realloc, only that they suffice; finalizers of such
 * arrays; the order of finalizers that do not depend on one another; what is said of freed memory;
 * and what chance keeps, as long as it is little. Threads, signals and callbacks in collections
 * have programs of their own.
 *
 * GC_RANDOM_TRACE in the environment prints every value that goes into the sums.
 */
#include "random_families.h"
#include "random_model.h"

enum { EXACT_SIZES = 352, CALLS_A_SETTLEMENT = 6000 };

static uint64_t state, sum = 1;
static unsigned long calls, last_settlement;
static bool tracing;
static uintptr_t made, expected_to_go, kept_by_chance;
static char *volatile roots[OBJECTS]; /* the program's references, into the objects */
static char *volatile given[OBJECTS]; /* what finalizers got; roots until all have run */

#define CALL(expression) (calls++, (expression))
#define CALL_VOID(statement)                                                                       \
    do {                                                                                           \
        calls++;                                                                                   \
        statement;                                                                                 \
    } while (0)

static void note(const char *what, uint64_t value)
{
    if (tracing)
        printf("%lu %s %llu\n", calls, what, (unsigned long long)value);
    sum = (sum ^ value) * UINT64_C(0x100000001b3) + (unsigned char)what[0];
    sum ^= sum >> 29;
}

static size_t below(size_t limit)
{
    return random_below(&state, limit);
}

/* ---- Contents: a pattern that is no pointer, and the edges ---- */

static char *address_of(const struct object *object)
{
    return reveal(object->hidden);
}

static const struct family *family_of(const struct object *object)
{
    return &families[object->family];
}

static unsigned char pattern(const struct object *object, size_t i)
{
    return (unsigned char)(0x80 | (object->number * 7 + i * 13));
}

static bool holds_type(const struct object *object)
{
    return family_of(object)->allocate == make_gcj;
}

/* The bytes of a word for edges are no pattern. */
static bool is_edge_byte(const struct object *object, size_t i)
{
    return object->bytes >= ROOM_OF_EDGES && i >= FIRST_EDGE * sizeof(void *) && i < ROOM_OF_EDGES;
}

static bool is_pattern_byte(const struct object *object, size_t i)
{
    return !is_edge_byte(object, i) && !(holds_type(object) && i < sizeof(void *));
}

static void **edge_word(const struct object *object, int edge)
{
    return (void **)address_of(object) + FIRST_EDGE + edge;
}

static void fill(const struct object *object)
{
    char *memory = address_of(object);

    for (size_t i = 0; i < object->bytes; i++)
        if (is_pattern_byte(object, i))
            memory[i] = (char)pattern(object, i);
        else if (is_edge_byte(object, i))
            memory[i] = 0;
}

static bool holds_pattern(const struct object *object, size_t bytes)
{
    const char *memory = address_of(object);

    for (size_t i = 0; i < bytes; i++)
        if (is_pattern_byte(object, i) && memory[i] != (char)pattern(object, i))
            return false;
    return true;
}

static bool holds_edges(const struct object *object)
{
    for (int i = 0; i < EDGES; i++) {
        const struct edge *edge = &object->edges[i];

        if (edge->target != NOBODY &&
            *edge_word(object, i) != address_of(&objects[edge->target]) + edge->displacement)
            return false;
    }
    return true;
}

/* ---- Choosing ---- */

/* One that the program can reach, from a random place on; NOBODY if there is none. */
static int any_object(void)
{
    size_t start = below(OBJECTS);

    for (size_t i = 0; i < OBJECTS; i++) {
        size_t which = (start + i) % OBJECTS;

        if (objects[which].there && objects[which].reachable)
            return (int)which;
    }
    return NOBODY;
}

static bool has_edges(const struct object *object)
{
    for (int i = 0; i < EDGES; i++)
        if (object->edges[i].target != NOBODY)
            return true;
    return false;
}

/* It may move or go right now: nothing else refers to it, and it keeps nothing. */
static bool is_alone(const struct object *object)
{
    return object->rooted && object->references == 0 && !has_edges(object);
}

static size_t any_size(void)
{
    switch (below(20)) {
    case 0: return below(200000);
    case 1:
    case 2: return below(5000);
    case 3: return below(8);
    default: return below(400);
    }
}

static const size_t valid_displacements[] = {0, 8, 24};
static const size_t other_displacements[] = {16, 48};

static size_t any_displacement(const struct object *object, bool *keeps)
{
    size_t room = object->bytes, displacement;

    if (all_interior) {
        *keeps = true;
        if (family_of(object)->first_page && room > 2048)
            room = 2048;
        return room == 0 ? 0 : below(room);
    }
    *keeps = below(4) != 0;
    displacement = *keeps ? valid_displacements[below(3)] : other_displacements[below(2)];
    if (displacement < room && (room < 4096 || *keeps))
        return displacement;
    *keeps = true;
    return 0;
}

/* ---- Calls ---- */

/*
 * Objects of GC_malloc_many have none: the stock library adds its extra byte twice when no free
 * block is at hand.
 */
static bool has_usual_size(const struct object *object)
{
    const struct family *family = family_of(object);

    return !object->debugging && !object->reallocated && family->allocate != make_array &&
           family->allocate != make_from_list;
}

static void look_at(const struct object *object)
{
    char *address = address_of(object), *base = CALL(GC_base(address));
    size_t inside = object->bytes == 0 ? 0 : below(object->bytes), bytes = 0;
    size_t size = CALL(GC_size(base));
    int kind = CALL(GC_get_kind_and_size(base, &bytes));

    EXPECT(bytes == size, "%s: two sizes, %zu and %zu", family_of(object)->name, bytes, size);
    EXPECT(base != NULL && base <= address && size >= (size_t)(address - base) + object->bytes,
           "%s of %zu: %p is in %p, %zu bytes", family_of(object)->name, object->bytes,
           (void *)address, (void *)base, size);
    if (family_of(object)->allocate != make_aligned &&
        family_of(object)->allocate != make_posix_aligned) {
        note("offset in the object", (uint64_t)(address - base));
        if (size <= EXACT_SIZES && has_usual_size(object))
            note("size", size);
    }
    if (family_of(object)->built_in)
        note("kind", (uint64_t)kind);
    note("base from inside", CALL(GC_base(address + inside)) == (void *)base);
    note("in the heap", (uint64_t)CALL(GC_is_heap_ptr(address + inside)));
    note("base of what is none", CALL(GC_base(&state)) == NULL && CALL(GC_base(objects)) == NULL);
    note("other memory", (uint64_t)CALL(GC_is_heap_ptr(&bytes)));
    if (object->bytes > 0)
        note("same object", CALL(GC_same_obj(address + inside, address)) == address + inside);
    note("displacement", CALL(GC_is_valid_displacement(base)) == (void *)base);
    note("contents", holds_pattern(object, object->bytes) && holds_edges(object));
}

/* What of the object is the program's to write. */
static size_t usable_bytes(const struct family *family, size_t bytes)
{
    if (family->allocate == make_text)
        return bytes % 400 + 1;
    if (family->allocate == make_from_list)
        return bytes < 16 ? 16 : bytes;
    return family->odd && !family->built_in ? at_least_edges(bytes) : bytes;
}

static NOINLINE void make_object(int which)
{
    struct object *object = &objects[which];
    unsigned number = (unsigned)below(FAMILIES);
    const struct family *family = &families[number];
    size_t bytes = any_size();
    bool keeps;
    char *address;

    address = CALL(family->allocate(bytes));
    if (address == NULL) {
        EXPECT(false, "%s of %zu bytes: NULL", family->name, bytes);
        return;
    }
    bytes = usable_bytes(family, bytes);
    if (family->cleared && family->allocate != make_gcj)
        note("cleared", is_filled(address, 0, bytes));
    *object = (struct object){.there = true, .reachable = true, .rooted = true};
    object->collectable = !family->uncollectable;
    object->debugging = family->debugging;
    object->family = number;
    object->number = ++made;
    object->hidden = hide(address);
    object->bytes = bytes;
    object->traced = family->traced;
    for (int i = 0; i < EDGES; i++)
        object->edges[i].target = NOBODY;
    fill(object);
    roots[which] = NULL;
    if (object->collectable)
        roots[which] = address + any_displacement(object, &keeps);
    if (object->collectable && !keeps)
        roots[which] = address;
    note(family->name, bytes);
    note("aligned", (uintptr_t)address % 16 == 0);
    look_at(object);
}

static void make_some(void)
{
    int which = (int)below(OBJECTS);

    if (!objects[which].there)
        make_object(which);
}

static void connect(void)
{
    int from = any_object(), to = any_object(), word = (int)below(EDGES);
    struct edge *edge;
    bool keeps;

    if (from == NOBODY || objects[from].bytes < ROOM_OF_EDGES)
        return;
    edge = &objects[from].edges[word];
    if (edge->target != NOBODY)
        return;
    edge->displacement = any_displacement(&objects[to], &keeps);
    /* A mark procedure pushes what it is sure of. */
    if (!keeps && family_of(&objects[from])->allocate == make_of_procedure)
        return;
    edge->keeps = keeps && (objects[from].traced >> word & 1) != 0;
    edge->target = to;
    objects[to].references++;
    *edge_word(&objects[from], word) = address_of(&objects[to]) + edge->displacement;
    note("edge", (uint64_t)to);
}

static void free_one(void)
{
    int which = any_object();

    if (which == NOBODY || !is_alone(&objects[which]))
        return;
    note("free", objects[which].number);
    look_at(&objects[which]);
    if (objects[which].debugging)
        CALL_VOID(GC_debug_free(address_of(&objects[which])));
    else
        CALL_VOID(GC_free(GC_base(address_of(&objects[which]))));
    memset(&objects[which], 0, sizeof objects[which]);
    roots[which] = NULL;
}

static NOINLINE void reallocate(void)
{
    int which = any_object();
    struct object *object = &objects[which];
    size_t bytes = any_size(), old, kept;
    char *moved;

    if (which == NOBODY || !is_alone(object) || !family_of(object)->movable || bytes == 0)
        return;
    old = object->bytes;
    kept = old < bytes ? old : bytes;
    moved = object->debugging ? CALL(GC_debug_realloc(address_of(object), bytes, GC_EXTRAS))
                              : CALL(GC_realloc(address_of(object), bytes));
    object->hidden = hide(moved);
    object->reallocated = true;
    note("realloc", bytes);
    note("contents that were kept", holds_pattern(object, kept));
    if (family_of(object)->cleared && !object->debugging && bytes > old)
        note("cleared room", is_filled(moved + old, 0, bytes - old));
    if (object->collectable)
        roots[which] = moved;
    object->bytes = bytes;
    fill(object);
    look_at(object);
}

/* ---- Finalizers ---- */

static void GC_CALLBACK finalizer(void *address, void *data)
{
    uintptr_t which = (uintptr_t)data % OBJECTS, number = (uintptr_t)data / OBJECTS;
    struct object *object = &objects[which];

    if (!object->there || object->number != number)
        return; /* what chance had kept goes late */
    EXPECT(address_of(object) == (char *)address || object->debugging ||
               GC_base(address_of(object)) == address,
           "the finalizer of %s got %p", family_of(object)->name, address);
    EXPECT(holds_pattern(object, object->bytes), "%s of %zu bytes", family_of(object)->name,
           object->bytes);
    object->runs++;
    given[which] = address;
}

typedef void enroll_function(void *object, GC_finalization_proc function, void *data,
                             GC_finalization_proc *old_function, void **old_data);

static enroll_function *const enroll_functions[2][5] = {
    {GC_register_finalizer, GC_register_finalizer, GC_register_finalizer_ignore_self,
     GC_register_finalizer_no_order, GC_register_finalizer_unreachable},
    {GC_debug_register_finalizer, GC_debug_register_finalizer,
     GC_debug_register_finalizer_ignore_self, GC_debug_register_finalizer_no_order,
     GC_debug_register_finalizer_unreachable}};

static char *finalizable(const struct object *object)
{
    return object->debugging ? address_of(object) : GC_base(address_of(object));
}

static void withdraw(const struct object *object)
{
    enroll_functions[object->debugging][NORMAL](finalizable(object), NULL, NULL, NULL, NULL);
}

static void enroll(int which, enum order order)
{
    struct object *object = &objects[which];
    void *data = (void *)(object->number * OBJECTS + (uintptr_t)which), *old_data = NULL;
    GC_finalization_proc old = NULL;

    CALL_VOID(enroll_functions[object->debugging][order](
        finalizable(object), order == NO_FINALIZER ? NULL : finalizer,
        order == NO_FINALIZER ? NULL : data, &old, &old_data));
    note("finalizer", order);
    note("old one", old != NULL);
    /* With the debugging functions the old data may be the library's own. */
    if (!object->debugging)
        note("old data", (uint64_t)(uintptr_t)old_data);
    object->references += (order != NO_FINALIZER) - (object->order != NO_FINALIZER);
    object->order = order;
}

static bool is_precise(const struct object *object)
{
    return object->traced != ALL && object->traced != 0;
}

/* The stock library forgets what an array with types is made of when it dies. */
static bool may_be_finalized(const struct object *object)
{
    return object->collectable && family_of(object)->allocate != make_array;
}

static void change_finalizer(void)
{
    int which = any_object();

    enum order order = (enum order)below(5);

    if (which == NOBODY || !may_be_finalized(&objects[which]))
        return;
    /* That order looks at every word, whatever the object's type says. */
    if (order == IGNORE_SELF && is_precise(&objects[which]))
        order = NO_ORDER;
    enroll(which, order);
}

/* ---- Links ---- */

static void add_link(void)
{
    int which = any_object();
    struct object *object = &objects[which];
    void *base;

    if (which == NOBODY)
        return;
    base = GC_base(address_of(object));
    if (below(2) == 0) {
        if (!object->has_link)
            object->link = (void *)object->hidden;
        note("link", (uint64_t)CALL(GC_general_register_disappearing_link(&object->link, base)));
        object->references += !object->has_link;
        object->has_link = true;
    } else {
        if (!object->has_long_link)
            object->long_link = (void *)object->hidden;
        note("long link", (uint64_t)CALL(GC_register_long_link(&object->long_link, base)));
        object->references += !object->has_long_link;
        object->has_long_link = true;
    }
}

static void remove_link(void)
{
    int which = any_object();
    struct object *object = &objects[which];

    if (which == NOBODY)
        return;
    if (below(2) == 0) {
        note("no link", (uint64_t)CALL(GC_unregister_disappearing_link(&object->link)));
        object->references -= object->has_link;
        object->has_link = false;
    } else {
        note("no long link", (uint64_t)CALL(GC_unregister_long_link(&object->long_link)));
        object->references -= object->has_long_link;
        object->has_long_link = false;
    }
}

/* There and back, and to where one is already. */
static void move_link(void)
{
    static void **away; /* in malloc's memory */
    int which = any_object(), other = any_object();
    struct object *object = &objects[which];

    if (away == NULL)
        away = malloc(sizeof *away);
    if (which == NOBODY || away == NULL)
        return;
    *away = object->link;
    note("move a link", (uint64_t)CALL(GC_move_disappearing_link(&object->link, away)));
    note("back", (uint64_t)CALL(GC_move_disappearing_link(away, &object->link)));
    *away = object->long_link;
    note("move a long link", (uint64_t)CALL(GC_move_long_link(&object->long_link, away)));
    note("back", (uint64_t)CALL(GC_move_long_link(away, &object->long_link)));
    if (other != which && object->has_link && objects[other].has_link)
        note("to a link",
             (uint64_t)CALL(GC_move_disappearing_link(&object->link, &objects[other].link)));
}

/* ---- Settings ---- */

#define SETTING(type, name, limit)                                                                 \
    static void set_##name(void)                                                                   \
    {                                                                                              \
        note(#name " was", (uint64_t)CALL(GC_get_##name()));                                       \
        CALL_VOID(GC_set_##name((type)(1 + below(limit))));                                        \
        note(#name " is", (uint64_t)CALL(GC_get_##name()));                                        \
    }

SETTING(GC_word, free_space_divisor, 20)
SETTING(int, full_freq, 50)
SETTING(unsigned long, time_limit, 100)
SETTING(GC_word, max_retries, 5)
SETTING(int, rate, 20)
SETTING(int, max_prior_attempts, 5)
SETTING(size_t, min_bytes_allocd, 5000)
SETTING(GC_word, allocd_bytes_per_finalizer, 5000)
SETTING(int, dont_precollect, 1)
SETTING(int, force_unmap_on_gcollect, 1)

static void change_setting(void)
{
    static void (*const set[])(void) = {set_free_space_divisor,
                                        set_full_freq,
                                        set_time_limit,
                                        set_max_retries,
                                        set_rate,
                                        set_max_prior_attempts,
                                        set_min_bytes_allocd,
                                        set_allocd_bytes_per_finalizer,
                                        set_dont_precollect,
                                        set_force_unmap_on_gcollect};

    set[below(sizeof set / sizeof set[0])]();
    note("disabled", (uint64_t)CALL(GC_is_disabled()));
    CALL_VOID(GC_disable());
    note("disabled", (uint64_t)CALL(GC_is_disabled()));
    CALL_VOID(GC_enable());
    note("incremental", (uint64_t)CALL(GC_is_incremental_mode()));
    note("interior", (uint64_t)CALL(GC_get_all_interior_pointers()));
}

/* ---- Collections ---- */

/* Without a call in between: the library collects when it likes. */
static void end_references(void)
{
    for (int i = 0; i < OBJECTS; i++) {
        struct object *object = &objects[i];

        if (!object->there || !object->reachable)
            continue;
        if (object->rooted && object->collectable && below(3) == 0) {
            object->rooted = false;
            roots[i] = NULL;
        }
        for (int k = 0; k < EDGES; k++)
            if (object->edges[k].target != NOBODY && below(4) == 0) {
                objects[object->edges[k].target].references--;
                object->edges[k].target = NOBODY;
                *edge_word(object, k) = NULL;
            }
    }
}

static void note_chance(const struct object *object)
{
    kept_by_chance++;
    if (tracing)
        fprintf(stderr, "kept: number %zu, %s of %zu bytes, order %d\n", (size_t)object->number,
                family_of(object)->name, object->bytes, (int)object->order);
}

static void expect_link(struct object *object, void *link, bool gone, const char *which)
{
    void *whole = (void *)object->hidden;

    if (!gone) {
        EXPECT(link == whole, "a %s to %s that is there is %p", which, family_of(object)->name,
               link);
        return;
    }
    expected_to_go++;
    if (link != NULL)
        note_chance(object);
}

/* What the collection did to links; what must be there is whole. */
static void check_objects(void)
{
    for (int i = 0; i < OBJECTS; i++) {
        struct object *object = &objects[i];

        if (!object->there)
            continue;
        if (object->has_link) {
            expect_link(object, object->link, object->unmarked, "link");
            if (object->unmarked) {
                if (object->link != NULL)
                    GC_unregister_disappearing_link(&object->link);
                object->has_link = false;
                object->references--;
            }
        }
        if (object->has_long_link) {
            expect_link(object, object->long_link, object->gone, "long link");
            if (object->gone && object->long_link != NULL)
                GC_unregister_long_link(&object->long_link);
        }
        if (object->gone)
            continue;
        EXPECT(holds_pattern(object, object->bytes), "%s of %zu bytes, number %zu",
               family_of(object)->name, object->bytes, (size_t)object->number);
        EXPECT(holds_edges(object), "%s of %zu bytes, number %zu", family_of(object)->name,
               object->bytes, (size_t)object->number);
        note("there", object->number);
    }
}

/* Words that do not count may still hold its address. */
static void forget_gone(void)
{
    for (int i = 0; i < OBJECTS; i++) {
        struct object *object = &objects[i];

        if (!object->there || object->gone)
            continue;
        for (int k = 0; k < EDGES; k++) {
            struct edge *edge = &object->edges[k];

            if (edge->target == NOBODY || !objects[edge->target].gone)
                continue;
            EXPECT(!edge->keeps, "%zu goes before %zu", (size_t)objects[edge->target].number,
                   (size_t)object->number);
            edge->target = NOBODY;
            *edge_word(object, k) = NULL;
        }
    }
    for (int i = 0; i < OBJECTS; i++) {
        struct object *object = &objects[i];

        if (!object->there || !object->gone)
            continue;
        note("gone", object->number);
        for (int k = 0; k < EDGES; k++)
            if (object->edges[k].target != NOBODY)
                objects[object->edges[k].target].references--;
        memset(object, 0, sizeof *object);
    }
}

/* A root again, or left for the next collection, with a finalizer or without. */
static void after_finalizer(int which)
{
    struct object *object = &objects[which];

    expected_to_go++;
    if (object->runs != object->wanted) {
        EXPECT(object->runs < object->wanted, "%s ran %u times, not %u", family_of(object)->name,
               object->runs, object->wanted);
        note_chance(object);
        withdraw(object);
        object->runs = object->wanted;
    }
    note("finalized", object->number);
    object->queued = false;
    object->order = NO_FINALIZER;
    object->references--;
    if (object->number % 4 == 0 && !object->resurrected) {
        object->resurrected = true;
        object->rooted = object->reachable = true;
        roots[which] = address_of(object);
    } else if (object->number % 8 == 1 && !object->resurrected && may_be_finalized(object)) {
        object->resurrected = true;
        enroll(which, NO_ORDER);
    }
}

static bool run_finalizers(void)
{
    bool any = false;

    CALL_VOID(GC_invoke_finalizers());
    note("finalizers are left", (uint64_t)CALL(GC_should_invoke_finalizers()));
    for (int i = 0; i < OBJECTS; i++)
        if (objects[i].there && objects[i].queued) {
            any = true;
            after_finalizer(i);
        } else if (objects[i].there)
            EXPECT(objects[i].runs == objects[i].wanted, "%s of %zu bytes was finalized early",
                   family_of(&objects[i])->name, objects[i].bytes);
    for (int i = 0; i < OBJECTS; i++)
        given[i] = NULL;
    return any;
}

/* ---- What can be enumerated ---- */

static int *found_at; /* for each object how often it was seen; in malloc's memory */
static uintptr_t *bases;

static int compare_bases(const void *left, const void *right)
{
    uintptr_t a = *(const uintptr_t *)left, b = *(const uintptr_t *)right;

    return (a > b) - (a < b);
}

static void GC_CALLBACK see(void *address, size_t bytes, void *count)
{
    uintptr_t wanted = (uintptr_t)address, *found;

    (void)bytes;
    found = bsearch(&wanted, bases, *(size_t *)count, sizeof *bases, compare_bases);
    if (found != NULL)
        found_at[found - bases]++;
}

static void *enumerate(void *count)
{
    GC_enumerate_reachable_objects_inner(see, count);
    return NULL;
}

static void check_enumeration(void)
{
    size_t count = 0, seen = 0;

    if (bases == NULL) {
        bases = malloc(OBJECTS * sizeof *bases);
        found_at = malloc(OBJECTS * sizeof *found_at);
    }
    for (int i = 0; i < OBJECTS; i++)
        if (objects[i].there)
            bases[count++] = (uintptr_t)GC_base(address_of(&objects[i]));
    qsort(bases, count, sizeof *bases, compare_bases);
    memset(found_at, 0, OBJECTS * sizeof *found_at);
    CALL_VOID(GC_call_with_alloc_lock(enumerate, &count));
    for (size_t i = 0; i < count; i++)
        seen += found_at[i] == 1;
    EXPECT(seen == count, "%zu of %zu objects are enumerated once", seen, count);
    note("enumerated", seen);
    memset(bases, 0, OBJECTS * sizeof *bases);
}

/* ---- All ---- */

/* Collections until nothing more happens: then what is left does not depend on earlier ones. */
static NOINLINE void settle(void)
{
    GC_word before = CALL(GC_get_gc_no());

    end_references();
    do {
        model_collect();
        calls++;
        collect();
        check_objects();
        forget_gone();
    } while (run_finalizers());
    note("collections were counted", CALL(GC_get_gc_no()) > before);
    check_enumeration();
}

static NOINLINE void step(void)
{
    static void (*const steps[])(void) = {
        make_some, make_some,   make_some,        make_some,        make_some,  connect,
        connect,   connect,     connect,          free_one,         reallocate, reallocate,
        add_link,  remove_link, change_finalizer, change_finalizer, move_link,  change_setting};
    int which;

    steps[below(sizeof steps / sizeof steps[0])]();
    which = below(4) == 0 ? any_object() : NOBODY;
    if (which != NOBODY)
        look_at(&objects[which]);
}

static void start(uint64_t seed)
{
    all_interior = (seed & 1) != 0;
    tracing = getenv("GC_RANDOM_TRACE") != NULL;
    GC_set_all_interior_pointers(all_interior);
    GC_set_finalize_on_demand(1);
    GC_set_warn_proc(GC_ignore_warn_proc);
    GC_INIT();
    for (size_t i = 0; i < 3; i++) {
        GC_register_displacement(valid_displacements[i]);
        GC_debug_register_displacement(valid_displacements[i]);
    }
    make_types();
    model_start();
}

int main(int count, char **arguments)
{
    uint64_t seed = check_seed(count, arguments);
    unsigned long wanted = check_scale(100000), shown = 0;

    if (count > 2)
        wanted = strtoul(arguments[2], NULL, 0);
    start(seed);
    state = seed;
    while (calls < wanted) {
        if (calls >= last_settlement + CALLS_A_SETTLEMENT) {
            settle();
            last_settlement = calls;
        }
        step();
        if (calls >= (shown + 1) * (wanted / 20 + 1))
            printf("%2lu: %016llx\n", ++shown, (unsigned long long)sum);
    }
    settle();
    printf("%lu calls, %zu objects: %016llx\n", calls, (size_t)made, (unsigned long long)sum);
    EXPECT(kept_by_chance <= 10 + expected_to_go / 20, "%zu of %zu that should have gone did not",
           (size_t)kept_by_chance, (size_t)expected_to_go);
    return check_end();
}
