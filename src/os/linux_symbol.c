/* SPDX-License-Identifier: MIT */
/* Names of addresses, from the loader. */
#define _GNU_SOURCE
#include "os/os.h"

#include <dlfcn.h>
#include <string.h>

static const char *without_folders(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

void ter_os_find_symbol(uintptr_t address, struct ter_os_symbol *symbol)
{
    Dl_info found;

    *symbol = (struct ter_os_symbol){0};
    if (dladdr((const void *)address, &found) == 0)
        return;
    if (found.dli_sname != NULL) {
        symbol->name = found.dli_sname;
        symbol->offset = address - (uintptr_t)found.dli_saddr;
    }
    if (found.dli_fname != NULL) {
        symbol->file = without_folders(found.dli_fname);
        symbol->offset_in_file = address - (uintptr_t)found.dli_fbase;
    }
}
