/* SPDX-License-Identifier: MIT */
/*
 * Objects of the debugging functions: what stands around each, a header before it and a guard
 * behind it, and the table of all of them.
 *
 * Invariant: the cell's address is in the table from its allocation until it is freed or found
 * dead; so what lies in a cell never makes it one of these. The table is under the lock.
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

/* There was such an object. */
extern _Atomic bool ter_libgc_debugging;

/* Under the lock, before the first: their displacement from the cell is valid from then on. */
void ter_libgc_debug_start(void);
/* Under the lock: false, there is no memory for the record of that cell. */
bool ter_libgc_debug_note(uintptr_t cell);
/* Under the lock: the record of the object in that cell, or NULL. */
struct debug_record *ter_libgc_debug_record(uintptr_t cell);

/* An object that is freed without the debugging functions is none of theirs any more. */
void ter_libgc_debug_forget_slow(void *object);

TER_INLINE void ter_libgc_debug_forget(void *object)
{
    if (TER_UNLIKELY(atomic_load_explicit(&ter_libgc_debugging, memory_order_acquire)))
        ter_libgc_debug_forget_slow(object);
}

/* Writes both guards; the header has the bytes already. */
void ter_libgc_debug_guard(uintptr_t cell);
/* The first byte that somebody overwrote, or 0: in the header, or behind the object. */
uintptr_t ter_libgc_debug_damage(uintptr_t cell);

/* "0x... (file.c:12, sz=40, NORMAL)" */
void ter_libgc_debug_describe(uintptr_t cell, char *text, size_t bytes);
/* Asked for what stands last in it, for that kind; wherever a message is, also in collections. */
void ter_libgc_debug_describe_kind(unsigned kind, GC_describe_type_fn function);

/* In a collection: names what was overwritten; names leaks, and forgets what dies. */
void ter_libgc_debug_before(void);
void ter_libgc_debug_marked(void);
/* Without the lock: says who allocated what leaked. */
void ter_libgc_debug_tell_leaks(void);
