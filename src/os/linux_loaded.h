/* SPDX-License-Identifier: MIT */
/* Where a program or a library lies, of what the loader tells (dl_iterate_phdr). */
#pragma once

#include "base/base.h"

#include <link.h>

/* From the first to the last of what was loaded of it. */
TER_INLINE void ter_os_find_loaded(const struct dl_phdr_info *object, uintptr_t *start,
                                   uintptr_t *end)
{
    *start = UINTPTR_MAX;
    *end = 0;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t first = object->dlpi_addr + segment->p_vaddr;

        if (segment->p_type != PT_LOAD)
            continue;
        *start = ter_min(*start, first);
        *end = ter_max(*end, first + segment->p_memsz);
    }
}
