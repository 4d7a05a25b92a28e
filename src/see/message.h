/* SPDX-License-Identifier: MIT */
/*
 * Messages in the wire format of protocol buffers, put together in place:
 * https://protobuf.dev/programming-guides/encoding
 *
 * Invariant: what does not fit makes the message `cut`, and nothing more is added. Pure; any
 * thread.
 */
#pragma once

#include <stdbool.h>

#include "base/base.h"

#define TER_MESSAGE_BYTES ((size_t)4096)
/* A number of 64 bits takes so many bytes at most. */
#define TER_MESSAGE_NUMBER ((size_t)10)

struct ter_message {
    size_t used;
    bool cut;
    unsigned char bytes[TER_MESSAGE_BYTES];
};

TER_INLINE void ter_message_begin(struct ter_message *message)
{
    message->used = 0;
    message->cut = false;
}

/* A field that is a number; 0 is what a field is that is not there. */
void ter_message_number(struct ter_message *message, unsigned field, uint64_t number);
/* One that is many numbers. */
void ter_message_numbers(struct ter_message *message, unsigned field, const uint64_t *numbers,
                         size_t count);
/* A string, or a message. */
void ter_message_string(struct ter_message *message, unsigned field, const void *bytes,
                        size_t count);

/* What comes before a field of so many bytes; how long that is. */
size_t ter_message_head(unsigned char head[2 * TER_MESSAGE_NUMBER], unsigned field, size_t bytes);
