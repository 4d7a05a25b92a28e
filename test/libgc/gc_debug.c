/* SPDX-License-Identifier: MIT */
/*
 * The debugging forms: a header before every object, finalizers that get the object, what is said
 * of objects that were written past their ends or freed twice.
 */
#define GC_DEBUG
#include "capture.h"

#include <gc/gc_mark.h>

enum { OBJECTS = 200, CHANCE = 8 };

static bool is_offset(const char *object, size_t offset)
{
    return object != NULL && (size_t)(object - (char *)GC_base((void *)object)) == offset;
}

static void check_object(const char *call, char *object, size_t bytes, int kind, bool cleared)
{
    size_t header = GC_get_debug_header_size();
    char *base = GC_base(object);

    EXPECT(is_offset(object, header), "%s: %p in %p", call, (void *)object, (void *)base);
    EXPECT(GC_USR_PTR_FROM_BASE(base) == object, "%s: %p", call, (void *)object);
    EXPECT((uintptr_t)object % sizeof(void *) == 0, "%s: %p", call, (void *)object);
    EXPECT(GC_size(base) >= header + bytes, "%s: %zu", call, GC_size(base));
    EXPECT(GC_get_kind_and_size(base, NULL) == kind, "%s: kind %d", call,
           GC_get_kind_and_size(base, NULL));
    EXPECT(!cleared || is_filled(object, 0, bytes), "%s: not cleared", call);
    memset(object, 0x5a, bytes);
}

static void test_forms(void)
{
    for (size_t bytes = 1; bytes < 30000; bytes = bytes * 3 + 5) {
        check_object("malloc", GC_MALLOC(bytes), bytes, 1, true);
        check_object("atomic", GC_MALLOC_ATOMIC(bytes), bytes, 0, false);
        check_object("uncollectable", GC_MALLOC_UNCOLLECTABLE(bytes), bytes, 2, true);
        check_object("atomic uncollectable", GC_MALLOC_ATOMIC_UNCOLLECTABLE(bytes), bytes, 3,
                     false);
        check_object("off page", GC_MALLOC_IGNORE_OFF_PAGE(bytes), bytes, 1, true);
        check_object("atomic off page", GC_MALLOC_ATOMIC_IGNORE_OFF_PAGE(bytes), bytes, 0, false);
        check_object("replacement", GC_debug_malloc_replacement(bytes), bytes, 1, true);
        check_object("generic", GC_GENERIC_OR_SPECIAL_MALLOC(bytes, 1), bytes, 1, true);
        check_object("generic atomic", GC_GENERIC_OR_SPECIAL_MALLOC(bytes, 0), bytes, 0, false);
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    EXPECT(GC_debug_header_size == GC_get_debug_header_size(), "%zu", GC_get_debug_header_size());
#pragma GCC diagnostic pop
    EXPECT(strcmp(GC_STRDUP("text"), "text") == 0, "GC_STRDUP");
    EXPECT(strcmp(GC_STRNDUP("text", 2), "te") == 0, "GC_STRNDUP");
}

static void test_realloc(void)
{
    size_t header = GC_get_debug_header_size();
    unsigned char *object = GC_REALLOC(NULL, 10);

    EXPECT(is_offset((char *)object, header), "%p", (void *)object);
    memset(object, 0x77, 10);
    for (size_t bytes = 20; bytes < 50000; bytes *= 2) {
        object = GC_REALLOC(object, bytes);
        EXPECT(is_offset((char *)object, header), "%zu bytes", bytes);
        EXPECT(is_filled(object, 0x77, 10) && is_filled(object + 10, 0, bytes - 10), "%zu bytes",
               bytes);
    }
    object = GC_REALLOC(object, 5);
    EXPECT(is_filled(object, 0x77, 5), "shrunk");
    object = GC_debug_realloc_replacement(object, 50);
    EXPECT(is_filled(object, 0x77, 5) && is_filled(object + 5, 0, 45), "replacement");
    EXPECT(GC_REALLOC(object, 0) == NULL, "to 0 bytes");
    object = GC_MALLOC_ATOMIC(100);
    object = GC_REALLOC(object, 1000);
    EXPECT(GC_get_kind_and_size(GC_base(object), NULL) == 0, "the kind stays");
    GC_FREE(object);
    GC_FREE(NULL);
}

/* ---- What keeps and finalizes them ---- */

static void **objects, **links;
static unsigned finalized, strange;
static int data[OBJECTS];

static void GC_CALLBACK finalize(void *object, void *argument)
{
    finalized++;
    if (*(int **)object != argument || !is_offset(object, GC_get_debug_header_size()))
        strange++;
}

static NOINLINE void make(void)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        int **object = GC_MALLOC(sizeof(void *) * 3);
        GC_finalization_proc function = finalize;
        void *old = &old;

        *object = &data[i];
        objects[i] = object;
        links[i] = object;
        GC_GENERAL_REGISTER_DISAPPEARING_LINK(&links[i], object);
        GC_REGISTER_FINALIZER(object, finalize, &data[0], &function, &old);
        EXPECT(function == 0 && old == NULL, "object %zu had a finalizer", i);
        GC_REGISTER_FINALIZER_NO_ORDER(object, finalize, &data[i], &function, &old);
        EXPECT(function == finalize && old == &data[0], "object %zu", i);
    }
}

static void test_finalizers(void)
{
    size_t left = 0;

    objects = GC_MALLOC_UNCOLLECTABLE(OBJECTS * sizeof *objects);
    links = GC_MALLOC_ATOMIC_UNCOLLECTABLE(OBJECTS * sizeof *links);
    make();
    collect();
    GC_invoke_finalizers();
    EXPECT(finalized == 0, "%u", finalized);
    for (size_t i = 0; i < OBJECTS; i++)
        EXPECT(links[i] == objects[i], "object %zu is gone", i);
    GC_REGISTER_FINALIZER(objects[0], 0, NULL, NULL, NULL);
    memset(objects, 0, OBJECTS * sizeof *objects);
    for (unsigned i = 0; i < 3; i++) {
        collect();
        GC_invoke_finalizers();
    }
    for (size_t i = 0; i < OBJECTS; i++)
        left += links[i] != NULL;
    EXPECT(left <= CHANCE, "%zu are left", left);
    EXPECT(finalized + CHANCE >= OBJECTS - 1 && finalized < OBJECTS, "%u", finalized);
    EXPECT(strange == 0, "%u", strange);
}

/* ---- Mistakes ---- */

/* Out of the compiler's sight, which knows how large the object is. */
static NOINLINE void overwrite(char *object, size_t from, size_t bytes)
{
    __asm__("" : "+r"(object));
    memset(object + from, 'x', bytes);
}

static NOINLINE void test_mistakes(void)
{
    char *object = GC_MALLOC(40), *other = GC_MALLOC(40), *fine = GC_MALLOC(40);
    const char *text;

    memset(fine, 1, 40);
    capture_begin(STDERR_FILENO);
    overwrite(object, 40, 8);
    GC_FREE(object);
    GC_FREE(other);
    GC_FREE(other);
    GC_FREE(fine);
    text = capture_end();
    EXPECT(count_in(text, "GC_debug_free: found") + count_in(text, "was overwritten") >= 2, "%s",
           text);
    EXPECT(count_in(text, "gc_debug.c") >= 1, "%s", text);
    capture_begin(STDERR_FILENO);
    (void)GC_REALLOC(GC_malloc(10), 20);
    text = capture_end();
    EXPECT(count_in(text, "w/o debugging info") == 1, "%s", text);
}

int main(void)
{
    GC_INIT();
    test_forms();
    test_realloc();
    test_finalizers();
    test_mistakes();
    GC_gcollect();
    return check_end();
}
