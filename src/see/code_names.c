/* SPDX-License-Identifier: MIT */
#include "see/code_names.h"

#include <stdio.h>
#include <string.h>

/* Under the loader's lock. */
static void add_code(void *context, const struct ter_os_code *code)
{
    struct ter_code_names *names = context;
    struct ter_loaded_code *loaded = ter_weak_list_add(&names->code);

    if (loaded == NULL) {
        names->failed = true;
        return;
    }
    memset(loaded, 0, sizeof *loaded);
    loaded->start = code->start;
    loaded->end = code->end;
    loaded->offset = code->offset;
    snprintf(loaded->file, sizeof loaded->file, "%s", code->file);
    loaded->build_id_bytes = ter_min(code->build_id_bytes, (size_t)TER_CODE_BUILD);
    if (loaded->build_id_bytes > 0)
        memcpy(loaded->build_id, code->build_id, loaded->build_id_bytes);
    (void)ter_os_names_open(&loaded->names, code);
}

void ter_code_names_open(struct ter_code_names *names)
{
    ter_weak_list_init(&names->code, sizeof(struct ter_loaded_code));
    names->failed = false;
    ter_os_for_each_code(add_code, names);
}

void ter_code_names_close(struct ter_code_names *names)
{
    for (size_t i = 0; i < names->code.count; i++) {
        struct ter_loaded_code *loaded = ter_weak_list_at(&names->code, i);

        ter_os_names_close(&loaded->names);
    }
    ter_weak_list_fini(&names->code);
}

size_t ter_code_names_number(const struct ter_code_names *names, uintptr_t address)
{
    for (size_t i = 0; i < names->code.count; i++) {
        const struct ter_loaded_code *loaded = ter_weak_list_at(&names->code, i);

        if (address - loaded->start < loaded->end - loaded->start)
            return i + 1;
    }
    return 0;
}

void ter_code_names_find(const struct ter_code_names *names, uintptr_t address, char *name,
                         size_t size)
{
    size_t number = ter_code_names_number(names, address);
    const char *known =
        number == 0 ? NULL : ter_os_names_find(&ter_code_names_at(names, number)->names, address);
    struct ter_os_symbol symbol;

    ter_os_find_symbol(address, &symbol);
    if (known == NULL)
        known = symbol.name;
    if (known != NULL)
        snprintf(name, size, "%s", known);
    else if (symbol.file != NULL)
        snprintf(name, size, "%s+%#zx", symbol.file, symbol.offset_in_file);
    else
        snprintf(name, size, "%#zx", (size_t)address);
}
