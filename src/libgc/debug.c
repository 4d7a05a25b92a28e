/* SPDX-License-Identifier: MIT */
/*
 * The debugging forms of the allocation functions: objects that know where they were allocated and
 * notice when somebody writes past their ends. Any registered thread; the table is under the lock.
 */
#include "libgc/debug.h"
#include "libgc/libgc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEADER_BYTES sizeof(struct debug_header)
#define GUARD ((GC_word)0x5ca1ab1e0ddba11)
#define FREED_BYTE 0xdb

const size_t GC_debug_header_size = HEADER_BYTES;

static struct ter_weak_table debug_objects;

size_t GC_get_debug_header_size(void)
{
    return HEADER_BYTES;
}

/* ---- Header and guard ---- */

static struct debug_header *header_of(uintptr_t cell)
{
    return (struct debug_header *)cell;
}

static GC_word guard_of(uintptr_t cell)
{
    return GUARD ^ (GC_word)cell;
}

static void write_guards(uintptr_t cell)
{
    struct debug_header *header = header_of(cell);
    GC_word guard = guard_of(cell);

    header->guard = guard;
    memcpy((char *)(header + 1) + header->bytes, &guard, sizeof guard);
}

uintptr_t ter_libgc_debug_damage(uintptr_t cell)
{
    const struct debug_header *header = header_of(cell);
    const char *end = (const char *)(header + 1) + header->bytes;
    GC_word guard = guard_of(cell);

    if (header->guard != guard)
        return (uintptr_t)&header->guard;
    if (memcmp(end, &guard, sizeof guard) == 0)
        return 0;
    for (size_t i = 0; i < sizeof guard; i++)
        if (end[i] != ((const char *)&guard)[i])
            return (uintptr_t)(end + i);
    return 0;
}

struct debug_record *ter_libgc_debug_record(uintptr_t cell)
{
    return cell == 0 ? NULL : ter_weak_table_find(&debug_objects, cell);
}

/* ---- The table, in collections ---- */

void ter_libgc_debug_forget_slow(void *object)
{
    struct ter_allocator *allocator = ter_libgc_lock();

    ter_weak_table_remove(&debug_objects, (uintptr_t)object);
    ter_allocator_unlock(allocator);
}

static void report_damage(struct debug_record *record)
{
    uintptr_t damage = record->freed ? 0 : ter_libgc_debug_damage(record->cell);
    char text[256];

    if (damage == 0 || record->reported)
        return;
    record->reported = true;
    ter_libgc_debug_describe(record->cell, text, sizeof text);
    GC_err_printf("GC_check_heap: %p was overwritten, in or near the object at %s\n",
                  (void *)damage, text);
}

void ter_libgc_debug_before(void)
{
    for (size_t slot = 0; slot < debug_objects.capacity; slot++) {
        struct debug_record *record = ter_weak_table_at(&debug_objects, slot);

        if (record != NULL)
            report_damage(record);
    }
}

static void report_leak(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    const struct debug_record *record = ter_libgc_debug_record(object);
    bool composite = kind->scan != TER_SCAN_NONE;
    char text[256];

    (void)context;
    /* What a stopped thread has not handed out yet is marked and no object. */
    if (kind->uncollectable || ter_collector_is_marked(ter_libgc.collector, object) ||
        (record != NULL && record->freed))
        return;
    if (record != NULL)
        ter_libgc_debug_describe(object, text, sizeof text);
    else
        snprintf(text, sizeof text, "%p (sz=%zu)", (void *)object, bytes);
    GC_err_printf("Leaked %s object at %s\n", composite ? "composite" : "atomic", text);
}

static void forget_dead(void)
{
    size_t slot = 0;

    /* Removing moves a later record into the slot. */
    while (slot < debug_objects.capacity) {
        const struct debug_record *record = ter_weak_table_at(&debug_objects, slot);

        if (record != NULL && !ter_collector_is_reached(ter_libgc.collector, record->cell))
            ter_weak_table_remove(&debug_objects, record->cell);
        else
            slot++;
    }
}

void ter_libgc_debug_marked(void)
{
    if (GC_find_leak != 0)
        ter_collector_visit_objects(ter_libgc.collector, report_leak, NULL);
    forget_dead();
}

/* ---- Allocating ---- */

/* The displacement of every such object from its cell is valid from the first one on. */
static void start_debugging(void)
{
    struct ter_allocator *allocator = ter_libgc_lock();

    if (!ter_libgc.debugging) {
        ter_weak_table_init(&debug_objects, sizeof(struct debug_record));
        ter_libgc.displacements[HEADER_BYTES] = 1;
        ter_libgc.debugging = true;
    }
    ter_allocator_unlock(allocator);
}

static bool note_object(uintptr_t cell)
{
    struct ter_allocator *allocator = ter_libgc_lock();
    struct debug_record *record;

    record = ter_weak_table_insert(&debug_objects, cell);
    if (record != NULL)
        *record = (struct debug_record){.cell = cell};
    ter_allocator_unlock(allocator);
    return record != NULL;
}

static void *debug_allocate(size_t bytes, unsigned kind, const char *file, int line)
{
    struct debug_header *header = NULL;

    if (!ter_libgc.debugging)
        start_debugging();
    if (bytes <= SIZE_MAX - 2 * HEADER_BYTES)
        header = ter_libgc_allocate(kind,
                                    HEADER_BYTES + bytes + sizeof(GC_word) + ter_libgc.extra_bytes);
    if (header == NULL)
        return ter_libgc_out_of_memory(bytes);
    header->file = file;
    header->line = (GC_word)line;
    header->bytes = bytes;
    write_guards((uintptr_t)header);
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
    struct ter_allocator *allocator = ter_libgc_ready();
    bool known;

    if (cell == 0 || (uintptr_t)object - cell != HEADER_BYTES)
        return 0;
    ter_allocator_lock(allocator);
    known = ter_libgc_debug_record(cell) != NULL;
    ter_allocator_unlock(allocator);
    return known ? cell : 0;
}

/* True when it was freed before. */
static bool mark_freed(uintptr_t cell)
{
    struct ter_allocator *allocator = ter_libgc_lock();
    struct debug_record *record;
    bool before;

    record = ter_libgc_debug_record(cell);
    before = record == NULL || record->freed;
    if (record != NULL)
        record->freed = true;
    ter_allocator_unlock(allocator);
    return before;
}

/*
 * A small collectable object is filled with rubbish and left to the next collection, so that a
 * second call and uses after this one are noticed.
 */
void GC_debug_free(void *object)
{
    uintptr_t cell, damage;
    unsigned kind;
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
    kind = ter_collector_object_kind(ter_libgc.collector, cell);
    if (ter_libgc.collector->allocator.kinds[kind].uncollectable ||
        ter_collector_object_bytes(ter_libgc.collector, cell) > TER_SMALL_MAX_BYTES)
        GC_free((void *)cell);
    else if (damage == 0)
        memset(object, FREED_BYTE, header_of(cell)->bytes);
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
    moved = debug_allocate(bytes, ter_collector_object_kind(ter_libgc.collector, cell), file, line);
    if (moved == NULL)
        return NULL;
    memcpy(moved, object, ter_min(bytes, header_of(cell)->bytes));
    GC_debug_free(object);
    return moved;
}

void *GC_debug_realloc_replacement(void *object, size_t bytes)
{
    return GC_debug_realloc(object, bytes, "unknown", 0);
}

void GC_debug_register_displacement(size_t offset)
{
    GC_register_displacement(offset);
    GC_register_displacement(HEADER_BYTES + offset);
}
