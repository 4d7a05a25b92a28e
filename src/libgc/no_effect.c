/* SPDX-License-Identifier: MIT */
/*
 * Functions that ask for what this collector does anyway, or does not have. Each does what its
 * documentation allows a collector without that feature.
 */
#include <string.h>

#include "libgc/abi.h"

/* ---- Telling of changes: every collection looks at everything ---- */

void GC_change_stubborn(const void *object)
{
    (void)object;
}

void GC_end_stubborn_change(const void *object)
{
    (void)object;
}

void GC_debug_change_stubborn(const void *object)
{
    (void)object;
}

void GC_debug_end_stubborn_change(const void *object)
{
    (void)object;
}

/* ---- Fork: handled whether asked for or not (heap/fork.c) ---- */

void GC_set_handle_fork(int how)
{
    (void)how;
}

void GC_atfork_prepare(void)
{
}

void GC_atfork_parent(void)
{
}

void GC_atfork_child(void)
{
}

/* ---- Incremental collection: not built ---- */

void GC_start_incremental_collection(void)
{
}

/* No page is ever protected. */
int GC_incremental_protection_needs(void)
{
    return 0;
}

/* ---- Others ---- */

/* Memory of the heap is never executable; the getter says so. */
void GC_set_pages_executable(int value)
{
    if (value != 0)
        ter_log(TER_LOG_WARNING, "GC_set_pages_executable: memory of the heap is not executable");
}

int GC_get_pages_executable(void)
{
    return 0;
}

/* They are pushed in every collection. */
void GC_push_finalizer_structures(void)
{
}

/* Destructors of other libraries may still allocate. */
void GC_deinit(void)
{
}

void GC_noop1(GC_word word)
{
    __asm__ volatile("" ::"r"(word));
}

/* Overwrites what finished calls left below this frame. */
void *GC_clear_stack(void *result)
{
    char room[4096];

    memset(room, 0, sizeof room);
    __asm__ volatile("" ::"r"(room) : "memory");
    return result;
}
