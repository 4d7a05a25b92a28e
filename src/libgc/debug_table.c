/* SPDX-License-Identifier: MIT */
#include "libgc/debug_table.h"

#include <stdio.h>
#include <string.h>

#include "libgc/displacements.h"

#define GUARD ((GC_word)0x5ca1ab1e0ddba11)

_Atomic bool ter_libgc_debugging;

static struct ter_object_table debug_objects;

/* ---- Header and guard ---- */

static struct debug_header *header_of(uintptr_t cell)
{
    return (struct debug_header *)cell;
}

static GC_word guard_of(uintptr_t cell)
{
    return GUARD ^ (GC_word)cell;
}

void ter_libgc_debug_guard(uintptr_t cell)
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
    return cell == 0 ? NULL : ter_object_table_find(&debug_objects, cell);
}

/* ---- What is said of an object ---- */

#define DESCRIPTION_BYTES 40 /* of the buffer that programs fill */

static GC_describe_type_fn describe_functions[TER_HEAP_KINDS];

void ter_libgc_debug_describe_kind(unsigned kind, GC_describe_type_fn function)
{
    describe_functions[kind] = function;
}

void ter_libgc_debug_describe(uintptr_t cell, char *text, size_t bytes)
{
    static const char *const names[] = {"PTRFREE", "NORMAL", "UNCOLLECTABLE",
                                        "ATOMIC_UNCOLLECTABLE"};
    const struct debug_header *header = (const struct debug_header *)cell;
    unsigned kind = ter_heap_kind_of(ter_libgc.heap, cell);
    char description[DESCRIPTION_BYTES + 1] = "";

    if (describe_functions[kind] != NULL)
        describe_functions[kind]((void *)(header + 1), description);
    else if (kind < TER_ARRAY_LENGTH(names))
        snprintf(description, sizeof description, "%s", names[kind]);
    else
        snprintf(description, sizeof description, "kind=%u", kind);
    snprintf(text, bytes, "%p (%s:%lu, sz=%zu, %s)", (const void *)(header + 1),
             header->file == NULL ? "?" : header->file, (unsigned long)header->line, header->bytes,
             description);
}

/* ---- The table ---- */

void ter_libgc_debug_start(void)
{
    if (ter_libgc_debugging)
        return;
    ter_object_table_init(&debug_objects, sizeof(struct debug_record));
    ter_libgc_add_displacement(sizeof(struct debug_header));
    ter_libgc_debugging = true;
}

bool ter_libgc_debug_note(uintptr_t cell)
{
    struct debug_record *record = ter_object_table_insert(&debug_objects, cell);

    if (record != NULL)
        *record = (struct debug_record){.cell = cell};
    return record != NULL;
}

void ter_libgc_debug_forget_slow(void *object)
{
    ter_heap_lock(ter_libgc.heap);
    ter_object_table_remove(&debug_objects, (uintptr_t)object);
    ter_libgc_unlock();
}

/* ---- In collections ---- */

static void report_damage(void *data)
{
    struct debug_record *record = data;
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
    ter_object_table_visit(&debug_objects, report_damage);
}

/* *context: is there something to tell of, of which it is known who allocated it? */
static void report_leak(void *context, const struct ter_client_object *object)
{
    const struct debug_record *record = ter_libgc_debug_record(object->address);
    bool *noted = context;
    char text[256];

    /* What a stopped thread has not handed out yet is marked and no object. */
    if (object->lasts || ter_heap_is_marked(ter_libgc.heap, object->address) ||
        (record != NULL && record->freed))
        return;
    if (record != NULL)
        ter_libgc_debug_describe(object->address, text, sizeof text);
    else
        snprintf(text, sizeof text, "%p (sz=%zu)", (void *)object->address, object->bytes);
    GC_err_printf("Leaked %s object at %s\n", object->has_references ? "composite" : "atomic",
                  text);
    *noted = ter_heap_note_lost(ter_libgc.heap, object->address) || *noted;
}

static void report_leaks(void)
{
    bool noted = false;

    ter_heap_visit_objects(ter_libgc.heap, report_leak, &noted);
    if (noted)
        ter_heap_notify(ter_libgc.heap);
}

static void print_line(void *context, const char *text)
{
    (void)context;
    GC_err_printf("%s\n", text);
}

void ter_libgc_debug_tell_leaks(void)
{
    if (GC_find_leak != 0)
        ter_heap_tell_lost(ter_libgc.heap, print_line, NULL);
}

void ter_libgc_debug_marked(void)
{
    if (GC_find_leak != 0)
        report_leaks();
    ter_object_table_forget_dead(&debug_objects, ter_libgc.heap);
}
