/* SPDX-License-Identifier: MIT */
#include "see/gzip.h"

static void put_raw(struct ter_gzip *gzip, const void *bytes, size_t count)
{
    const char *at = bytes;

    while (count > 0) {
        size_t piece = ter_min(count, TER_STREAM_PIECE);

        ter_stream_end(gzip->stream, ter_put_bytes(ter_stream_begin(gzip->stream), at, piece));
        at += piece;
        count -= piece;
    }
}

/* Numbers have their low bytes first. */
static void put_number(struct ter_gzip *gzip, uint32_t number, size_t bytes)
{
    unsigned char raw[4];

    for (size_t i = 0; i < bytes; i++)
        raw[i] = (unsigned char)(number >> 8 * i);
    put_raw(gzip, raw, bytes);
}

void ter_gzip_begin(struct ter_gzip *gzip, struct ter_stream *stream)
{
    /* Deflate, no flags, no time, nothing of how, from an unknown system. */
    static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};

    gzip->stream = stream;
    gzip->check = UINT32_MAX;
    gzip->bytes = 0;
    gzip->used = 0;
    put_raw(gzip, head, sizeof head);
}

static void put_piece(struct ter_gzip *gzip, bool last)
{
    put_number(gzip, last, 1);
    put_number(gzip, (uint32_t)gzip->used, 2);
    put_number(gzip, ~(uint32_t)gzip->used, 2);
    put_raw(gzip, gzip->piece, gzip->used);
    gzip->used = 0;
}

/* Bit by bit, with the polynomial of ISO 3309 turned round: a profile is small. */
static uint32_t check_byte(uint32_t check, unsigned char byte)
{
    check ^= byte;
    for (unsigned bit = 0; bit < 8; bit++)
        check = check >> 1 ^ (UINT32_C(0xedb88320) & (0 - (check & 1)));
    return check;
}

void ter_gzip_put(struct ter_gzip *gzip, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;

    gzip->bytes += (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        if (gzip->used == TER_GZIP_PIECE)
            put_piece(gzip, false);
        gzip->piece[gzip->used++] = at[i];
        gzip->check = check_byte(gzip->check, at[i]);
    }
}

void ter_gzip_end(struct ter_gzip *gzip)
{
    put_piece(gzip, true);
    put_number(gzip, ~gzip->check, 4);
    put_number(gzip, gzip->bytes, 4);
    ter_stream_flush(gzip->stream);
}
