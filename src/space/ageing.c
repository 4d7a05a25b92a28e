/* SPDX-License-Identifier: MIT */
#include "space/space.h"

static void fill_logs(const struct ter_space *space, uintptr_t start, uintptr_t end, bool ones)
{
    ter_log_bits_fill(ter_space_table(space, TER_SIDE_SLOT_LOG)->bias,
                      start >> TER_LOG_BYTES_IN_SLOT, end >> TER_LOG_BYTES_IN_SLOT, ones);
    ter_log_bits_fill(ter_space_table(space, TER_SIDE_OBJECT_LOG)->bias,
                      start >> TER_LOG_BYTES_IN_GRANULE, end >> TER_LOG_BYTES_IN_GRANULE, ones);
}

void ter_space_make_old(const struct ter_space *space, uintptr_t start, uintptr_t end)
{
    fill_logs(space, start, end, true);
}

void ter_space_make_new(const struct ter_space *space, uintptr_t start, uintptr_t end)
{
    fill_logs(space, start, end, false);
}
