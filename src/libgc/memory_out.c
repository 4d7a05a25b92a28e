/* SPDX-License-Identifier: MIT */
#include "libgc/memory_out.h"

#include <errno.h>

#include "libgc/guests.h"
#include "libgc/messages.h"

static void *ask_program(void *data)
{
    ter_libgc_warn("GC Warning: Out of memory, an allocation fails; the heap has %lu KiB\n",
                   GC_get_heap_size() >> 10);
    return GC_oom_fn != NULL ? GC_oom_fn(*(const size_t *)data) : NULL;
}

void *ter_libgc_out_of_memory(size_t bytes)
{
    void *object = ter_libgc_call_program(ask_program, &bytes);

    if (object == NULL)
        errno = ENOMEM;
    return object;
}
