/* SPDX-License-Identifier: MIT */
/*
 * What the debugging functions say of an object, and finalizers that get the object and not its
 * cell. The function that describes a kind is called wherever a message is, also in collections.
 */
#include "libgc/debug.h"
#include "libgc/libgc.h"

#include <stdio.h>

#define DESCRIPTION_BYTES 40 /* of the buffer that programs fill */

static GC_describe_type_fn describe_functions[TER_MAX_KINDS];

void GC_register_describe_type_fn(int kind, GC_describe_type_fn function)
{
    describe_functions[ter_libgc_check_kind(kind)] = function;
}

void ter_libgc_debug_describe(uintptr_t cell, char *text, size_t bytes)
{
    static const char *const names[] = {"PTRFREE", "NORMAL", "UNCOLLECTABLE",
                                        "ATOMIC_UNCOLLECTABLE"};
    const struct debug_header *header = (const struct debug_header *)cell;
    unsigned kind = ter_collector_object_kind(ter_libgc.collector, cell);
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

/* ---- Finalizers ---- */

typedef void registrar(void *object, GC_finalization_proc function, void *data,
                       GC_finalization_proc *old_function, void **old_data);

/* What a finalizer of the cell calls for the object in it. */
struct closure {
    GC_finalization_proc function;
    void *data;
};

static void finalize_object(void *cell, void *data)
{
    const struct closure *closure = data;

    closure->function((struct debug_header *)cell + 1, closure->data);
}

static void debug_register(registrar *wanted, void *object, GC_finalization_proc function,
                           void *data, GC_finalization_proc *old_function, void **old_data)
{
    struct debug_header *cell = GC_base(object);
    struct closure *closure = NULL;
    GC_finalization_proc old = NULL;
    void *old_closure = NULL;

    /* What the debugging functions did not make is as it is elsewhere. */
    if (cell == NULL || (void *)(cell + 1) != object) {
        if (cell != NULL && (void *)cell != object)
            GC_err_printf("GC_debug_register_finalizer called with non-base-pointer %p\n", object);
        wanted(cell == NULL ? object : cell, function, data, old_function, old_data);
        return;
    }
    if (function != NULL) {
        closure = GC_malloc(sizeof *closure);
        if (closure == NULL)
            return;
        *closure = (struct closure){function, data};
    }
    wanted(cell, function == NULL ? NULL : finalize_object, closure, &old, &old_closure);
    if (old == finalize_object) {
        const struct closure *before = old_closure;

        old = before->function;
        old_closure = before->data;
    }
    if (old_function != NULL)
        *old_function = old;
    if (old_data != NULL)
        *old_data = old_closure;
}

#define DEBUG_REGISTER(order)                                                                      \
    void GC_debug_##order(void *object, GC_finalization_proc function, void *data,                 \
                          GC_finalization_proc *old_function, void **old_data)                     \
    {                                                                                              \
        debug_register(GC_##order, object, function, data, old_function, old_data);                \
    }

DEBUG_REGISTER(register_finalizer)
DEBUG_REGISTER(register_finalizer_ignore_self)
DEBUG_REGISTER(register_finalizer_no_order)
DEBUG_REGISTER(register_finalizer_unreachable)
