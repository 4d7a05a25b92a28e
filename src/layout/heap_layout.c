/* SPDX-License-Identifier: MIT */
#include "layout/layout.h"

#include <string.h>

/* A slot smaller than this holds too little to be worth a heap. */
#define SMALLEST_LOG_EXTENT 24u

/*
 * default:   slots of 1 TiB at 2 TiB, far from where programs and the kernel put things.
 * small:     16 GiB in all, for 39-bit machines, address space limits and Valgrind.
 * sanitizer: where address, thread and memory sanitizers and Valgrind all allow a heap.
 * 32bit:     slots of 128 MiB wherever the kernel has 512 MiB in one piece.
 */
static const struct ter_layout presets[] = {
    {"default", (uintptr_t)(UINT64_C(1) << 41), 40, 16, true},
    {"small", 0, 30, 16, true},
    {"sanitizer", (uintptr_t)(UINT64_C(0x7e80) << 32), 34, 16, true},
    {"32bit", 0, 27, 4, false},
};

const char *ter_layout_preset_names(void)
{
    return "default, small, sanitizer, 32bit";
}

const char *ter_layout_auto_name(void)
{
    if (sizeof(uintptr_t) < sizeof(uint64_t))
        return "32bit";
    return TER_HAS_SANITIZER ? "sanitizer" : "default";
}

/* A preset that is larger than this machine's addresses is as good as unknown. */
bool ter_layout_find_preset(const char *name, struct ter_layout *layout)
{
    for (size_t i = 0; i < TER_ARRAY_LENGTH(presets); i++)
        if (strcmp(presets[i].name, name) == 0) {
            *layout = presets[i];
            return ter_layout_validate(layout) == NULL;
        }
    return false;
}

const char *ter_layout_validate(const struct ter_layout *layout)
{
    unsigned address_bits = (unsigned)sizeof(uintptr_t) * 8;
    size_t bytes;

    if (layout->slot_count == 0 || layout->slot_count > TER_MAX_SLOTS)
        return "a layout has 1 to 64 slots";
    if (layout->log_space_extent < TER_LOG_BYTES_IN_CHUNK)
        return "a slot holds at least one chunk of 4 MiB";
    if (layout->log_space_extent >= address_bits ||
        (uintptr_t)layout->slot_count > UINTPTR_MAX >> layout->log_space_extent)
        return "the slots are larger than the address space";
    if (!ter_is_aligned(layout->heap_start, TER_BYTES_IN_CHUNK))
        return "the heap starts at a multiple of a chunk of 4 MiB";
    bytes = ter_layout_heap_bytes(layout);
    if (layout->heap_start > UINTPTR_MAX - bytes)
        return "the heap ends inside the address space";
    return NULL;
}

bool ter_layout_shrink(struct ter_layout *layout)
{
    if (layout->log_space_extent <= SMALLEST_LOG_EXTENT)
        return false;
    layout->log_space_extent--;
    layout->heap_start = 0;
    return true;
}
