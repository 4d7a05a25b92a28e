/* SPDX-License-Identifier: MIT */
/*
 * Much output to a file, put together in place (put.h), without malloc.
 *
 * Invariant: after a failed write the rest is dropped and `error` stays set. No byte is written
 * beyond the limit on files, since that would be a signal that kills.
 */
#pragma once

#include <stdbool.h>

#include "os/os.h"
#include "see/put.h"

#define TER_STREAM_BYTES TER_KIB(64)
/* Most that may be asked for at once. */
#define TER_STREAM_PIECE TER_KIB(4)

struct ter_stream {
    int file;
    bool is_plain; /* a file, on which there is a limit */
    int error;     /* errno of the write that failed; 0: none did */
    uint64_t written;
    size_t used;
    char buffer[TER_STREAM_BYTES];
};

void ter_stream_init(struct ter_stream *stream, int file);
TER_COLD void ter_stream_flush(struct ter_stream *stream);

/* Where the next piece of at most TER_STREAM_PIECE bytes may be put. */
TER_INLINE char *ter_stream_begin(struct ter_stream *stream)
{
    if (TER_UNLIKELY(sizeof stream->buffer - stream->used < TER_STREAM_PIECE))
        ter_stream_flush(stream);
    return stream->buffer + stream->used;
}

/* It ends here. */
TER_INLINE void ter_stream_end(struct ter_stream *stream, const char *at)
{
    stream->used = (size_t)(at - stream->buffer);
}

/* A text of any length. */
void ter_stream_text(struct ter_stream *stream, const char *text);
