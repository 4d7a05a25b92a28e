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
    loaded->loaded = code->loaded;
    loaded->loaded_end = code->loaded_end;
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
    names->variable = (struct ter_os_variable){0};
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

/* Of what has no name. */
static void say_place(uintptr_t address, const struct ter_os_symbol *symbol, char *name,
                      size_t size)
{
    if (symbol->file != NULL)
        snprintf(name, size, "%s+%#zx", symbol->file, symbol->offset_in_file);
    else
        snprintf(name, size, "%#zx", (size_t)address);
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
    else
        say_place(address, &symbol, name, size);
}

/* ---- Variables ---- */

/* `known`: NULL where the file does not tell. */
static void say_variable(uintptr_t address, const struct ter_os_variable *known, char *name,
                         size_t size)
{
    struct ter_os_symbol symbol;

    ter_os_find_symbol(address, &symbol);
    if (symbol.name != NULL)
        snprintf(name, size, "%s+%#zx", symbol.name, symbol.offset);
    else if (known != NULL)
        snprintf(name, size, "%s+%#zx", known->name, (size_t)(address - known->start));
    else
        say_place(address, &symbol, name, size);
}

static const struct ter_os_variable *look_up(struct ter_code_names *names, uintptr_t address)
{
    if (address - names->variable.start < names->variable.bytes)
        return &names->variable;
    for (size_t i = 0; i < names->code.count; i++) {
        const struct ter_loaded_code *loaded = ter_weak_list_at(&names->code, i);

        if (address - loaded->loaded < loaded->loaded_end - loaded->loaded &&
            ter_os_names_find_variable(&loaded->names, address, &names->variable))
            return &names->variable;
    }
    return NULL;
}

void ter_code_names_find_variable(struct ter_code_names *names, uintptr_t address, char *name,
                                  size_t size)
{
    say_variable(address, look_up(names, address), name, size);
}

struct variable_search {
    uintptr_t address;
    struct ter_os_variable found; /* bytes 0: none yet */
    char name[TER_CODE_NAME];
};

/* Under the loader's lock; the file's names do not outlive the visit. */
static void search_code(void *context, const struct ter_os_code *code)
{
    struct variable_search *search = context;
    struct ter_os_names names;

    if (search->found.bytes != 0 ||
        search->address - code->loaded >= code->loaded_end - code->loaded)
        return;
    if (ter_os_names_open(&names, code) &&
        ter_os_names_find_variable(&names, search->address, &search->found)) {
        snprintf(search->name, sizeof search->name, "%s", search->found.name);
        search->found.name = search->name;
    }
    ter_os_names_close(&names);
}

void ter_variable_name(uintptr_t address, char *name, size_t size)
{
    struct variable_search search = {.address = address};

    ter_os_for_each_code(search_code, &search);
    say_variable(address, search.found.bytes != 0 ? &search.found : NULL, name, size);
}
