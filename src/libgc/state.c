/* SPDX-License-Identifier: MIT */
#include "libgc/state.h"

struct ter_libgc ter_libgc = {.bytes_per_finalizer = 10000};

bool ter_libgc_lock_if_not_held(void)
{
    bool held = ter_heap_holds_lock(ter_libgc.heap);

    if (!held)
        ter_heap_lock(ter_libgc.heap);
    return !held;
}

void ter_libgc_unlock_if(bool locked)
{
    if (locked)
        ter_libgc_unlock();
}
