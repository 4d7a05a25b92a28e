/* SPDX-License-Identifier: MIT */
/*
 * Invariant: the forms with vectors only decide which group of words to look at; the word itself is
 * found, and read, by the plain form.
 */
#include "base/base.h"

const uint64_t *ter_words_find_plain(const uint64_t *from, const uint64_t *end)
{
    while (from < end && __atomic_load_n(from, __ATOMIC_RELAXED) == 0)
        from++;
    return from;
}

const uint64_t *ter_words_find_back_plain(const uint64_t *from, const uint64_t *end)
{
    while (from < end && __atomic_load_n(end - 1, __ATOMIC_RELAXED) == 0)
        end--;
    return end;
}

/* ThreadSanitizer takes a vector's load for one that races. */
#if defined(__GNUC__) && !TER_HAS_TSAN

#define WORDS_IN_GROUP 16

/* Two words; more than that the compiler would split where the machine has no such registers. */
typedef uint64_t word_pair __attribute__((vector_size(16), aligned(8), may_alias));

TER_INLINE bool group_is_zero(const uint64_t *words)
{
    const word_pair *pairs = (const word_pair *)words;
    word_pair low = (pairs[0] | pairs[1]) | (pairs[2] | pairs[3]);
    word_pair high = (pairs[4] | pairs[5]) | (pairs[6] | pairs[7]);
    word_pair all = low | high;

    return (all[0] | all[1]) == 0;
}

const uint64_t *ter_words_find(const uint64_t *from, const uint64_t *end)
{
    while (end - from >= WORDS_IN_GROUP && group_is_zero(from))
        from += WORDS_IN_GROUP;
    return ter_words_find_plain(from, end);
}

const uint64_t *ter_words_find_back(const uint64_t *from, const uint64_t *end)
{
    while (end - from >= WORDS_IN_GROUP && group_is_zero(end - WORDS_IN_GROUP))
        end -= WORDS_IN_GROUP;
    return ter_words_find_back_plain(from, end);
}

#else

const uint64_t *ter_words_find(const uint64_t *from, const uint64_t *end)
{
    return ter_words_find_plain(from, end);
}

const uint64_t *ter_words_find_back(const uint64_t *from, const uint64_t *end)
{
    return ter_words_find_back_plain(from, end);
}

#endif

TER_NO_SANITIZE TER_NOINLINE void ter_words_read(const uintptr_t *from, uintptr_t *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = *(const volatile uintptr_t *)&from[i];
}
