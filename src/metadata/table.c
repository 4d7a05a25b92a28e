/* SPDX-License-Identifier: MIT */
#include "metadata/metadata.h"

#include <string.h>

struct spec {
    const char *name;
    unsigned log_bits;
    unsigned log_region;
};

#define SPEC_ROW(identifier, name, log_bits, log_region) {name, log_bits, log_region},
static const struct spec specs[TER_SIDE_COUNT] = {TER_SIDE_SPECS(SPEC_ROW)};
#undef SPEC_ROW

static unsigned shift_of(const struct spec *spec)
{
    return spec->log_region + 3 - spec->log_bits;
}

/* Tables begin at chunks of their own, so that mapping one never maps part of its neighbour. */
static size_t table_bytes(const struct spec *spec, size_t data_bytes)
{
    return ter_bytes_to_chunks_up(data_bytes >> shift_of(spec)) << TER_LOG_BYTES_IN_CHUNK;
}

size_t ter_side_reserved_bytes(size_t data_bytes)
{
    size_t total = 0;

    for (unsigned id = 0; id < TER_SIDE_COUNT; id++)
        total += table_bytes(&specs[id], data_bytes);
    return total;
}

ter_status ter_side_init(struct ter_side_metadata *side, uintptr_t data_start, size_t data_bytes)
{
    ter_status status;
    uintptr_t start;

    TER_CHECK(ter_is_aligned(data_start | data_bytes, TER_BYTES_IN_CHUNK) && data_bytes > 0);
    status = ter_mmapper_init(&side->mmapper, 0, ter_side_reserved_bytes(data_bytes));
    if (status != TER_OK)
        return status;
    start = side->mmapper.start;
    for (unsigned id = 0; id < TER_SIDE_COUNT; id++) {
        struct ter_side_table *table = &side->tables[id];

        table->shift = shift_of(&specs[id]);
        table->bias = start - (data_start >> table->shift);
        start += table_bytes(&specs[id], data_bytes);
    }
    side->data_start = data_start;
    side->data_bytes = data_bytes;
    return TER_OK;
}

void ter_side_fini(struct ter_side_metadata *side)
{
    ter_mmapper_fini(&side->mmapper);
}

ter_status ter_side_map(struct ter_side_metadata *side, ter_side_set set, uintptr_t start,
                        size_t bytes)
{
    TER_CHECK(ter_is_aligned(start | bytes, TER_BYTES_IN_CHUNK));
    TER_CHECK(start - side->data_start < side->data_bytes);
    TER_CHECK(bytes <= side->data_bytes - (start - side->data_start));
    for (unsigned id = 0; id < TER_SIDE_COUNT; id++) {
        const struct ter_side_table *table = &side->tables[id];
        uintptr_t first, last;
        ter_status status;

        if ((set & (1u << id)) == 0)
            continue;
        first = ter_side_address(table, start);
        last = ter_side_address(table, start + bytes - 1);
        status = ter_mmapper_map(&side->mmapper, first, last - first + 1, specs[id].name);
        /* What is mapped already stays mapped: it is empty, and the next try needs it. */
        if (status != TER_OK)
            return status;
    }
    return TER_OK;
}

/* Whole pages go back to the system, which gives zeros when they are read again. */
static void clear_bytes(uintptr_t start, size_t bytes)
{
    uintptr_t first = ter_align_up(start, ter_os_page_size());
    uintptr_t end = ter_align_down(start + bytes, ter_os_page_size());

    if (first < end && ter_os_decommit(first, end - first) == TER_OK) {
        memset((void *)start, 0, first - start);
        memset((void *)end, 0, start + bytes - end);
    } else {
        memset((void *)start, 0, bytes);
    }
}

void ter_side_clear(struct ter_side_metadata *side, ter_side_set set, uintptr_t start, size_t bytes)
{
    TER_CHECK(ter_is_aligned(start | bytes, TER_BYTES_IN_CHUNK));
    for (unsigned id = 0; id < TER_SIDE_COUNT; id++) {
        const struct ter_side_table *table = &side->tables[id];

        if ((set & (1u << id)) != 0)
            clear_bytes(ter_side_address(table, start), bytes >> table->shift);
    }
}
