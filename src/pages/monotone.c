/* SPDX-License-Identifier: MIT */
#include "pages/pages.h"

void ter_monotone_init(struct ter_monotone *monotone, struct ter_range *range,
                       struct ter_arena *arena)
{
    *monotone = (struct ter_monotone){.range = range, .arena = arena};
}

static size_t bytes_left(const struct ter_monotone *monotone)
{
    return monotone->limit - monotone->cursor;
}

/* Chunks for `bytes`. Where they do not join what is left, that is skipped and stays as it is. */
static ter_status grow_monotone(struct ter_monotone *monotone, size_t bytes)
{
    size_t fresh = ter_bytes_to_chunks_up(bytes) << TER_LOG_BYTES_IN_CHUNK;
    uintptr_t start;
    ter_status status =
        ter_range_grow(monotone->range, monotone->arena, fresh >> TER_LOG_BYTES_IN_CHUNK, &start);

    if (status != TER_OK)
        return status;
    if (start != monotone->limit)
        monotone->cursor = start;
    monotone->limit = start + fresh;
    ter_accounting_add_clean(&monotone->arena->accounting, fresh);
    return TER_OK;
}

ter_status ter_monotone_acquire(struct ter_monotone *monotone, size_t pages, uintptr_t *start)
{
    size_t bytes = pages << TER_LOG_BYTES_IN_PAGE;

    if (pages == 0 || pages > monotone->range->extent_bytes >> TER_LOG_BYTES_IN_PAGE)
        return TER_ERROR_NO_ADDRESS_SPACE;
    if (bytes_left(monotone) < bytes) {
        ter_status status = grow_monotone(monotone, bytes);

        if (status != TER_OK)
            return status;
    }
    *start = monotone->cursor;
    monotone->cursor += bytes;
    monotone->used_pages += pages;
    ter_accounting_subtract_clean(&monotone->arena->accounting, bytes);
    ter_accounting_add(&monotone->arena->accounting, bytes);
    return TER_OK;
}

ter_status ter_monotone_release_all(struct ter_monotone *monotone)
{
    struct ter_accounting *accounting = &monotone->arena->accounting;
    size_t used = monotone->used_pages << TER_LOG_BYTES_IN_PAGE;
    uintptr_t start, end = UINTPTR_MAX;
    ter_status status = TER_OK;

    ter_accounting_subtract(accounting, used);
    ter_accounting_add_clean(accounting, used);
    monotone->cursor = monotone->limit = 0;
    monotone->used_pages = 0;
    while (status == TER_OK &&
           (end = ter_range_previous(monotone->range, monotone->arena, end, &start)) != 0) {
        status = ter_range_return(monotone->range, monotone->arena, start,
                                  (end - start) >> TER_LOG_BYTES_IN_CHUNK);
        if (status == TER_OK)
            ter_accounting_subtract_clean(accounting, end - start);
        end = start;
    }
    return status;
}
