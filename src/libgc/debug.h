/* SPDX-License-Identifier: MIT */
/*
 * What stands around an object of the debugging functions: a header before it, a guard behind it.
 *
 * Invariant: the cell's address is in the table of debug.c from its allocation until it is freed or
 * found dead; so what lies in a cell never makes it one of these.
 */
#pragma once

#include "libgc/state.h"

struct debug_header {
    const char *file;
    GC_word line;
    size_t bytes; /* that were asked for */
    GC_word guard;
};

struct debug_record {
    uintptr_t cell; /* the key */
    bool freed;     /* by GC_debug_free; the memory waits for a collection */
    bool reported;  /* as overwritten */
};

/* Under the lock: the record of the object in that cell, or NULL. */
struct debug_record *ter_libgc_debug_record(uintptr_t cell);

/* The first byte that somebody overwrote, or 0: in the header, or behind the object. */
uintptr_t ter_libgc_debug_damage(uintptr_t cell);
/* "0x... (file.c:12, sz=40, NORMAL)" */
void ter_libgc_debug_describe(uintptr_t cell, char *text, size_t bytes);
