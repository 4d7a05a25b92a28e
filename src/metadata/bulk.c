/* SPDX-License-Identifier: MIT */
#include "metadata/metadata.h"
#include "metadata/words.h"

#include <string.h>

/* A range of values as words: at most one in part at each end, whole ones between. */
struct word_range {
    ter_side_word *first, *end; /* whole words */
    ter_side_word *head, *tail; /* words in part, or NULL */
    uint64_t head_mask, tail_mask;
};

TER_INLINE struct word_range words_of_range(const struct ter_side_table *table, uintptr_t start,
                                            uintptr_t end)
{
    unsigned head = ter_side_bit_in_word(table, start);
    unsigned tail = ter_side_bit_in_word(table, end);
    struct word_range range = {.first = ter_side_word_of(table, start),
                               .end = ter_side_word_of(table, end)};

    if (head != 0) {
        range.head = range.first++;
        range.head_mask = ter_side_bits_from(head);
    }
    if (tail != 0) {
        uint64_t mask = ter_side_bits_from(tail);

        if (range.head == range.end) {
            range.head_mask &= ~mask;
        } else {
            range.tail = range.end;
            range.tail_mask = ter_side_ordered(table, ~mask);
        }
    }
    range.head_mask = ter_side_ordered(table, range.head_mask);
    return range;
}

/* Bits of `mask` become those of `bits`; the others stay as others leave them. */
static void replace_bits(ter_side_word *word, uint64_t mask, uint64_t bits)
{
    uint64_t old;

    if ((bits & mask) == 0) {
        __atomic_fetch_and(word, ~mask, __ATOMIC_RELAXED);
        return;
    }
    if ((bits & mask) == mask) {
        __atomic_fetch_or(word, mask, __ATOMIC_RELAXED);
        return;
    }
    old = __atomic_load_n(word, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(word, &old, (old & ~mask) | (bits & mask), true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

/* Words of a pattern that are stored one by one; from then on they are copied. */
#define WORDS_OF_PATTERN 64u
/* Most that is copied at a time: what is read stays in the fastest cache. */
#define WORDS_OF_COPY 1024u

static TER_NOINLINE void fill_pattern(ter_side_word *first, ter_side_word *end, uint64_t pattern)
{
    size_t count = (size_t)(end - first), done = ter_min(count, WORDS_OF_PATTERN);

    for (size_t i = 0; i < done; i++)
        first[i] = pattern;
    while (done < count) {
        size_t more = ter_min(ter_min(done, WORDS_OF_COPY), count - done);

        memcpy(first + done, first, more * sizeof *first);
        done += more;
    }
}

TER_INLINE void fill_words(ter_side_word *first, ter_side_word *end, uint64_t pattern)
{
    if (first >= end)
        return;
    if (pattern == (pattern & 0xff) * (UINT64_MAX / 0xff))
        memset(first, (int)(pattern & 0xff), (size_t)(end - first) * sizeof *first);
    else
        fill_pattern(first, end, pattern);
}

static void check_bulk(const struct ter_side_table *table, uintptr_t start, uintptr_t end)
{
    TER_CHECK(table->log_bits <= TER_SIDE_LOG_VALUE_BITS);
    TER_CHECK(ter_is_aligned(start | end, (uintptr_t)1 << table->log_region));
}

void ter_side_fill_range(const struct ter_side_table *table, uintptr_t start, uintptr_t end,
                         uint64_t value)
{
    uint64_t pattern = value * ter_side_lowest_bits(table);
    struct word_range range;

    check_bulk(table, start, end);
    ter_side_check_value(table, value);
    if (start >= end)
        return;
    range = words_of_range(table, start, end);
    if (range.head != NULL)
        replace_bits(range.head, range.head_mask, pattern);
    fill_words(range.first, range.end, pattern);
    if (range.tail != NULL)
        replace_bits(range.tail, range.tail_mask, pattern);
}
