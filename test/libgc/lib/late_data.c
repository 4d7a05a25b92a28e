/* SPDX-License-Identifier: MIT */
/* As thread_data.c, but all of it gets its memory when it is used first. */
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

static _Thread_local void *late[200];
static _Thread_local void *large[20000] = {(void *)1};

EXPORT void **library_late(void);
EXPORT void **library_large(void);

EXPORT void **library_late(void)
{
    return late;
}

EXPORT void **library_large(void)
{
    return large + 19000;
}
