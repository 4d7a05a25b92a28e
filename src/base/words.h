/* SPDX-License-Identifier: MIT */
/*
 * Looking through words of 64 bits for one that is not zero, and reading words of any origin.
 *
 * Others may write the words meanwhile: a word that is found was not zero at some moment, so the
 * caller loads it again. Pure otherwise; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* The first word of [from, end) that is not zero, or `end`. */
const uint64_t *ter_words_find(const uint64_t *from, const uint64_t *end);
/* One past the last word of [from, end) that is not zero, or `from`. */
const uint64_t *ter_words_find_back(const uint64_t *from, const uint64_t *end);

/* The same, word by word: what the others are tested against and fall back to. */
const uint64_t *ter_words_find_plain(const uint64_t *from, const uint64_t *end);
const uint64_t *ter_words_find_back_plain(const uint64_t *from, const uint64_t *end);

/* Copies `count` words from memory of any origin, such as other functions' frames. */
void ter_words_read(const uintptr_t *from, uintptr_t *to, size_t count);
