/* SPDX-License-Identifier: MIT */
#include "mmapper/mmapper.h"

static size_t step_bytes(size_t bytes)
{
    return ter_align_up(bytes / 16 + 1, TER_BYTES_IN_CHUNK);
}

/* Tries `first`, `first` + step... that are at most `last`. */
static ter_status try_placements(uintptr_t first, uintptr_t last, size_t bytes, uintptr_t *start)
{
    size_t step = step_bytes(bytes);

    for (uintptr_t at = first; at <= last; at += step) {
        ter_status status = ter_os_reserve_at(at, bytes);

        if (status == TER_OK)
            *start = at;
        /* Only another placement can help where something lies; a refusal is about the size. */
        if (status != TER_ERROR_OWNED)
            return status;
        if (last - at < step)
            break;
    }
    return TER_ERROR_NO_ADDRESS_SPACE;
}

ter_status ter_reserve_below(uintptr_t hint, size_t bytes, uintptr_t limit, uintptr_t *start)
{
    uintptr_t lowest = TER_BYTES_IN_CHUNK, last;
    ter_status status = TER_ERROR_NO_ADDRESS_SPACE;

    TER_CHECK(ter_is_aligned(hint | bytes | limit, TER_BYTES_IN_CHUNK) && bytes > 0);
    if (bytes > limit || limit - bytes < lowest)
        return status;
    last = limit - bytes;
    if (hint < lowest)
        hint = lowest;
    if (hint <= last)
        status = try_placements(hint, last, bytes, start);
    if (status == TER_ERROR_NO_ADDRESS_SPACE && hint > lowest)
        status = try_placements(lowest, ter_min(hint - TER_BYTES_IN_CHUNK, last), bytes, start);
    return status;
}
