/* SPDX-License-Identifier: MIT */
/*
 * Kinds of objects that a program defines, with mark procedures and descriptors, and lists of many
 * objects at once.
 */
#include "check.h"

#include <gc/gc_inline.h>
#include <gc/gc_mark.h>

enum { OBJECTS = 300, CHANCE = 8 };

static void **links;

static NOINLINE void *watch(size_t number)
{
    void *object = GC_malloc(40);

    links[number] = object;
    GC_general_register_disappearing_link(&links[number], object);
    return object;
}

static NOINLINE void start(void)
{
    links = GC_malloc_atomic(OBJECTS * sizeof *links);
    memset(links, 0, OBJECTS * sizeof *links);
}

static size_t count_alive(void)
{
    size_t count = 0;

    for (size_t i = 0; i < OBJECTS; i++)
        count += links[i] != NULL;
    return count;
}

/* ---- Mark procedures ---- */

enum { TYPE = 0x7e57 };

struct special {
    uintptr_t type; /* 0 in an object that is new, or free */
    uintptr_t hidden[2];
    void *plain; /* not marked by the procedure */
};

static size_t calls, odd_calls;

/* It is also called for objects that are free or not filled yet. */
static struct GC_ms_entry *mark_special(GC_word *words, struct GC_ms_entry *stack,
                                        struct GC_ms_entry *limit, GC_word environment)
{
    struct special *object = (struct special *)words;

    __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
    if (object->type != TYPE)
        return stack;
    if (environment != 5)
        __atomic_fetch_add(&odd_calls, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < 2; i++) {
        void *pointer = reveal(object->hidden[i]);

        stack = GC_MARK_AND_PUSH(pointer, stack, limit, (void **)&object->hidden[i]);
    }
    return stack;
}

static void *specials[OBJECTS];

static NOINLINE void make_specials(unsigned kind, size_t bytes)
{
    start();
    for (size_t i = 0; i < OBJECTS / 3; i++) {
        struct special *object = GC_generic_malloc(bytes, (int)kind);

        EXPECT(is_filled(object, 0, bytes), "object %zu of %zu bytes", i, bytes);
        specials[i] = object;
        object->hidden[0] = hide(watch(3 * i));
        object->hidden[1] = hide(NULL);
        object->type = TYPE;
        object->hidden[1] = hide(watch(3 * i + 1));
        object->plain = watch(3 * i + 2);
    }
}

/* What the procedure does not name may go. */
static void check_specials(size_t bytes)
{
    size_t plain = 0;

    for (size_t i = 0; i < OBJECTS / 3; i++) {
        struct special *object = specials[i];

        EXPECT(object->type == TYPE, "%zu: %zu", i, (size_t)object->type);
        EXPECT(links[3 * i] == reveal(object->hidden[0]), "%zu of %zu bytes", i, bytes);
        EXPECT(links[3 * i + 1] == reveal(object->hidden[1]), "%zu of %zu bytes", i, bytes);
        plain += links[3 * i + 2] != NULL;
    }
    EXPECT(plain <= CHANCE, "%zu that no procedure names are kept", plain);
}

static unsigned special_kind;

static void test_procedure(void)
{
    static const size_t sizes[] = {sizeof(struct special), 100, 5000, 30000};
    unsigned procedure = GC_new_proc(mark_special);

    EXPECT(procedure >= GC_RESERVED_MARK_PROCS, "%u", procedure);
    special_kind = GC_new_kind(GC_new_free_list(), GC_MAKE_PROC(procedure, 5), 0, 1);
    EXPECT(special_kind >= 4, "kind %u", special_kind);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t bytes;

        make_specials(special_kind, sizes[i]);
        calls = 0;
        collect();
        EXPECT(calls >= OBJECTS / 3, "%zu calls", calls);
        check_specials(sizes[i]);
        EXPECT(GC_get_kind_and_size(specials[0], &bytes) == (int)special_kind, "%zu bytes", bytes);
        EXPECT(bytes >= sizes[i], "%zu, not %zu", bytes, sizes[i]);
        memset(specials, 0, sizeof specials);
        collect();
        EXPECT(count_alive() <= CHANCE, "%zu of %zu bytes are left", count_alive(), sizes[i]);
    }
    EXPECT(odd_calls == 0, "%zu calls with another environment", odd_calls);
}

/* ---- Collections while a large object is new ---- */

static void GC_CALLBACK collect_in_finalizer(void *object, void *data)
{
    (void)object, (void)data;
    GC_gcollect();
}

static NOINLINE void make_finalized(void)
{
    GC_register_finalizer(GC_malloc(16), collect_in_finalizer, NULL, NULL, NULL);
}

static size_t dirty_words;

static struct GC_ms_entry *look_at_ends(GC_word *words, struct GC_ms_entry *stack,
                                        struct GC_ms_entry *limit, GC_word environment)
{
    (void)limit, (void)environment;
    dirty_words += words[0] == 0xa5a5a5a5a5a5a5a5 || words[1] == 0xa5a5a5a5a5a5a5a5;
    return stack;
}

/* A procedure never sees what the memory of a new object held before. */
static void test_new_large(void)
{
    unsigned procedure = GC_new_proc(look_at_ends);
    unsigned kind = GC_new_kind(GC_new_free_list(), GC_MAKE_PROC(procedure, 0), 0, 1);

    for (size_t i = 0; i < check_scale(3000); i++) {
        size_t bytes = 9000 + i % 20 * 1000;

        memset(GC_malloc_atomic(bytes), 0xa5, bytes);
        make_finalized();
        (void)GC_generic_malloc(bytes, (int)kind);
    }
    EXPECT(dirty_words == 0, "%zu times", dirty_words);
}

/* ---- Descriptors ---- */

static NOINLINE void make_described(unsigned kind, bool per_object, GC_word descriptor)
{
    start();
    for (size_t i = 0; i < OBJECTS / 3; i++) {
        void **object = GC_generic_malloc(8 * sizeof(void *), (int)kind);

        specials[i] = object;
        if (per_object)
            object[0] = (void *)descriptor;
        for (size_t word = 1; word <= 3; word++)
            object[word] = watch(3 * i + word - 1);
    }
}

static void check_described(const char *name, bool one, bool two, bool three)
{
    bool wanted[3] = {one, two, three};
    size_t wrongly_kept = 0;

    collect();
    for (size_t i = 0; i < OBJECTS; i++)
        if (wanted[i % 3])
            EXPECT(links[i] != NULL, "%s: object %zu, word %zu", name, i / 3, i % 3 + 1);
        else
            wrongly_kept += links[i] != NULL;
    EXPECT(wrongly_kept <= CHANCE, "%s: %zu", name, wrongly_kept);
    memset(specials, 0, sizeof specials);
}

#define BIT_OF_WORD(word) ((GC_word)1 << (63 - (word)))

static void test_descriptors(void)
{
    unsigned kind;

    kind = GC_new_kind(GC_new_free_list(), 0 | GC_DS_LENGTH, 1, 1);
    make_described(kind, false, 0);
    check_described("all of the object", true, true, true);

    kind = GC_new_kind(GC_new_free_list(), 3 * sizeof(void *) | GC_DS_LENGTH, 0, 1);
    make_described(kind, false, 0);
    check_described("three words", true, true, false);

    kind = GC_new_kind(GC_new_free_list(), 0 | GC_DS_LENGTH, 0, 1);
    make_described(kind, false, 0);
    check_described("nothing", false, false, false);

    kind = GC_new_kind(GC_new_free_list(), BIT_OF_WORD(1) | BIT_OF_WORD(3) | GC_DS_BITMAP, 0, 1);
    make_described(kind, false, 0);
    check_described("a bitmap", true, false, true);

    kind = GC_new_kind(GC_new_free_list(), 0 | GC_DS_PER_OBJECT, 0, 1);
    make_described(kind, true, BIT_OF_WORD(2) | GC_DS_BITMAP);
    check_described("a bitmap in the object", false, true, false);
    make_described(kind, true, 2 * sizeof(void *) | GC_DS_LENGTH);
    check_described("a length in the object", true, false, false);
}

/* ---- Lists of objects ---- */

static void *kept[20000];

/* Takes a list apart; the links must be those of objects that are all different. */
static size_t take_list(void *list, size_t from, size_t bytes, bool cleared)
{
    size_t count = 0;

    while (list != NULL) {
        void *next = *(void **)list;

        EXPECT(GC_size(list) >= bytes && GC_base(list) == list, "%p of %zu bytes", list, bytes);
        EXPECT(!cleared || is_filled((char *)list + sizeof next, 0, bytes - sizeof next),
               "%p of %zu bytes", list, bytes);
        if (from + count == sizeof kept / sizeof kept[0]) {
            EXPECT(false, "the list of %zu bytes does not end", bytes);
            break;
        }
        kept[from + count++] = list;
        memset(list, 0xc3, bytes);
        list = next;
    }
    return count;
}

static void *get_list(unsigned way, size_t bytes)
{
    void *list = NULL;

    if (way == 2)
        return GC_malloc_many(bytes);
    GC_generic_malloc_many(bytes, way == 0 ? GC_I_PTRFREE : GC_I_NORMAL, &list);
    return list;
}

static void test_lists(void)
{
    for (unsigned way = 0; way < 3; way++)
        for (size_t bytes = 16; bytes <= 2048; bytes += bytes < 256 ? 16 : 256) {
            size_t count = 0, different = 0;

            for (unsigned i = 0; i < 10; i++) {
                size_t more = take_list(get_list(way, bytes), count, bytes, way != 0);

                EXPECT(more > 0, "way %u, %zu bytes", way, bytes);
                count += more;
            }
            for (size_t i = 0; i < count; i++) {
                EXPECT(is_filled(kept[i], 0xc3, bytes), "way %u, %zu bytes: %zu of %zu", way, bytes,
                       i, count);
                memset(kept[i], (int)(i & 0xff), bytes);
            }
            for (size_t i = 0; i < count; i++)
                different += is_filled(kept[i], (int)(i & 0xff), bytes);
            EXPECT(different == count, "way %u, %zu bytes: %zu of %zu have memory of their own",
                   way, bytes, different, count);
            memset(kept, 0, sizeof kept);
        }
}

int main(void)
{
    GC_INIT();
    test_procedure();
    test_new_large();
    test_descriptors();
    test_lists();
    return check_end();
}
