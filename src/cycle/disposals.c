/* SPDX-License-Identifier: MIT */
#include "cycle/disposals.h"

#define FIRST_DISPOSALS 4096u

void ter_disposals_fini(struct ter_disposals *disposals)
{
    if (disposals->objects != NULL)
        ter_os_release((uintptr_t)disposals->objects,
                       disposals->capacity * sizeof *disposals->objects);
    disposals->objects = NULL;
    disposals->count = disposals->capacity = 0;
}

static bool grow_disposals(struct ter_disposals *disposals)
{
    size_t bytes = disposals->capacity * sizeof(uintptr_t);
    size_t wanted = ter_max(bytes * 2, FIRST_DISPOSALS * sizeof(uintptr_t));
    void *memory = disposals->objects;

    if (ter_os_reallocate(&memory, bytes, wanted) != TER_OK)
        return false;
    disposals->objects = memory;
    disposals->capacity = wanted / sizeof(uintptr_t);
    return true;
}

void ter_disposals_add(struct ter_disposals *disposals, uintptr_t object)
{
    if (disposals->count < disposals->capacity || grow_disposals(disposals))
        disposals->objects[disposals->count++] = object;
}
