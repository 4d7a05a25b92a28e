/* SPDX-License-Identifier: MIT */
/*
 * The functions that gc_random.c allocates with. Objects of 40 bytes and more have a word of their
 * own and then four for references; which of these are looked at depends on the function.
 */
#pragma once

#include "check.h"

#include <gc/gc_gcj.h>
#include <gc/gc_inline.h>
#include <gc/gc_mark.h>
#include <gc/gc_typed.h>

enum { FIRST_EDGE = 1, ROOM_OF_EDGES = 40 };

static bool all_interior;

struct family {
    const char *name;
    void *(*allocate)(size_t bytes);
    unsigned traced; /* one bit for each edge */
    bool uncollectable, cleared, movable, first_page, debugging, odd, built_in;
};

static unsigned kind_of_bitmap, kind_of_length, kind_of_procedure;
static GC_descr short_type, long_type, element_type;
static struct {
    void *unused;
    GC_word descriptor;
} gcj_type;

static struct GC_ms_entry *mark_first_and_third(GC_word *object, struct GC_ms_entry *stack,
                                                struct GC_ms_entry *limit, GC_word environment)
{
    (void)environment;
    for (size_t i = FIRST_EDGE; i <= FIRST_EDGE + 2; i += 2)
        stack = GC_MARK_AND_PUSH((void *)object[i], stack, limit, (void **)&object[i]);
    return stack;
}

static size_t at_least_edges(size_t bytes)
{
    return bytes < ROOM_OF_EDGES ? ROOM_OF_EDGES : bytes;
}

static void *make_aligned(size_t bytes)
{
    return GC_memalign(all_interior ? 64 : 8, bytes);
}

static void *make_posix_aligned(size_t bytes)
{
    void *object = NULL;

    EXPECT(GC_posix_memalign(&object, all_interior ? 256 : 16, bytes) == 0, "%zu bytes", bytes);
    return object;
}

static void *make_typed(size_t bytes)
{
    return GC_malloc_explicitly_typed(at_least_edges(bytes), short_type);
}

static void *make_long_typed(size_t bytes)
{
    return GC_malloc_explicitly_typed(bytes + 100 * sizeof(void *), long_type);
}

static void *make_array(size_t bytes)
{
    return GC_calloc_explicitly_typed(bytes / 64 + 1, 64, element_type);
}

static void *make_of_bitmap(size_t bytes)
{
    return GC_generic_malloc(at_least_edges(bytes), (int)kind_of_bitmap);
}

static void *make_of_length(size_t bytes)
{
    return GC_generic_malloc(at_least_edges(bytes), (int)kind_of_length);
}

static void *make_of_procedure(size_t bytes)
{
    return GC_generic_malloc(at_least_edges(bytes), (int)kind_of_procedure);
}

static void *make_gcj(size_t bytes)
{
    return GC_gcj_malloc(at_least_edges(bytes), &gcj_type);
}

static void *make_generic(size_t bytes)
{
    return GC_generic_malloc(bytes, GC_I_NORMAL);
}

static void *make_of_kind(size_t bytes)
{
    return GC_malloc_kind(bytes, GC_I_PTRFREE);
}

static void *make_debug(size_t bytes)
{
    return GC_debug_malloc(bytes, GC_EXTRAS);
}

static void *make_debug_atomic(size_t bytes)
{
    return GC_debug_malloc_atomic(bytes, GC_EXTRAS);
}

static void *make_debug_uncollectable(size_t bytes)
{
    return GC_debug_malloc_uncollectable(bytes, GC_EXTRAS);
}

static void *make_from_list(size_t bytes)
{
    void *list = GC_malloc_many(bytes < 16 ? 16 : bytes);

    GC_NEXT(list) = NULL;
    return list;
}

static void *make_text(size_t bytes)
{
    static char text[400];
    size_t length = bytes % sizeof text;
    char *copy;

    memset(text, 'x', sizeof text);
    text[length] = '\0';
    copy = bytes % 2 == 0 ? GC_strdup(text) : GC_strndup(text, length);
    EXPECT(strlen(copy) == length, "%zu, not %zu", strlen(copy), length);
    return copy;
}

#define ALL 15u
#define SECOND_AND_FOURTH 10u
#define FIRST_AND_THIRD 5u
#define FIRST_TWO 3u

static const struct family families[] = {
    {"malloc", GC_malloc, ALL, .cleared = true, .movable = true, .built_in = true},
    {"malloc_atomic", GC_malloc_atomic, 0, .movable = true, .built_in = true},
    {"malloc_uncollectable", GC_malloc_uncollectable, ALL, .cleared = true, .movable = true,
     .uncollectable = true, .built_in = true},
    {"malloc_atomic_uncollectable", GC_malloc_atomic_uncollectable, 0, .movable = true,
     .uncollectable = true, .built_in = true},
    {"malloc_ignore_off_page", GC_malloc_ignore_off_page, ALL, .cleared = true, .first_page = true,
     .built_in = true},
    {"malloc_atomic_ignore_off_page", GC_malloc_atomic_ignore_off_page, 0, .first_page = true,
     .built_in = true},
    {"generic_malloc", make_generic, ALL, .cleared = true, .movable = true, .built_in = true},
    {"malloc_kind", make_of_kind, 0, .movable = true, .built_in = true},
    {"malloc_many", make_from_list, ALL, .cleared = true, .odd = true, .built_in = true},
    {"strdup", make_text, 0, .odd = true, .built_in = true},
    {"memalign", make_aligned, ALL, .cleared = true, .odd = true, .built_in = true},
    {"posix_memalign", make_posix_aligned, ALL, .cleared = true, .odd = true, .built_in = true},
    {"explicitly typed", make_typed, SECOND_AND_FOURTH, .cleared = true, .odd = true},
    {"typed by a long bitmap", make_long_typed, FIRST_AND_THIRD, .cleared = true, .odd = true},
    {"typed array", make_array, SECOND_AND_FOURTH, .cleared = true, .odd = true},
    {"kind with a bitmap", make_of_bitmap, FIRST_AND_THIRD, .cleared = true, .odd = true},
    {"kind with a length", make_of_length, FIRST_TWO, .cleared = true, .odd = true},
    {"kind with a procedure", make_of_procedure, FIRST_AND_THIRD, .cleared = true, .odd = true},
    {"gcj", make_gcj, SECOND_AND_FOURTH, .cleared = true, .odd = true},
    {"debug_malloc", make_debug, ALL, .cleared = true, .movable = true, .debugging = true,
     .built_in = true},
    {"debug_malloc_atomic", make_debug_atomic, 0, .movable = true, .debugging = true,
     .built_in = true},
    {"debug_malloc_uncollectable", make_debug_uncollectable, ALL, .cleared = true,
     .uncollectable = true, .debugging = true, .built_in = true},
};

enum { FAMILIES = sizeof families / sizeof families[0] };

static GC_word first_and_third_of_words(void)
{
    GC_word top = (GC_word)1 << (sizeof(GC_word) * 8 - 1);

    return top >> FIRST_EDGE | top >> (FIRST_EDGE + 2);
}

static void make_types(void)
{
    GC_word second_and_fourth = (GC_word)SECOND_AND_FOURTH << FIRST_EDGE;
    GC_word bitmap[2] = {(GC_word)FIRST_AND_THIRD << FIRST_EDGE, (GC_word)1 << 30};
    unsigned procedure = GC_new_proc(mark_first_and_third);

    short_type = GC_make_descriptor(&second_and_fourth, 5);
    element_type = GC_make_descriptor(&second_and_fourth, 8);
    long_type = GC_make_descriptor(bitmap, 96);
    kind_of_bitmap =
        GC_new_kind(GC_new_free_list(), first_and_third_of_words() | GC_DS_BITMAP, 0, 1);
    kind_of_length = GC_new_kind(GC_new_free_list(), 3 * sizeof(GC_word) | GC_DS_LENGTH, 0, 1);
    kind_of_procedure = GC_new_kind(GC_new_free_list(), GC_MAKE_PROC(procedure, 0), 0, 1);
    GC_init_gcj_malloc(GC_GCJ_RESERVED_MARK_PROC_INDEX, (void *)mark_first_and_third);
    gcj_type.descriptor = first_and_third_of_words() >> 1 | GC_DS_BITMAP;
}
