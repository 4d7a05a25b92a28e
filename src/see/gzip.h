/* SPDX-License-Identifier: MIT */
/*
 * A gzip file (RFC 1952) in which all is stored as it is (RFC 1951, 3.2.4): for forms that want to
 * be compressed and are small. No malloc.
 *
 * Invariant: what was put in so far and the end make a whole file.
 */
#pragma once

#include "see/stream.h"

/* A stored piece has less than 64 KiB. */
#define TER_GZIP_PIECE TER_KIB(32)

struct ter_gzip {
    struct ter_stream *stream;
    uint32_t check; /* CRC-32 of all, inverted */
    uint32_t bytes; /* modulo 2^32 */
    size_t used;
    unsigned char piece[TER_GZIP_PIECE];
};

void ter_gzip_begin(struct ter_gzip *gzip, struct ter_stream *stream);
void ter_gzip_put(struct ter_gzip *gzip, const void *bytes, size_t count);
/* What is left, the end of the file; the stream is flushed. */
void ter_gzip_end(struct ter_gzip *gzip);
