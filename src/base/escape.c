/* SPDX-License-Identifier: MIT */
#include "base/escape.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* One character or one wrong sequence of bytes: the longest start of a character, at least a byte.
 */
struct taken {
    size_t bytes;
    bool valid;
    unsigned code; /* of a valid one */
};

/* What a first byte of more than one says: RFC 3629, without surrogates and forms that are too
 * long. */
static const struct form {
    unsigned char first_low, first_high, second_low, second_high;
    unsigned char bytes;
} forms[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static const struct form *find_form(unsigned char first)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (first >= forms[i].first_low && first <= forms[i].first_high)
            return &forms[i];
    return NULL;
}

/* Stops at a byte that cannot follow, which the closing zero is one of. */
static struct taken take(const unsigned char *at)
{
    const struct form *form = find_form(at[0]);
    struct taken taken = {1, at[0] < 0x80, at[0]};

    if (form == NULL)
        return taken;
    taken.code = at[0] & (0xffu >> (form->bytes + 1));
    while (taken.bytes < form->bytes) {
        unsigned char low = taken.bytes == 1 ? form->second_low : 0x80;
        unsigned char high = taken.bytes == 1 ? form->second_high : 0xbf;

        if (at[taken.bytes] < low || at[taken.bytes] > high)
            return taken;
        taken.code = taken.code << 6 | (at[taken.bytes] & 0x3fu);
        taken.bytes++;
    }
    taken.valid = true;
    return taken;
}

/* Ends or turns lines, moves a cursor, or is not seen and changes what is. */
static bool is_unsafe(unsigned code)
{
    static const unsigned ranges[][2] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200e, 0x200f},
        {0x2028, 0x202e}, {0x2066, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (code >= ranges[i][0] && code <= ranges[i][1])
            return true;
    return false;
}

/* Each byte, so that the bytes can be told from what is shown. */
static size_t write_bytes(const char *bytes, size_t count, char piece[TER_ESCAPE_BYTES])
{
    size_t length = 0;

    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(piece + length, TER_ESCAPE_BYTES - length, "\\x%02x",
                                   (unsigned char)bytes[i]);
    return length;
}

size_t ter_escape_next(const char **text, enum ter_escape_form form, char piece[TER_ESCAPE_BYTES])
{
    const char *at = *text;
    struct taken taken;

    if (*at == '\0')
        return 0;
    taken = take((const unsigned char *)at);
    *text = at + taken.bytes;
    if (form == TER_ESCAPE_TEXT && (!taken.valid || (is_unsafe(taken.code) && taken.code < 0x80)))
        return write_bytes(at, taken.bytes, piece);
    if (!taken.valid || is_unsafe(taken.code))
        return (size_t)snprintf(piece, TER_ESCAPE_BYTES, "\\u%04x",
                                taken.valid ? taken.code : 0xfffdu);
    if (*at == '\\' || (form == TER_ESCAPE_JSON && *at == '"'))
        return (size_t)snprintf(piece, TER_ESCAPE_BYTES, "\\%c", *at);
    memcpy(piece, at, taken.bytes);
    piece[taken.bytes] = '\0';
    return taken.bytes;
}
