/* SPDX-License-Identifier: MIT */
#include "metadata/metadata.h"
#include "metadata/words.h"

static uintptr_t region_bytes(const struct ter_side_table *table)
{
    return (uintptr_t)1 << table->log_region;
}

TER_INLINE uint64_t value_flags(const struct ter_side_table *table, const uint64_t *word)
{
    return ter_side_flags_of(table, __atomic_load_n((const ter_side_word *)word, __ATOMIC_RELAXED));
}

TER_INLINE uintptr_t region_of_flag(const struct ter_side_table *table, const uint64_t *word,
                                    unsigned bit)
{
    return ter_side_data_of(table, word) +
           ((uintptr_t)(bit >> table->log_bits) << table->log_region);
}

/* ---- Parts of a range that are mapped ---- */

bool ter_side_is_mapped(const struct ter_side_table *table, uintptr_t address)
{
    const struct ter_side_metadata *side = table->side;

    if (side == NULL)
        return true;
    return address - side->data_start < side->data_bytes &&
           ter_mmapper_state(&side->mmapper, ter_side_unit(table, address)) == TER_CHUNK_MAPPED;
}

/* Cuts [*from, *end) to the table's data and *from to regions that begin in it. False: empty. */
static bool clip(const struct ter_side_table *table, uintptr_t *from, uintptr_t *end)
{
    const struct ter_side_metadata *side = table->side;
    uintptr_t start = *from;

    TER_CHECK(table->log_bits <= TER_SIDE_LOG_VALUE_BITS);
    if (side != NULL) {
        start = ter_max(start, side->data_start);
        *end = ter_min(*end, side->data_start + side->data_bytes);
    }
    *from = ter_align_up(start, region_bytes(table));
    return *from >= start && *from < *end;
}

/* First data address whose value begins in the same byte of the table, or is that of `address`. */
static uintptr_t byte_start(const struct ter_side_table *table, uintptr_t address)
{
    return ter_align_down(address, (uintptr_t)1 << table->shift);
}

/* End of the part of [from, end) whose values lie in one grain of the reservation. */
static uintptr_t grain_end(const struct ter_side_table *table, uintptr_t from, uintptr_t end)
{
    uintptr_t start = byte_start(table, from);
    size_t grain, bytes;

    if (table->side == NULL)
        return end;
    grain = (size_t)1 << table->side->mmapper.log_grain;
    bytes = grain - (ter_side_address(table, from) & (grain - 1));
    if (bytes > (end - start) >> table->shift)
        return end;
    return start + ((uintptr_t)bytes << table->shift);
}

/* Start of the part of [lowest, from] whose values lie in one grain. */
static uintptr_t grain_start(const struct ter_side_table *table, uintptr_t from, uintptr_t lowest)
{
    uintptr_t start = byte_start(table, from);
    size_t bytes;

    if (table->side == NULL || start <= lowest)
        return lowest;
    bytes = ter_side_address(table, from) & (((size_t)1 << table->side->mmapper.log_grain) - 1);
    if (bytes > (start - lowest) >> table->shift)
        return lowest;
    return start - ((uintptr_t)bytes << table->shift);
}

/* ---- Upward ---- */

/* `from` is a region's first byte; all of [from, end) is mapped and not empty. */
static bool next_in_mapped(const struct ter_side_table *table, uintptr_t from, uintptr_t end,
                           uintptr_t *found)
{
    const uint64_t *word = ter_side_word_of(table, from);
    const uint64_t *last = ter_side_word_of(table, end - 1);
    uint64_t wanted = ter_side_bits_from(ter_side_bit_in_word(table, from));

    for (;;) {
        uint64_t flags = value_flags(table, word) & wanted;

        if (word == last)
            flags &= ter_side_bits_to(table, ter_side_bit_in_word(table, end - 1));
        if (flags != 0) {
            *found = region_of_flag(table, word, ter_count_trailing_zeros(flags));
            return true;
        }
        if (word == last)
            return false;
        word = ter_words_find(word + 1, last);
        wanted = UINT64_MAX;
    }
}

bool ter_side_find_next_non_zero(const struct ter_side_table *table, uintptr_t from, uintptr_t end,
                                 uintptr_t *found)
{
    if (!clip(table, &from, &end))
        return false;
    while (from < end) {
        uintptr_t next = grain_end(table, from, end);

        if (ter_side_is_mapped(table, from) && next_in_mapped(table, from, next, found))
            return true;
        from = next;
    }
    return false;
}

/* ---- Downward ---- */

/* Both are first bytes of regions; all of [lowest, from] is mapped. */
static bool previous_in_mapped(const struct ter_side_table *table, uintptr_t from, uintptr_t lowest,
                               uintptr_t *found)
{
    const uint64_t *word = ter_side_word_of(table, from);
    const uint64_t *first = ter_side_word_of(table, lowest);
    uint64_t wanted = ter_side_bits_to(table, ter_side_bit_in_word(table, from));

    for (;;) {
        uint64_t flags = value_flags(table, word) & wanted;

        if (word == first)
            flags &= ter_side_bits_from(ter_side_bit_in_word(table, lowest));
        if (flags != 0) {
            *found = region_of_flag(table, word, ter_log2(flags));
            return true;
        }
        if (word == first)
            return false;
        word = ter_words_find_back(first + 1, word) - 1;
        wanted = UINT64_MAX;
    }
}

bool ter_side_find_previous_non_zero(const struct ter_side_table *table, uintptr_t from,
                                     uintptr_t lowest, uintptr_t *found)
{
    uintptr_t end = from == UINTPTR_MAX ? from : from + 1;

    if (!clip(table, &lowest, &end))
        return false;
    from = ter_align_down(end - 1, region_bytes(table));
    for (;;) {
        uintptr_t start = grain_start(table, from, lowest);

        if (ter_side_is_mapped(table, from) && previous_in_mapped(table, from, start, found))
            return true;
        if (start <= lowest)
            return false;
        from = ter_align_down(start - 1, region_bytes(table));
    }
}

/* ---- All ---- */

TER_INLINE bool visit_flags(const struct ter_side_table *table, const uint64_t *word,
                            uint64_t wanted, ter_side_visitor *visit, void *context)
{
    uint64_t flags = value_flags(table, word) & wanted;

    while (flags != 0) {
        if (!visit(context, region_of_flag(table, word, ter_count_trailing_zeros(flags))))
            return false;
        flags &= flags - 1;
    }
    return true;
}

static bool visit_mapped(const struct ter_side_table *shared, uintptr_t from, uintptr_t end,
                         ter_side_visitor *visit, void *context)
{
    /* A copy that the visitor cannot change, so that its figures stay in registers. */
    const struct ter_side_table copy = *shared, *table = &copy;
    const uint64_t *word = ter_side_word_of(table, from);
    const uint64_t *last = ter_side_word_of(table, end - 1);
    uint64_t wanted = ter_side_bits_from(ter_side_bit_in_word(table, from));

    while (word != last) {
        if (!visit_flags(table, word, wanted, visit, context))
            return false;
        /* Where values are dense the next word has some. */
        if (*++word == 0)
            word = ter_words_find(word, last);
        wanted = UINT64_MAX;
    }
    wanted &= ter_side_bits_to(table, ter_side_bit_in_word(table, end - 1));
    return visit_flags(table, word, wanted, visit, context);
}

bool ter_side_for_each_non_zero(const struct ter_side_table *table, uintptr_t start, uintptr_t end,
                                ter_side_visitor *visit, void *context)
{
    if (!clip(table, &start, &end))
        return true;
    while (start < end) {
        uintptr_t next = grain_end(table, start, end);

        if (ter_side_is_mapped(table, start) && !visit_mapped(table, start, next, visit, context))
            return false;
        start = next;
    }
    return true;
}
