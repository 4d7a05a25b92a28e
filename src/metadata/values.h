/* SPDX-License-Identifier: MIT */
/*
 * Single values of 1 to 64 bits: plain and atomic.
 *
 * Invariant: an atomic operation changes the value of one region and nothing beside it, whatever
 * others do to values in the same byte meanwhile; it fails for no other reason than the value
 * itself. The plain store wants the caller to be alone on the byte. Memory orders are C11's and are
 * said by the caller.
 *
 * All is inline: on a table with constant figures (TER_SIDE_TABLE) each is the instructions of one
 * width. The address is any of the region. The table's memory must be mapped there.
 */
#pragma once

#include "metadata/table.h"

/* 64 bits with their natural alignment on every machine; i386 gives a plain uint64_t but 4 bytes.
 */
typedef uint64_t ter_side_word TER_ALIGNED(8);

TER_INLINE uint64_t ter_side_mask(const struct ter_side_table *table)
{
    return UINT64_MAX >> (64 - (1u << table->log_bits));
}

/* Where in its byte a value narrower than a byte begins. */
TER_INLINE unsigned ter_side_bit_of(const struct ter_side_table *table, uintptr_t address)
{
    unsigned values_in_byte = 8u >> table->log_bits;

    return ((unsigned)(address >> table->log_region) & (values_in_byte - 1)) << table->log_bits;
}

TER_INLINE void ter_side_check_value(const struct ter_side_table *table, uint64_t value)
{
    TER_ASSERT(table->log_bits <= TER_SIDE_LOG_VALUE_BITS);
    TER_ASSERT((value & ~ter_side_mask(table)) == 0);
    (void)table;
    (void)value;
}

/* Expands EACH(type) for the width of `table`, which is 8 bits or more, and returns its value. */
#define TER_SIDE_BY_WIDTH(table, EACH)                                                             \
    do {                                                                                           \
        switch ((table)->log_bits) {                                                               \
        case 3: EACH(uint8_t);                                                                     \
        case 4: EACH(uint16_t);                                                                    \
        case 5: EACH(uint32_t);                                                                    \
        default: EACH(ter_side_word);                                                              \
        }                                                                                          \
    } while (0)

/* ---- With C11's orders as numbers ---- */

TER_INLINE uint64_t ter_side_raw_load(const struct ter_side_table *table, uintptr_t address,
                                      int order)
{
    uintptr_t unit = ter_side_unit(table, address);

#define TER_SIDE_EACH(type) return __atomic_load_n((const type *)unit, order)
    if (table->log_bits >= 3)
        TER_SIDE_BY_WIDTH(table, TER_SIDE_EACH);
#undef TER_SIDE_EACH
    return ((uint64_t)__atomic_load_n((const uint8_t *)unit, order) >>
            ter_side_bit_of(table, address)) &
           ter_side_mask(table);
}

/* One attempt on the byte of a narrow value; *byte is what was seen last. */
TER_INLINE bool ter_side_replace_in_byte(const struct ter_side_table *table, uintptr_t address,
                                         uint8_t *byte, uint64_t value, int order)
{
    unsigned bit = ter_side_bit_of(table, address);
    uint8_t others = (uint8_t)(*byte & ~(ter_side_mask(table) << bit));
    uint8_t wanted = (uint8_t)(others | value << bit);

    return __atomic_compare_exchange_n((uint8_t *)ter_side_unit(table, address), byte, wanted, true,
                                       order, __ATOMIC_RELAXED);
}

TER_INLINE uint64_t ter_side_field(const struct ter_side_table *table, uintptr_t address,
                                   uint8_t byte)
{
    return ((uint64_t)byte >> ter_side_bit_of(table, address)) & ter_side_mask(table);
}

TER_INLINE void ter_side_raw_store(const struct ter_side_table *table, uintptr_t address,
                                   uint64_t value, int order)
{
    uintptr_t unit = ter_side_unit(table, address);
    uint8_t byte;

#define TER_SIDE_EACH(type)                                                                        \
    __atomic_store_n((type *)unit, (type)value, order);                                            \
    return
    if (table->log_bits >= 3)
        TER_SIDE_BY_WIDTH(table, TER_SIDE_EACH);
#undef TER_SIDE_EACH
    byte = __atomic_load_n((const uint8_t *)unit, __ATOMIC_RELAXED);
    while (!ter_side_replace_in_byte(table, address, &byte, value, order))
        continue;
}

TER_INLINE void ter_side_raw_store_plain(const struct ter_side_table *table, uintptr_t address,
                                         uint64_t value)
{
    uint8_t *byte = (uint8_t *)ter_side_unit(table, address);
    unsigned bit;

    if (table->log_bits >= 3) {
        ter_side_raw_store(table, address, value, __ATOMIC_RELAXED);
        return;
    }
    bit = ter_side_bit_of(table, address);
    *byte = (uint8_t)((*byte & ~(ter_side_mask(table) << bit)) | value << bit);
}

/*
 * True: it was *expected and is `desired`. False: *expected is what it was. A change of neighbours
 * in the byte is no failure: the attempt is repeated for as long as the value itself is expected.
 */
TER_INLINE bool ter_side_raw_compare_exchange(const struct ter_side_table *table, uintptr_t address,
                                              uint64_t *expected, uint64_t desired, int success,
                                              int failure)
{
    uintptr_t unit = ter_side_unit(table, address);
    uint8_t byte;

#define TER_SIDE_EACH(type)                                                                        \
    {                                                                                              \
        type seen = (type)*expected;                                                               \
        bool done = __atomic_compare_exchange_n((type *)unit, &seen, (type)desired, false,         \
                                                success, failure);                                 \
        *expected = seen;                                                                          \
        return done;                                                                               \
    }
    if (table->log_bits >= 3)
        TER_SIDE_BY_WIDTH(table, TER_SIDE_EACH);
#undef TER_SIDE_EACH
    for (;;) {
        uint64_t seen;

        byte = __atomic_load_n((const uint8_t *)unit, failure);
        seen = ter_side_field(table, address, byte);
        if (seen != *expected) {
            *expected = seen;
            return false;
        }
        if (ter_side_replace_in_byte(table, address, &byte, desired, success))
            return true;
    }
}

TER_INLINE uint64_t ter_side_raw_and(const struct ter_side_table *table, uintptr_t address,
                                     uint64_t value, int order)
{
    uintptr_t unit = ter_side_unit(table, address);
    uint8_t cleared;

#define TER_SIDE_EACH(type) return __atomic_fetch_and((type *)unit, (type)value, order)
    if (table->log_bits >= 3)
        TER_SIDE_BY_WIDTH(table, TER_SIDE_EACH);
#undef TER_SIDE_EACH
    cleared = (uint8_t)((~value & ter_side_mask(table)) << ter_side_bit_of(table, address));
    return ter_side_field(table, address,
                          __atomic_fetch_and((uint8_t *)unit, (uint8_t)~cleared, order));
}

TER_INLINE uint64_t ter_side_raw_or(const struct ter_side_table *table, uintptr_t address,
                                    uint64_t value, int order)
{
    uintptr_t unit = ter_side_unit(table, address);
    uint8_t set;

#define TER_SIDE_EACH(type) return __atomic_fetch_or((type *)unit, (type)value, order)
    if (table->log_bits >= 3)
        TER_SIDE_BY_WIDTH(table, TER_SIDE_EACH);
#undef TER_SIDE_EACH
    set = (uint8_t)(value << ter_side_bit_of(table, address));
    return ter_side_field(table, address, __atomic_fetch_or((uint8_t *)unit, set, order));
}

/* ---- What other floors use ---- */

/*
 * For the policies and barriers to come: line marks are loaded and stored (a byte each, the number
 * of the collection); states of forwarding are exchanged by compare and exchange where several
 * workers copy, and stored where one does; pins and logged slots are set and cleared one by one.
 */

/* Not torn for any width, but no order: the caller is alone, or does not care. */
TER_INLINE uint64_t ter_side_load(const struct ter_side_table *table, uintptr_t address)
{
    ter_side_check_value(table, 0);
    return ter_side_raw_load(table, address, __ATOMIC_RELAXED);
}

TER_INLINE uint64_t ter_side_load_atomic(const struct ter_side_table *table, uintptr_t address,
                                         memory_order order)
{
    ter_side_check_value(table, 0);
    return ter_side_raw_load(table, address, (int)order);
}

/* The caller is alone on the byte that holds the value. */
TER_INLINE void ter_side_store(const struct ter_side_table *table, uintptr_t address,
                               uint64_t value)
{
    ter_side_check_value(table, value);
    ter_side_raw_store_plain(table, address, value);
}

TER_INLINE void ter_side_store_atomic(const struct ter_side_table *table, uintptr_t address,
                                      uint64_t value, memory_order order)
{
    ter_side_check_value(table, value);
    ter_side_raw_store(table, address, value, (int)order);
}

/*
 * Strong: true exactly when the value was *expected, and then it is `desired`; else *expected is
 * what it was. `failure` is the order of that load: relaxed, acquire or sequentially consistent.
 */
TER_INLINE bool ter_side_compare_exchange(const struct ter_side_table *table, uintptr_t address,
                                          uint64_t *expected, uint64_t desired,
                                          memory_order success, memory_order failure)
{
    ter_side_check_value(table, desired);
    ter_side_check_value(table, *expected);
    return ter_side_raw_compare_exchange(table, address, expected, desired, (int)success,
                                         (int)failure);
}

/* Each returns the value as it was before. */
TER_INLINE uint64_t ter_side_fetch_and(const struct ter_side_table *table, uintptr_t address,
                                       uint64_t value, memory_order order)
{
    ter_side_check_value(table, value);
    return ter_side_raw_and(table, address, value, (int)order);
}

TER_INLINE uint64_t ter_side_fetch_or(const struct ter_side_table *table, uintptr_t address,
                                      uint64_t value, memory_order order)
{
    ter_side_check_value(table, value);
    return ter_side_raw_or(table, address, value, (int)order);
}
