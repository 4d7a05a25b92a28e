/* SPDX-License-Identifier: MIT */
/* The C library's malloc. Invariant: what is handed on is aligned to a granule. */
#include "os/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16u

/* Where malloc aligns to less, as some C libraries of 32 bits do. */
static void *allocate_aligned(size_t bytes, bool zeroed)
{
    void *memory = aligned_alloc(ALIGNMENT, ter_align_up(bytes, ALIGNMENT));

    if (memory != NULL && zeroed)
        memset(memory, 0, bytes);
    return memory;
}

ter_status ter_os_malloc(size_t bytes, bool zeroed, void **memory)
{
    TER_KEEP_ERRNO;
    int error = ter_os_injected_error(TER_OS_CALL_MALLOC);
    void *got;

    if (error != 0)
        return error == ENOMEM ? TER_ERROR_NO_MEMORY : TER_ERROR_SYSTEM;
    /* Some implementations stop the process when asked for more than there can be. */
    if (bytes >> (ter_os_address_bits() - 1) != 0)
        return TER_ERROR_NO_MEMORY;
    got = zeroed ? calloc(1, bytes) : malloc(bytes);
    if (!ter_is_aligned((uintptr_t)got, ALIGNMENT)) {
        free(got);
        got = allocate_aligned(bytes, zeroed);
    }
    if (got == NULL)
        return TER_ERROR_NO_MEMORY;
    *memory = got;
    return TER_OK;
}

void ter_os_malloc_free(void *memory)
{
    TER_KEEP_ERRNO;
    free(memory);
}
