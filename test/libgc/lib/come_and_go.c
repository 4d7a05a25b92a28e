/* SPDX-License-Identifier: MIT */
/* A library with much data, whose constructor allocates. Loaded by gc_dlclose. */
#define GC_THREADS
#include <gc.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT void *library_data[50000] = {library_data};
EXPORT void *library_made(void);

static void *made;

static __attribute__((constructor)) void begin(void)
{
    if (GC_thread_is_registered())
        made = library_data[49999] = GC_malloc(100);
}

EXPORT void *library_made(void)
{
    return made;
}
