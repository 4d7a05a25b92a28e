/* SPDX-License-Identifier: MIT */
/*
 * What code is loaded, and what the functions and variables are called that addresses lie in: as
 * the file says, or the loader, or by their place in the file.
 *
 * Invariant: it is as it was when it was opened. Asks the loader: not under the heap lock, nor
 * while threads stand.
 */
#pragma once

#include "weak/weak.h"

#define TER_CODE_FILE 1024u
#define TER_CODE_BUILD 32u
/* Room for a name. */
#define TER_CODE_NAME 1024u

struct ter_loaded_code {
    uintptr_t start, end;
    uintptr_t loaded, loaded_end; /* with the data of its file */
    uint64_t offset;
    char file[TER_CODE_FILE];
    uint8_t build_id[TER_CODE_BUILD];
    size_t build_id_bytes;
    struct ter_os_names names;
};

struct ter_code_names {
    struct ter_weak_list code;       /* struct ter_loaded_code, the program's first */
    struct ter_os_variable variable; /* that was found last: many words lie in one array */
    bool failed;                     /* no memory for some of it */
};

void ter_code_names_open(struct ter_code_names *names);
void ter_code_names_close(struct ter_code_names *names);

/* The number of the code that has the address, and 1; 0: none, it may have been unloaded. */
size_t ter_code_names_number(const struct ter_code_names *names, uintptr_t address);

TER_INLINE const struct ter_loaded_code *ter_code_names_at(const struct ter_code_names *names,
                                                           size_t number)
{
    return ter_weak_list_at(&names->code, number - 1);
}

/*
 * The variable with the address, "name+0x10", or if it is not known "file+0x4010", or the address
 * alone; not escaped. The name that the loader knows goes before that in the file's own table.
 */
void ter_code_names_find_variable(struct ter_code_names *names, uintptr_t address, char *name,
                                  size_t size);
/* The same for a single question, where nothing is open. Reads one file. */
void ter_variable_name(uintptr_t address, char *name, size_t size);

/* The name of the function with the address; not escaped. */
void ter_code_names_find(const struct ter_code_names *names, uintptr_t address, char *name,
                         size_t size);
