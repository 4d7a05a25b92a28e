/* SPDX-License-Identifier: MIT */
#include "see/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void ter_stream_init(struct ter_stream *stream, int file)
{
    struct stat status;
    bool is_plain = fstat(file, &status) == 0 && S_ISREG(status.st_mode);

    stream->file = file;
    stream->is_plain = is_plain;
    stream->error = 0;
    stream->used = 0;
    stream->written = 0;
    if (is_plain && status.st_size > 0) /* it may be written to at its end */
        stream->written = (uint64_t)status.st_size;
}

void ter_stream_flush(struct ter_stream *stream)
{
    size_t done = 0;

    if (stream->is_plain && !ter_os_may_grow_file(stream->written + stream->used))
        stream->error = EFBIG;
    while (done < stream->used && stream->error == 0) {
        ssize_t count = write(stream->file, stream->buffer + done, stream->used - done);

        if (count >= 0)
            done += (size_t)count;
        else if (errno != EINTR)
            stream->error = errno;
    }
    stream->written += done;
    stream->used = 0;
}

void ter_stream_text(struct ter_stream *stream, const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        size_t piece = ter_min(length, TER_STREAM_PIECE);

        ter_stream_end(stream, ter_put_bytes(ter_stream_begin(stream), text, piece));
        text += piece;
        length -= piece;
    }
}
