/* SPDX-License-Identifier: MIT */
#include "pages/ahead.h"

/*
 * A heap with less memory than this takes it page by page: much of it are blocks of sizes that the
 * program asks for once or twice, which it never fills.
 */
#define SMALLEST_HEAP TER_MIB(8)
/* Of a larger one, as much as one in so many bytes, and no more than that. */
#define SHARE 32u
#define MOST_AHEAD TER_KIB(512)

size_t ter_ahead_bytes(const struct ter_arena *arena, size_t unit)
{
    const struct ter_accounting *accounting = &arena->accounting;
    size_t resident = ter_accounting_resident(accounting);
    size_t limit = atomic_load_explicit(&accounting->limit_bytes, memory_order_relaxed);
    size_t bytes;

    if (!arena->populates || resident < SMALLEST_HEAP)
        return 0;
    bytes = ter_min(resident / SHARE, MOST_AHEAD);
    bytes = ter_min(bytes, resident < limit ? limit - resident : 0);
    return ter_max(ter_align_down(bytes, unit), unit);
}

void ter_ahead_populate(struct ter_arena *arena, uintptr_t start, size_t bytes)
{
    uintptr_t first = ter_align_up(start, ter_os_page_size());
    uintptr_t end = ter_align_down(start + bytes, ter_os_page_size());

    if (first < end && ter_os_populate(first, end - first) != TER_OK)
        arena->populates = false;
}
