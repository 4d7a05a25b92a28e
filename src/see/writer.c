/* SPDX-License-Identifier: MIT */
#include "see/writer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void ter_writer_init(struct ter_writer *writer, int file)
{
    writer->file = file;
    writer->failed = false;
    writer->used = 0;
}

static void flush(struct ter_writer *writer)
{
    size_t done = 0;

    while (done < writer->used && !writer->failed) {
        ssize_t count = write(writer->file, writer->buffer + done, writer->used - done);

        if (count >= 0)
            done += (size_t)count;
        else if (errno != EINTR)
            writer->failed = true;
    }
    writer->used = 0;
}

void ter_writer_print(struct ter_writer *writer, const char *format, ...)
{
    size_t room = sizeof writer->buffer / 2;
    va_list arguments;
    int length;

    if (sizeof writer->buffer - writer->used < room)
        flush(writer);
    va_start(arguments, format);
    length = vsnprintf(writer->buffer + writer->used, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        writer->used += ter_min((size_t)length, room - 1);
}

void ter_writer_print_name(struct ter_writer *writer, const char *name, enum ter_escape_form form)
{
    char piece[TER_ESCAPE_BYTES];

    while (ter_escape_next(&name, form, piece) > 0)
        ter_writer_print(writer, "%s", piece);
}

void ter_format_bytes(uint64_t bytes, char *text, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1024 && unit + 1 < TER_ARRAY_LENGTH(units)) {
        value /= 1024;
        unit++;
    }
    snprintf(text, size, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

bool ter_writer_finish(struct ter_writer *writer)
{
    flush(writer);
    return !writer->failed;
}
