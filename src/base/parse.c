/* SPDX-License-Identifier: MIT */
#include "base/base.h"

static unsigned suffix_shift(char letter)
{
    switch (letter) {
    case 'k':
    case 'K': return 10;
    case 'm':
    case 'M': return 20;
    case 'g':
    case 'G': return 30;
    case 't':
    case 'T': return 40;
    default: return 0;
    }
}

bool ter_parse_size(const char *text, size_t length, uint64_t *value)
{
    uint64_t number = 0;
    unsigned shift = 0;

    if (length > 0 && (shift = suffix_shift(text[length - 1])) != 0)
        length--;
    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(text[i] - '0');

        if (digit > 9 || number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (number > UINT64_MAX >> shift)
        return false;
    *value = number << shift;
    return true;
}
