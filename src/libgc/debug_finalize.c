/* SPDX-License-Identifier: MIT */
/* Finalizers of the debugging forms, which get the object and not its cell. */
#include "libgc/debug_table.h"

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
