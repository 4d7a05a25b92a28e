/* SPDX-License-Identifier: MIT */
/*
 * Buffered formatted output to a file descriptor, without malloc.
 *
 * Invariant: after a failed write the rest is dropped and `failed` stays set.
 */
#pragma once

#include "base/base.h"

struct ter_writer {
    int file;
    bool failed;
    size_t used;
    char buffer[4096];
};

void ter_writer_init(struct ter_writer *writer, int file);
/* One piece of output; longer than half the buffer is cut. */
TER_PRINTF(2, 3) void ter_writer_print(struct ter_writer *writer, const char *format, ...);
/* A name of any length, made harmless (base/escape.h). */
void ter_writer_print_name(struct ter_writer *writer, const char *name, enum ter_escape_form form);
/* Like "12.5 KiB". */
void ter_format_bytes(uint64_t bytes, char *text, size_t size);
/* True when everything was written. */
bool ter_writer_finish(struct ter_writer *writer);
