/* SPDX-License-Identifier: MIT */
#include "libgc/current.h"

_Thread_local struct ter_mutator *ter_libgc_mutator;
_Thread_local struct ter_mutator *ter_libgc_own_guest;

void ter_libgc_thread_ended(struct ter_heap *heap, const struct ter_mutator *mutator)
{
    (void)heap;
    if (ter_libgc.main_mutator == mutator)
        ter_libgc.main_mutator = NULL;
    if (ter_libgc_mutator == mutator)
        ter_libgc_mutator = NULL;
    if (ter_libgc_own_guest == mutator)
        ter_libgc_own_guest = NULL;
}
