/* SPDX-License-Identifier: MIT */
#include "plan/plan.h"

/* Less is not worth a call into the system and the faults that follow. */
#define SMALLEST_SURPLUS TER_MIB(1)

void ter_trim_note(struct ter_trim *trim, size_t allocated_bytes)
{
    trim->allocated[trim->next] = allocated_bytes;
    trim->next = (trim->next + 1) % TER_TRIM_INTERVALS;
}

size_t ter_trim_surplus(const struct ter_trim *trim, const struct ter_accounting *accounting)
{
    size_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);
    size_t clean = atomic_load_explicit(&accounting->clean_bytes, memory_order_relaxed);
    size_t mapped = atomic_load_explicit(&accounting->mapped_bytes, memory_order_relaxed);
    size_t outside = atomic_load_explicit(&accounting->outside_bytes, memory_order_relaxed);
    size_t idle = mapped - (used - outside) - clean, wanted = 0;

    for (unsigned i = 0; i < TER_TRIM_INTERVALS; i++)
        wanted = ter_max(wanted, trim->allocated[i]);
    if (idle <= wanted || idle - wanted < ter_max(SMALLEST_SURPLUS, used / 4))
        return 0;
    return idle - wanted;
}

size_t ter_trim_spaces(const struct ter_allocator *allocator, size_t bytes)
{
    size_t done = ter_large_space_trim(allocator->large, bytes);

    if (done < bytes)
        done += ter_block_space_trim(allocator->mark_sweep, bytes - done);
    if (done < bytes)
        done += ter_block_space_trim(allocator->immortal, bytes - done);
    if (done > 0)
        ter_log(TER_LOG_DECISION, "%zu KiB of free memory go back to the system", done >> 10);
    return done;
}
