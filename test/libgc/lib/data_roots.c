/* SPDX-License-Identifier: MIT */
/* A library that a program loads while it runs: its static data hold references. */
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT void *library_zeroed[200];
EXPORT void *library_initialized[200] = {(void *)1};
EXPORT void **library_hidden(void);

EXPORT void **library_hidden(void)
{
    static void *hidden[200];

    return hidden;
}
