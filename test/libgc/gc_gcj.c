/* SPDX-License-Identifier: MIT */
/* Objects whose type, their first word, holds their mark descriptor; and the debugging form. */
#include "check.h"

#include <gc/gc_gcj.h>
#include <gc/gc_mark.h>

enum { OBJECTS = 200, CHANCE = 8, ENVIRONMENT = 1 };

struct type {
    const char *name;
    GC_word descriptor;
};

struct object {
    const struct type *type;
    void *first, *second;
    uintptr_t hidden;
};

#define BIT_OF_WORD(word) ((GC_word)1 << (63 - (word)))

static struct type first_only = {"first", BIT_OF_WORD(1) | GC_DS_BITMAP};
static struct type by_length = {"length", 3 * sizeof(void *) | GC_DS_LENGTH};
static struct type by_procedure = {"procedure", GC_MAKE_PROC(GC_GCJ_RESERVED_MARK_PROC_INDEX, 7)};

/* Mark procedures run in several threads at once, in the stock library as well. */
static unsigned calls, debug_calls, odd_calls;

/* With the environment 1 the object lies behind the header of the debugging forms. */
static struct GC_ms_entry *mark_hidden(GC_word *words, struct GC_ms_entry *stack,
                                       struct GC_ms_entry *limit, GC_word environment)
{
    struct object *object = (struct object *)words;

    if (environment == ENVIRONMENT) {
        object = GC_USR_PTR_FROM_BASE(words);
        __atomic_fetch_add(&debug_calls, 1, __ATOMIC_RELAXED);
    } else if (environment == 7) {
        __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
    } else {
        __atomic_fetch_add(&odd_calls, 1, __ATOMIC_RELAXED);
    }
    if (object->type != &by_procedure || object->hidden == 0)
        return stack;
    return GC_MARK_AND_PUSH(reveal(object->hidden), stack, limit, (void **)&object->hidden);
}

static struct object **objects;
static void **links;

static NOINLINE void *watch(size_t number)
{
    void *object = GC_malloc(40);

    links[number] = object;
    GC_general_register_disappearing_link(&links[number], object);
    return object;
}

static NOINLINE void make(unsigned way, size_t bytes, struct type *type)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        struct object *object = way == 0   ? GC_gcj_malloc(bytes, type)
                                : way == 1 ? GC_gcj_malloc_ignore_off_page(bytes, type)
                                           : GC_debug_gcj_malloc(bytes, type, __FILE__, __LINE__);

        EXPECT(object->type == type, "%zu bytes", bytes);
        EXPECT(is_filled(object + 1, 0, bytes - sizeof *object), "%zu bytes", bytes);
        objects[i] = object;
        object->first = watch(3 * i);
        object->second = watch(3 * i + 1);
        object->hidden = hide(watch(3 * i + 2));
    }
}

static void check(const char *name, bool first, bool second, bool hidden)
{
    const bool wanted[] = {first, second, hidden};
    size_t alive[3] = {0};

    clear_stack();
    GC_gcollect();
    for (size_t i = 0; i < 3 * OBJECTS; i++)
        alive[i % 3] += links[i] != NULL;
    for (unsigned i = 0; i < 3; i++)
        EXPECT(wanted[i] ? alive[i] == OBJECTS : alive[i] <= CHANCE, "%s: word %u, %zu alive", name,
               i, alive[i]);
    memset(links, 0, 3 * OBJECTS * sizeof *links);
}

int main(void)
{
    static const size_t sizes[] = {sizeof(struct object), 100, 3000, 20000};

    GC_INIT();
    GC_init_gcj_malloc(GC_GCJ_RESERVED_MARK_PROC_INDEX, (void *)(uintptr_t)mark_hidden);
    GC_init_gcj_malloc(GC_GCJ_RESERVED_MARK_PROC_INDEX, (void *)(uintptr_t)mark_hidden);
    objects = GC_malloc_uncollectable(OBJECTS * sizeof *objects);
    links = GC_malloc_atomic_uncollectable(3 * OBJECTS * sizeof *links);
    memset(links, 0, 3 * OBJECTS * sizeof *links);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned way = 0; way < 2; way++) {
            make(way, sizes[i], &first_only);
            EXPECT(GC_get_kind_and_size(objects[0], NULL) == GC_gcj_kind, "kind %d", GC_gcj_kind);
            check("bitmap", true, false, false);
            make(way, sizes[i], &by_length);
            check("length", true, true, false);
            make(way, sizes[i], &by_procedure);
            check("procedure", false, false, true);
        }
    EXPECT(calls >= OBJECTS, "%u", calls);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        make(2, sizes[i], &by_procedure);
        EXPECT(GC_get_kind_and_size(GC_base(objects[0]), NULL) == GC_gcj_debug_kind, "kind %d",
               GC_gcj_debug_kind);
        check("debugging form", false, false, true);
    }
    EXPECT(debug_calls >= OBJECTS, "%u", debug_calls);
    EXPECT(odd_calls == 0, "%u", odd_calls);
    return check_end();
}
