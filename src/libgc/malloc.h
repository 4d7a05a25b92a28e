/* SPDX-License-Identifier: MIT */
/* Objects, for the files that give them more than GC_malloc does. */
#pragma once

#include "libgc/state.h"

/* An object or NULL, without asking the program's function for a full heap. */
void *ter_libgc_allocate(unsigned kind, size_t bytes);
/* Frees an object that no debugging function made. */
void ter_libgc_free(void *object);
/* Only the first page of a large object keeps it from now on. */
void *ter_libgc_ignore_off_page(void *object);
/* The kind of that number; stops when there is none. */
unsigned ter_libgc_check_kind(int kind);
