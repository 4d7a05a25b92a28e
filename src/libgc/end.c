/* SPDX-License-Identifier: MIT */
/* The end of the process. */
#include "libgc/current.h"

/* The heap stays, since other destructors may still use it; only its report is written. */
static __attribute__((destructor)) void finish(void)
{
    /* In a callback that ends the program nothing can be asked of the heap any more. */
    if (ter_libgc.heap == NULL || ter_lock_is_held(TER_RANK_HEAP))
        return;
    /* A program that looks for leaks is told of those at its end too. */
    if (GC_find_leak != 0 && ter_libgc_mutator != NULL)
        GC_gcollect();
    ter_heap_write_last_report(ter_libgc.heap);
}
