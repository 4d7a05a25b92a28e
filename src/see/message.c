/* SPDX-License-Identifier: MIT */
#include "see/message.h"

#include <string.h>

enum wire_form { FORM_NUMBER = 0, FORM_BYTES = 2 };

/* Seven bits in each byte, the low ones first; the highest bit says that more follow. */
static size_t encode(unsigned char *at, uint64_t number)
{
    size_t length = 0;

    for (; number > 127; number >>= 7)
        at[length++] = (unsigned char)(number | 128);
    at[length++] = (unsigned char)number;
    return length;
}

static void add_bytes(struct ter_message *message, const void *bytes, size_t count)
{
    message->cut = message->cut || count > sizeof message->bytes - message->used;
    if (message->cut || count == 0)
        return;
    memcpy(message->bytes + message->used, bytes, count);
    message->used += count;
}

static void add_encoded(struct ter_message *message, uint64_t number)
{
    unsigned char text[TER_MESSAGE_NUMBER];

    add_bytes(message, text, encode(text, number));
}

void ter_message_number(struct ter_message *message, unsigned field, uint64_t number)
{
    if (number == 0)
        return;
    add_encoded(message, field << 3 | FORM_NUMBER);
    add_encoded(message, number);
}

size_t ter_message_head(unsigned char head[2 * TER_MESSAGE_NUMBER], unsigned field, size_t bytes)
{
    size_t length = encode(head, field << 3 | FORM_BYTES);

    return length + encode(head + length, bytes);
}

void ter_message_numbers(struct ter_message *message, unsigned field, const uint64_t *numbers,
                         size_t count)
{
    unsigned char text[TER_MESSAGE_NUMBER];
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += encode(text, numbers[i]);
    add_encoded(message, field << 3 | FORM_BYTES);
    add_encoded(message, bytes);
    for (size_t i = 0; i < count; i++)
        add_encoded(message, numbers[i]);
}

void ter_message_string(struct ter_message *message, unsigned field, const void *bytes,
                        size_t count)
{
    unsigned char head[2 * TER_MESSAGE_NUMBER];

    add_bytes(message, head, ter_message_head(head, field, count));
    add_bytes(message, bytes, count);
}
