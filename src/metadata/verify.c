/* SPDX-License-Identifier: MIT */
#include "metadata/metadata.h"

#include <string.h>

struct ter_side_extent ter_side_extent_of(const struct ter_side_table *table, uintptr_t start,
                                          uintptr_t end)
{
    struct ter_side_extent extent = {ter_side_unit(table, start), ter_side_unit(table, end - 1)};

    if (table->log_bits < 3) {
        /* Whole words, since that is how searches and bulk changes read and write. */
        extent.first = ter_align_down(extent.first, sizeof(uint64_t));
        extent.last |= sizeof(uint64_t) - 1;
    } else {
        extent.last += ((uintptr_t)1 << (table->log_bits - 3)) - 1;
    }
    return extent;
}

static const char *rule_broken_by(const struct ter_side_spec *spec)
{
    if (spec->name == NULL || spec->name[0] == '\0')
        return "a spec has a name";
    if (spec->log_bits > TER_SIDE_LOG_RECORD_BITS)
        return "a value takes at most 64 bits and a record at most 64 bytes";
    if (spec->log_region >= sizeof(uintptr_t) * 8)
        return "a region is smaller than the address space";
    if (spec->log_bits > spec->log_region + 3)
        return "a value takes no more bits than its region has";
    if (spec->log_region + 3 - spec->log_bits >= sizeof(uintptr_t) * 8)
        return "a byte of a table describes less than the address space";
    return NULL;
}

static bool broken(struct ter_side_fault *fault, const char *rule, const char *spec)
{
    fault->rule = rule;
    fault->spec = spec;
    return false;
}

static size_t table_bytes_wanted(const struct ter_side_spec *spec, uintptr_t start, uintptr_t end)
{
    const struct ter_side_table table = {.shift = spec->log_region + 3 - spec->log_bits,
                                         .log_bits = spec->log_bits,
                                         .log_region = spec->log_region};
    struct ter_side_extent extent = ter_side_extent_of(&table, start, end);

    return extent.last - extent.first + 1;
}

bool ter_side_verify_specs(const struct ter_side_spec *specs, unsigned count, uintptr_t data_start,
                           size_t data_bytes, struct ter_side_fault *fault)
{
    size_t left = data_bytes >> TER_SIDE_LOG_BUDGET;

    if (count == 0 || count > TER_SIDE_MOST)
        return broken(fault, "a range has 1 to 32 specs", NULL);
    if (data_bytes == 0 || !ter_is_aligned(data_start | data_bytes, TER_BYTES_IN_CHUNK))
        return broken(fault, "a range of data consists of whole chunks", NULL);
    if (data_start > UINTPTR_MAX - data_bytes)
        return broken(fault, "a range of data ends inside the address space", NULL);
    for (unsigned id = 0; id < count; id++) {
        const char *rule = rule_broken_by(&specs[id]);

        if (rule != NULL)
            return broken(fault, rule, specs[id].name);
        for (unsigned other = 0; other < id; other++)
            if (strcmp(specs[id].name, specs[other].name) == 0)
                return broken(fault, "two specs have two names", specs[id].name);
    }
    for (unsigned id = 0; id < count; id++) {
        size_t bytes = table_bytes_wanted(&specs[id], data_start, data_start + data_bytes);

        if (bytes > left)
            return broken(fault, "all tables take at most an eighth of the data's bytes",
                          specs[id].name);
        left -= bytes;
    }
    return true;
}

bool ter_side_verify_tables(const struct ter_side_metadata *side, struct ter_side_fault *fault)
{
    uintptr_t start = side->mmapper.start;
    size_t bytes = side->mmapper.chunks << side->mmapper.log_grain;
    struct ter_side_extent extents[TER_SIDE_MOST];

    for (unsigned id = 0; id < side->count; id++) {
        struct ter_side_extent *own = &extents[id];

        *own = ter_side_extent_of(&side->tables[id], side->data_start,
                                  side->data_start + side->data_bytes);
        if (own->first > own->last || own->first - start >= bytes || own->last - start >= bytes)
            return broken(fault, "a table lies in the reservation", side->specs[id].name);
        for (unsigned other = 0; other < id; other++)
            if (own->first <= extents[other].last && extents[other].first <= own->last)
                return broken(fault, "tables do not overlap", side->specs[id].name);
    }
    return true;
}
