/* SPDX-License-Identifier: MIT */
#include "see/put.h"

char *ter_put_number(char *at, uint64_t number)
{
    char digits[TER_PUT_NUMBER_BYTES];
    size_t first = sizeof digits;

    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    return ter_put_bytes(at, digits + first, sizeof digits - first);
}

char *ter_put_microseconds(char *at, uint64_t nanoseconds)
{
    unsigned rest = (unsigned)(nanoseconds % 1000);

    at = ter_put_number(at, nanoseconds / 1000);
    *at++ = '.';
    *at++ = (char)('0' + rest / 100);
    *at++ = (char)('0' + rest / 10 % 10);
    *at++ = (char)('0' + rest % 10);
    return at;
}

char *ter_put_name(char *at, const char *name, size_t room)
{
    const char *end = at + room - 1;
    char piece[TER_ESCAPE_BYTES];
    size_t length;

    *at++ = '"';
    while ((length = ter_escape_next(&name, TER_ESCAPE_JSON, piece)) > 0 &&
           length <= (size_t)(end - at))
        at = ter_put_bytes(at, piece, length);
    *at++ = '"';
    return at;
}
