/* SPDX-License-Identifier: MIT */
/*
 * Errors: a message and a jump to the innermost handler. What the functions in between have on the
 * C stack goes with them: they own nothing else.
 */
#include "lisp.h"

enum { DEEPEST = 5000 };

static void add_value(struct lisp *lisp, value v)
{
    size_t used = 0;

    while (lisp->message[used] != 0)
        used++;
    FILE *file = fmemopen(lisp->message + used, sizeof lisp->message - used, "w");

    if (file == NULL)
        return;
    setbuf(file, NULL);
    fputs(": ", file);
    lisp->depth = 0;
    print_value(lisp, file, v, true);
    fclose(file);
    lisp->message[sizeof lisp->message - 1] = 0;
}

void lisp_error(struct lisp *lisp, const char *message, value v)
{
    struct handler *handler = lisp->handler;

    snprintf(lisp->message, sizeof lisp->message, "%s", message);
    if (v != NONE)
        add_value(lisp, v);
    handler_pop(lisp, handler);
    longjmp(handler->jump, 1);
}

void handler_push(struct lisp *lisp, struct handler *handler)
{
    handler->outer = lisp->handler;
    handler->locals = locals_save(lisp);
    handler->depth = lisp->depth;
    lisp->handler = handler;
}

void handler_pop(struct lisp *lisp, const struct handler *handler)
{
    lisp->handler = handler->outer;
    locals_restore(lisp, handler->locals);
    lisp->depth = handler->depth;
}

void depth_enter(struct lisp *lisp)
{
    if (lisp->depth >= DEEPEST)
        lisp_error(lisp, "too deep", NONE);
    lisp->depth++;
}

void depth_leave(struct lisp *lisp)
{
    lisp->depth--;
}
