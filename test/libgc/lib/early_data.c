/* SPDX-License-Identifier: MIT */
/* A library with variables of threads whose place is given when it is loaded. */
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

static _Thread_local void *early[8] __attribute__((tls_model("initial-exec")));

EXPORT void **library_early(void);

EXPORT void **library_early(void)
{
    return early;
}
