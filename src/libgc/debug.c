/* SPDX-License-Identifier: MIT */
/*
 * The debugging forms of the allocation functions: objects that know where they were allocated and
 * notice when somebody writes past their ends. Any registered thread; the table is under the lock.
 */
#include "libgc/debug_table.h"
#include "libgc/init.h"
#include "libgc/malloc.h"
#include "libgc/memory_out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEADER_BYTES sizeof(struct debug_header)
#define FREED_BYTE 0xdb

const size_t GC_debug_header_size = HEADER_BYTES;

size_t GC_get_debug_header_size(void)
{
    return HEADER_BYTES;
}

/* ---- Allocating ---- */

/* The first also makes the heap, which tells of the extra byte. */
static void start_debugging(void)
{
    ter_libgc_lock();
    ter_libgc_debug_start();
    ter_libgc_unlock();
}

static bool note_object(uintptr_t cell)
{
    bool noted;

    ter_libgc_lock();
    noted = ter_libgc_debug_note(cell);
    ter_libgc_unlock();
    return noted;
}

static void *debug_allocate(size_t bytes, unsigned kind, const char *file, int line)
{
    struct debug_header *header = NULL;

    if (!ter_libgc_debugging)
        start_debugging();
    if (bytes <= SIZE_MAX - 2 * HEADER_BYTES)
        header = ter_libgc_allocate(kind,
                                    HEADER_BYTES + bytes + sizeof(GC_word) + ter_libgc.extra_bytes);
    if (header == NULL)
        return ter_libgc_out_of_memory(bytes);
    header->file = file;
    header->line = (GC_word)line;
    header->bytes = bytes;
    ter_libgc_debug_guard((uintptr_t)header);
    if (note_object((uintptr_t)header))
        return header + 1;
    ter_libgc_free(header);
    return ter_libgc_out_of_memory(bytes);
}

#define DEBUG_MALLOC(name, kind)                                                                   \
    void *name(size_t bytes, const char *file, int line)                                           \
    {                                                                                              \
        return debug_allocate(bytes, kind, file, line);                                            \
    }

DEBUG_MALLOC(GC_debug_malloc, TER_KIND_NORMAL)
DEBUG_MALLOC(GC_debug_malloc_atomic, TER_KIND_ATOMIC)
DEBUG_MALLOC(GC_debug_malloc_uncollectable, TER_KIND_UNCOLLECTABLE)
DEBUG_MALLOC(GC_debug_malloc_atomic_uncollectable, TER_KIND_ATOMIC_UNCOLLECTABLE)
DEBUG_MALLOC(GC_debug_malloc_stubborn, TER_KIND_NORMAL)

/* The object begins in the first page of its cell. */
static void *first_page_only(void *object)
{
    void *cell = GC_base(object);

    if (cell != NULL)
        ter_libgc_ignore_off_page(cell);
    return object;
}

void *GC_debug_malloc_ignore_off_page(size_t bytes, const char *file, int line)
{
    return first_page_only(GC_debug_malloc(bytes, file, line));
}

void *GC_debug_malloc_atomic_ignore_off_page(size_t bytes, const char *file, int line)
{
    return first_page_only(GC_debug_malloc_atomic(bytes, file, line));
}

void *GC_debug_malloc_replacement(size_t bytes)
{
    return GC_debug_malloc(bytes, "unknown", 0);
}

void *GC_debug_generic_or_special_malloc(size_t bytes, int kind, const char *file, int line)
{
    return debug_allocate(bytes, ter_libgc_check_kind(kind), file, line);
}

char *GC_debug_strndup(const char *text, size_t length, const char *file, int line)
{
    size_t bytes = strnlen(text, length);
    char *copy = GC_debug_malloc_atomic(bytes + 1, file, line);

    if (copy == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    return copy;
}

char *GC_debug_strdup(const char *text, const char *file, int line)
{
    return text == NULL ? NULL : GC_debug_strndup(text, SIZE_MAX, file, line);
}

/* ---- Freeing ---- */

/* The cell of the object of the debugging functions that begins at `object`, or 0. */
static uintptr_t cell_of(const void *object)
{
    uintptr_t cell = (uintptr_t)GC_base((void *)object);
    bool known;

    ter_libgc_ready();
    if (cell == 0 || (uintptr_t)object - cell != HEADER_BYTES)
        return 0;
    ter_heap_lock(ter_libgc.heap);
    known = ter_libgc_debug_record(cell) != NULL;
    ter_libgc_unlock();
    return known ? cell : 0;
}

/* True when it was freed before. */
static bool mark_freed(uintptr_t cell)
{
    struct debug_record *record;
    bool before;

    ter_libgc_lock();
    record = ter_libgc_debug_record(cell);
    before = record == NULL || record->freed;
    if (record != NULL)
        record->freed = true;
    ter_libgc_unlock();
    return before;
}

/*
 * A small collectable object is filled with rubbish and left to the next collection, so that a
 * second call and uses after this one are noticed.
 */
void GC_debug_free(void *object)
{
    uintptr_t cell, damage;
    char text[256];

    if (object == NULL)
        return;
    cell = cell_of(object);
    if (cell == 0) {
        GC_err_printf("GC_debug_free called on pointer %p w/o debugging info\n", object);
        GC_free(object);
        return;
    }
    ter_libgc_debug_describe(cell, text, sizeof text);
    damage = ter_libgc_debug_damage(cell);
    if (mark_freed(cell)) {
        GC_err_printf("GC_debug_free: found previously deallocated object at %s\n", text);
        return;
    }
    if (damage != 0)
        GC_err_printf("GC_debug_free: %p was overwritten, in or near the object at %s\n",
                      (void *)damage, text);
    if (ter_heap_lasts(ter_libgc.heap, cell) ||
        ter_heap_bytes_of(ter_libgc.heap, cell) > TER_HEAP_SMALL_BYTES)
        GC_free((void *)cell);
    else if (damage == 0)
        memset(object, FREED_BYTE, ((struct debug_header *)cell)->bytes);
}

void *GC_debug_realloc(void *object, size_t bytes, const char *file, int line)
{
    uintptr_t cell;
    void *moved;

    if (object == NULL)
        return GC_debug_malloc(bytes, file, line);
    if (bytes == 0) {
        GC_debug_free(object);
        return NULL;
    }
    cell = cell_of(object);
    if (cell == 0) {
        GC_err_printf("GC_debug_realloc called on pointer %p w/o debugging info\n", object);
        return GC_realloc(object, bytes);
    }
    moved = debug_allocate(bytes, ter_heap_kind_of(ter_libgc.heap, cell), file, line);
    if (moved == NULL)
        return NULL;
    memcpy(moved, object, ter_min(bytes, ((struct debug_header *)cell)->bytes));
    GC_debug_free(object);
    return moved;
}

void *GC_debug_realloc_replacement(void *object, size_t bytes)
{
    return GC_debug_realloc(object, bytes, "unknown", 0);
}

void GC_register_describe_type_fn(int kind, GC_describe_type_fn function)
{
    ter_libgc_debug_describe_kind(ter_libgc_check_kind(kind), function);
}

void GC_debug_register_displacement(size_t offset)
{
    GC_register_displacement(offset);
    GC_register_displacement(HEADER_BYTES + offset);
}
