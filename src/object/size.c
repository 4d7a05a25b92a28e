/* SPDX-License-Identifier: MIT */
#include "object/object.h"

static uint64_t number_at(uintptr_t address, unsigned width)
{
    switch (width) {
    case 1: return *(const uint8_t *)address;
    case 2: return *(const uint16_t *)address;
    case 4: return *(const uint32_t *)address;
    default: return *(const uint64_t *)address;
    }
}

/* SIZE_MAX when it is no number of bytes. */
static size_t size_from_header(const struct ter_object_size *size, uintptr_t object)
{
    uint64_t count = number_at(object + size->offset, size->width);
    size_t bytes;

    if (count > SIZE_MAX || __builtin_mul_overflow((size_t)count, size->multiplier, &bytes) ||
        __builtin_add_overflow(bytes, size->bytes, &bytes))
        return SIZE_MAX;
    return bytes;
}

size_t ter_kind_size(const struct ter_kind *kind, uintptr_t object, size_t given)
{
    const struct ter_kind_details *details = kind->details;

    if (details == NULL)
        return given;
    switch (details->size.form) {
    case TER_SIZE_FIXED: return details->size.bytes;
    case TER_SIZE_FROM_HEADER: return size_from_header(&details->size, object);
    case TER_SIZE_BY_FUNCTION:
        return details->size.function(details->context, (const void *)object);
    default: return given;
    }
}
