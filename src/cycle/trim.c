/* SPDX-License-Identifier: MIT */
#include "cycle/trim.h"

/* Less is not worth a call into the system and the faults that follow. */
#define SMALLEST_SURPLUS TER_MIB(1)

void ter_trim_note(struct ter_trim *trim, size_t grown_bytes)
{
    trim->allocated[trim->next] = grown_bytes;
    trim->next = (trim->next + 1) % TER_TRIM_INTERVALS;
}

void ter_trim_note_limit(struct ter_trim *trim, size_t limit_bytes)
{
    trim->limits[trim->next_limit] = limit_bytes;
    trim->next_limit = (trim->next_limit + 1) % TER_TRIM_INTERVALS;
}

void ter_trim_begin(struct ter_trim *trim, const struct ter_accounting *accounting)
{
    trim->idle_before = ter_accounting_idle(accounting);
}

static size_t highest_limit(const struct ter_trim *trim, size_t limit)
{
    for (unsigned i = 0; i < TER_TRIM_INTERVALS; i++)
        limit = ter_max(limit, trim->limits[i]);
    return limit;
}

size_t ter_trim_excess(const struct ter_trim *trim, const struct ter_accounting *accounting)
{
    size_t foreign = atomic_load_explicit(&accounting->foreign_bytes, memory_order_relaxed);
    size_t held = ter_accounting_resident(accounting) + foreign, limit, excess;

    if (TER_LIKELY(held < accounting->limit_bytes + SMALLEST_SURPLUS))
        return 0;
    limit = highest_limit(trim, accounting->limit_bytes);
    excess = held > limit ? ter_min(held - limit, ter_accounting_idle(accounting)) : 0;
    return excess < SMALLEST_SURPLUS ? 0 : excess;
}

size_t ter_trim_surplus(const struct ter_trim *trim, const struct ter_accounting *accounting,
                        size_t most, size_t reserve)
{
    size_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);
    size_t idle = ter_accounting_idle(accounting), wanted = 0, surplus;

    for (unsigned i = 0; i < TER_TRIM_INTERVALS; i++)
        wanted = ter_max(wanted, trim->allocated[i]);
    wanted = ter_min(wanted, most) + reserve;
    surplus = ter_min(idle > wanted ? idle - wanted : 0, trim->idle_before);
    return surplus < ter_max(SMALLEST_SURPLUS, used / 4) ? 0 : surplus;
}
