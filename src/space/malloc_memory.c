/* SPDX-License-Identifier: MIT */
#include "space/space.h"

#include <string.h>

#define LEAST_ALIGNMENT 4u

/* What an allocator need not align to a granule, as nothing so small needs it. */
#define SMALL_REQUEST TER_BYTES_IN_GRANULE

size_t ter_memory_wanted(const struct ter_kind *how, size_t bytes)
{
    bool exact = how->scan == TER_SCAN_NONE || how->scan == TER_SCAN_VISITOR;

    bytes = ter_max(bytes, 1);
    return exact ? bytes : ter_align_up(bytes, TER_BYTES_IN_GRANULE);
}

/* ---- Pieces ---- */

static struct ter_memory_piece piece_at(uintptr_t object, size_t bytes, size_t lead)
{
    size_t extent = ter_align_up(bytes, TER_BYTES_IN_GRANULE);

    return (struct ter_memory_piece){object, extent, {lead, extent - bytes}};
}

static size_t piece_own_bytes(const struct ter_memory_piece *piece)
{
    return piece->extent - piece->margin.slack;
}

static void *piece_block(const struct ter_memory_piece *piece)
{
    return (void *)(piece->object - piece->margin.lead);
}

static size_t piece_block_bytes(const struct ter_memory_piece *piece)
{
    return piece_own_bytes(piece) + (piece->margin.lead != 0 ? TER_BYTES_IN_GRANULE : 0);
}

/* ---- Functions of the program's ---- */

static void give_to_program(const struct ter_memory_functions *functions, unsigned kind,
                            void *block, size_t bytes)
{
    TER_KEEP_ERRNO;
    functions->free(functions->context, block, bytes, kind);
}

static uintptr_t ask_program(const struct ter_memory_functions *functions, unsigned kind,
                             size_t bytes)
{
    TER_KEEP_ERRNO;
    return (uintptr_t)functions->allocate(functions->context, bytes, kind);
}

static bool needs_lead(const struct ter_memory_source *source, size_t bytes)
{
    return bytes <= source->leads_up_to;
}

/* The object begins at the next granule behind the block's first byte. */
static ter_status take_with_lead(const struct ter_memory_source *source, unsigned kind,
                                 size_t bytes, struct ter_memory_piece *piece)
{
    size_t asked = bytes + TER_BYTES_IN_GRANULE;
    uintptr_t block = ask_program(&source->functions, kind, asked), object;

    if (block == 0)
        return TER_ERROR_NO_MEMORY;
    if (!ter_is_aligned(block, LEAST_ALIGNMENT)) {
        ter_log(TER_LOG_WARNING, "the program's memory for objects is not even aligned to %u: %#zx",
                LEAST_ALIGNMENT, (size_t)block);
        give_to_program(&source->functions, kind, (void *)block, asked);
        return TER_ERROR_INVALID;
    }
    object = ter_align_down(block, TER_BYTES_IN_GRANULE) + TER_BYTES_IN_GRANULE;
    *piece = piece_at(object, bytes, object - block);
    return TER_OK;
}

static ter_status take_from_program(struct ter_memory_source *source, unsigned kind, size_t bytes,
                                    struct ter_memory_piece *piece)
{
    uintptr_t block;

    if (bytes > SIZE_MAX / 2)
        return TER_ERROR_NO_MEMORY;
    if (needs_lead(source, bytes))
        return take_with_lead(source, kind, bytes, piece);
    block = ask_program(&source->functions, kind, bytes);
    if (block == 0)
        return TER_ERROR_NO_MEMORY;
    *piece = piece_at(block, bytes, 0);
    if (TER_LIKELY(ter_is_aligned(block, TER_BYTES_IN_GRANULE)))
        return TER_OK;
    give_to_program(&source->functions, kind, (void *)block, bytes);
    source->leads_up_to = bytes > SMALL_REQUEST ? SIZE_MAX : bytes;
    return take_with_lead(source, kind, bytes, piece);
}

/* ---- Either ---- */

static void clear_from(const struct ter_memory_piece *piece, const struct ter_kind *how,
                       size_t from)
{
    size_t bytes = piece_own_bytes(piece);

    if (how->zeroed && from < bytes)
        memset((void *)(piece->object + from), 0, bytes - from);
}

static ter_status take_malloc(const struct ter_kind *how, size_t bytes,
                              struct ter_memory_piece *piece)
{
    void *memory;
    ter_status status = ter_os_malloc(bytes, how->zeroed, &memory);

    if (status == TER_OK)
        *piece = piece_at((uintptr_t)memory, bytes, 0);
    return status;
}

ter_status ter_memory_take(struct ter_memory_source *source, const struct ter_kind *how,
                           unsigned kind, size_t bytes, struct ter_memory_piece *piece)
{
    ter_status status;

    if (!ter_memory_is_of_program(source))
        return take_malloc(how, bytes, piece);
    status = take_from_program(source, kind, bytes, piece);
    if (status == TER_OK)
        clear_from(piece, how, 0);
    return status;
}

void ter_memory_give(const struct ter_memory_source *source, unsigned kind,
                     const struct ter_memory_piece *piece)
{
    if (ter_memory_is_of_program(source))
        give_to_program(&source->functions, kind, piece_block(piece), piece_block_bytes(piece));
    else
        ter_os_malloc_free(piece_block(piece));
}

/* What may come without alignment is made anew, where it can be asked for with a lead. */
bool ter_memory_can_resize(const struct ter_memory_source *source,
                           const struct ter_memory_piece *piece, size_t bytes)
{
    return ter_memory_is_of_program(source) && source->functions.resize != NULL &&
           piece->margin.lead == 0 && bytes > SMALL_REQUEST && !needs_lead(source, bytes);
}

bool ter_memory_resize(const struct ter_memory_source *source, const struct ter_kind *how,
                       unsigned kind, size_t bytes, struct ter_memory_piece *piece)
{
    TER_KEEP_ERRNO;
    const struct ter_memory_functions *functions = &source->functions;
    size_t old_bytes = piece_own_bytes(piece);
    void *block = functions->resize(functions->context, piece_block(piece), old_bytes, bytes, kind);

    if (block == NULL)
        return false;
    TER_REQUIRE(ter_is_aligned((uintptr_t)block, TER_BYTES_IN_GRANULE),
                "resize (ter_heap_set_memory) gave %p for %zu bytes: that is not aligned to 16, as "
                "all that allocate gave was",
                block, bytes);
    *piece = piece_at((uintptr_t)block, bytes, 0);
    clear_from(piece, how, old_bytes);
    return true;
}
