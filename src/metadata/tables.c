/* SPDX-License-Identifier: MIT */
#include "metadata/metadata.h"

#include <string.h>

#define SPEC_ROW(identifier, name, log_bits, log_region)                                           \
    {name, log_bits, log_region, (TER_SIDE_GLOBAL_SET & TER_SIDE_SET(identifier)) != 0},
const struct ter_side_spec ter_side_specs[TER_SIDE_COUNT] = {TER_SIDE_SPECS(SPEC_ROW)};
#undef SPEC_ROW

/* A table begins at a multiple of this, counted from address 0: words and vectors stay aligned. */
#define TABLE_ALIGNMENT ((uintptr_t)64)

/* The smallest piece that is mapped at a time, 64 KiB, and the largest, a chunk. */
#define SMALLEST_LOG_GRAIN 16u
/* A table loses less than this part of the data to rounding. */
#define LOG_GRAINS_IN_DATA 12u

static unsigned least_log_grain(void)
{
    return (unsigned)ter_max(SMALLEST_LOG_GRAIN, ter_log2(ter_os_page_size()));
}

/*
 * Where the data is small, so are the pieces, so that the address space asked for stays in
 * proportion; where it is large, a chunk saves calls to the system. Without a reservation what is
 * asked for is what is mapped, and pieces are small.
 */

static unsigned log_grain_for(size_t data_bytes)
{
    unsigned log_data = ter_log2(data_bytes);
    unsigned log_least = least_log_grain();

    if (log_data < log_least + LOG_GRAINS_IN_DATA)
        return log_least;
    return (unsigned)ter_min(log_data - LOG_GRAINS_IN_DATA, TER_LOG_BYTES_IN_CHUNK);
}

static void shape_table(struct ter_side_table *table, const struct ter_side_spec *spec)
{
    memset(table, 0, sizeof *table);
    table->log_bits = spec->log_bits;
    table->log_region = spec->log_region;
    table->shift = spec->log_region + 3 - spec->log_bits;
}

/* Puts the table's first byte for `data_start` at or just above `start`; returns its end. */
static uintptr_t place_table(struct ter_side_table *table, uintptr_t start, uintptr_t data_start,
                             size_t data_bytes, size_t grain)
{
    struct ter_side_extent extent;

    table->bias = 0;
    extent = ter_side_extent_of(table, data_start, data_start + data_bytes);
    extent.first = ter_align_down(extent.first, TABLE_ALIGNMENT);
    table->bias = start - extent.first;
    return start + ter_align_up(extent.last - extent.first + 1, grain);
}

/* Lays the tables out from `start`; returns the end. */
static uintptr_t place_tables(struct ter_side_metadata *side, uintptr_t start)
{
    size_t grain = (size_t)1 << side->log_grain;

    for (unsigned id = 0; id < side->count; id++) {
        shape_table(&side->tables[id], &side->specs[id]);
        side->tables[id].side = side;
        start = place_table(&side->tables[id], start, side->data_start, side->data_bytes, grain);
    }
    return start;
}

static size_t tables_bytes(size_t data_bytes, unsigned log_grain)
{
    size_t grain = (size_t)1 << log_grain;
    uintptr_t end = 0;

    for (unsigned id = 0; id < TER_SIDE_COUNT; id++) {
        struct ter_side_table table;

        shape_table(&table, &ter_side_specs[id]);
        end = place_table(&table, end, 0, data_bytes, grain);
    }
    return end;
}

size_t ter_side_reserved_bytes(size_t data_bytes)
{
    return tables_bytes(data_bytes, log_grain_for(data_bytes));
}

size_t ter_side_by_need_bytes(size_t data_bytes)
{
    return tables_bytes(data_bytes, least_log_grain());
}

ter_status ter_side_init(struct ter_side_metadata *side, uintptr_t data_start, size_t data_bytes)
{
    return ter_side_init_specs(side, ter_side_specs, TER_SIDE_COUNT, data_start, data_bytes);
}

static ter_status refuse(const struct ter_side_fault *fault)
{
    ter_log(TER_LOG_WARNING, "side metadata: %s; broken by %s", fault->rule,
            fault->spec != NULL ? fault->spec : "the range");
    return TER_ERROR_INVALID;
}

/* Everything but the place of the tables, which follows from the grain. */
static void describe(struct ter_side_metadata *side, const struct ter_side_spec *specs,
                     unsigned count, uintptr_t data_start, size_t data_bytes)
{
    memset(side, 0, sizeof *side);
    side->data_start = data_start;
    side->data_bytes = data_bytes;
    side->specs = specs;
    side->count = count;
    side->log_grain = log_grain_for(data_bytes);
    for (unsigned id = 0; id < count; id++)
        if (specs[id].global)
            side->global |= (ter_side_set)1 << id;
}

static ter_status place_and_verify(struct ter_side_metadata *side)
{
    struct ter_side_fault fault;

    place_tables(side, side->mmapper.start);
    if (ter_side_verify_tables(side, &fault))
        return TER_OK;
    ter_side_fini(side);
    return refuse(&fault);
}

ter_status ter_side_init_specs(struct ter_side_metadata *side, const struct ter_side_spec *specs,
                               unsigned count, uintptr_t data_start, size_t data_bytes)
{
    struct ter_side_fault fault;
    ter_status status;

    if (!ter_side_verify_specs(specs, count, data_start, data_bytes, &fault))
        return refuse(&fault);
    describe(side, specs, count, data_start, data_bytes);
    status = ter_mmapper_init_grain(&side->mmapper, 0, place_tables(side, 0), side->log_grain);
    return status == TER_OK ? place_and_verify(side) : status;
}

ter_status ter_side_init_by_need(struct ter_side_metadata *side, uintptr_t data_start,
                                 size_t data_bytes, uintptr_t tables_start)
{
    struct ter_side_fault fault;
    ter_status status;

    if (!ter_side_verify_specs(ter_side_specs, TER_SIDE_COUNT, data_start, data_bytes, &fault))
        return refuse(&fault);
    describe(side, ter_side_specs, TER_SIDE_COUNT, data_start, data_bytes);
    side->log_grain = least_log_grain();
    status = ter_mmapper_init_by_need(&side->mmapper, tables_start, place_tables(side, 0),
                                      side->log_grain);
    return status == TER_OK ? place_and_verify(side) : status;
}

void ter_side_fini(struct ter_side_metadata *side)
{
    ter_mmapper_fini(&side->mmapper);
}

void ter_side_table_over(struct ter_side_table *table, const struct ter_side_spec *spec,
                         void *memory, uintptr_t data_start)
{
    shape_table(table, spec);
    table->bias = (uintptr_t)memory - ter_side_extent_of(table, data_start, data_start + 1).first;
    TER_CHECK(ter_is_aligned(table->bias, sizeof(uint64_t)));
}

static void check_range(const struct ter_side_metadata *side, ter_side_set set, uintptr_t start,
                        size_t bytes)
{
    TER_CHECK(ter_is_aligned(start | bytes, TER_BYTES_IN_CHUNK) && bytes > 0);
    TER_CHECK(start - side->data_start < side->data_bytes);
    TER_CHECK(bytes <= side->data_bytes - (start - side->data_start));
    TER_CHECK(side->count == TER_SIDE_MOST || set >> side->count == 0);
}

ter_status ter_side_map(struct ter_side_metadata *side, ter_side_set set, uintptr_t start,
                        size_t bytes)
{
    check_range(side, set, start, bytes);
    set |= side->global;
    for (unsigned id = 0; id < side->count; id++) {
        struct ter_side_extent extent;
        ter_status status;

        if ((set >> id & 1) == 0)
            continue;
        extent = ter_side_extent_of(&side->tables[id], start, start + bytes);
        status = ter_mmapper_map(&side->mmapper, extent.first, extent.last - extent.first + 1,
                                 side->specs[id].name);
        /* What is mapped already stays mapped: it is empty, and the next try needs it. */
        if (status != TER_OK)
            return status;
    }
    return TER_OK;
}

static void zero_values(const struct ter_side_table *table, uintptr_t start, uintptr_t end)
{
    if (table->log_bits <= TER_SIDE_LOG_VALUE_BITS)
        ter_side_zero_range(table, start, end);
    else if (start < end)
        memset((void *)ter_side_unit(table, start), 0,
               ter_side_unit(table, end) - ter_side_unit(table, start));
}

/* Zeroes the values of whole regions; pages that hold nothing else go back to the system. */
static void clear_values(const struct ter_side_table *table, uintptr_t start, uintptr_t end)
{
    uintptr_t in_byte = ((uintptr_t)1 << table->shift) - 1;
    size_t page = ter_os_page_size();
    uintptr_t first, last;

    /* Bytes of the table, then pages, that hold values of the range only. */
    first = table->bias + (start >> table->shift) + ((start & in_byte) != 0);
    last = table->bias + (end >> table->shift);
    first = ter_align_up(first, page);
    last = ter_align_down(last, page);
    if (first >= last) {
        zero_values(table, start, end);
        return;
    }
    if (ter_os_decommit(first, last - first) != TER_OK)
        memset((void *)first, 0, last - first);
    zero_values(table, start, (first - table->bias) << table->shift);
    zero_values(table, (last - table->bias) << table->shift, end);
}

void ter_side_clear(struct ter_side_metadata *side, ter_side_set set, uintptr_t start, size_t bytes)
{
    check_range(side, set, start, bytes);
    set |= side->global;
    for (unsigned id = 0; id < side->count; id++) {
        const struct ter_side_table *table = &side->tables[id];
        uintptr_t region = (uintptr_t)1 << table->log_region;
        uintptr_t first = ter_align_up(start, region);
        uintptr_t end = ter_align_down(start + bytes, region);

        if ((set >> id & 1) != 0 && first >= start && first < end)
            clear_values(table, first, end);
    }
}
