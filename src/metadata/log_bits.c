/* SPDX-License-Identifier: MIT */
#include "metadata/log_bits.h"

#include <string.h>

static void fill_bits_of_byte(uint8_t *byte, unsigned from, unsigned to, bool ones)
{
    uint8_t mask = (uint8_t)((0xffu << from) & (0xffu >> (8 - to)));

    if (ones)
        __atomic_fetch_or(byte, mask, __ATOMIC_RELAXED);
    else
        __atomic_fetch_and(byte, (uint8_t)~mask, __ATOMIC_RELAXED);
}

void ter_log_bits_fill(uintptr_t table, uintptr_t from, uintptr_t to, bool ones)
{
    uint8_t *first = (uint8_t *)(table + from / 8), *last = (uint8_t *)(table + to / 8);

    if (from >= to)
        return;
    if (first == last) {
        fill_bits_of_byte(first, from % 8, to % 8, ones);
        return;
    }
    if (from % 8 != 0)
        fill_bits_of_byte(first++, from % 8, 8, ones);
    memset(first, ones ? 0xff : 0, (size_t)(last - first));
    if (to % 8 != 0)
        fill_bits_of_byte(last, 0, to % 8, ones);
}
