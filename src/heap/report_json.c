/* SPDX-License-Identifier: MIT */
/* For machines: one object. Addresses are strings, since JSON's numbers lose bits above 2^53. */
#include "heap/heap.h"
#include "heap/report_format.h"

/* A member whose value is a name, which may hold anything. */
static void print_named(struct ter_writer *writer, const char *key, const char *name)
{
    ter_writer_print(writer, "\"%s\":\"", key);
    ter_writer_print_name(writer, name, TER_ESCAPE_JSON);
    ter_writer_print(writer, "\"");
}

static void print_json_statistics(struct ter_heap *heap, struct ter_writer *writer)
{
    struct ter_statistics statistics;
    const char *comma = "";

    ter_heap_statistics_locked(heap, &statistics);
    ter_writer_print(writer, "\"statistics\":{");
#define PRINT_ROW(name, unit, help)                                                                \
    ter_writer_print(writer, "%s\"" #name "\":%llu", comma, (unsigned long long)statistics.name);  \
    comma = ",";
    TER_STATISTICS(PRINT_ROW)
#undef PRINT_ROW
    ter_writer_print(writer, "}");
}

/* No limit: null. */
static void print_json_sizing(const struct ter_heap *heap, struct ter_writer *writer)
{
    size_t limit = ter_balance_limit();

    ter_writer_print(writer, ",\"sizing\":{");
    print_named(writer, "policy", heap->options.sizing);
    if (limit == SIZE_MAX)
        ter_writer_print(writer, ",\"soft_limit_bytes\":null}");
    else
        ter_writer_print(writer, ",\"soft_limit_bytes\":%zu}", limit);
}

static void print_json_collections(const struct ter_heap *heap, struct ter_writer *writer)
{
    ter_writer_print(writer, ",\"collections\":[");
    for (size_t i = 0; i < heap->figures.log_count; i++) {
        const struct ter_collection *c = &heap->figures.log[i];

        ter_writer_print(
            writer,
            "%s{\"number\":%llu,\"reason\":\"%s\",\"young\":%s,\"pause_ns\":%llu,\"mark_ns\":%llu,"
            "\"sweep_ns\":%llu,\"total_ns\":%llu,\"allocated_bytes\":%zu,\"used_before_bytes\":%zu,"
            "\"used_after_bytes\":%zu,\"heap_limit_bytes\":%zu,\"live_bytes\":%zu,"
            "\"live_objects\":%zu}",
            i == 0 ? "" : ",", (unsigned long long)c->number, ter_collection_reason_name(c->reason),
            c->young ? "true" : "false", (unsigned long long)c->pause_ns,
            (unsigned long long)c->mark_ns, (unsigned long long)c->sweep_ns,
            (unsigned long long)c->total_ns, c->allocated_bytes, c->used_before_bytes,
            c->used_after_bytes, c->heap_bytes, c->live.scanned_bytes + c->live.atomic_bytes,
            c->live.objects);
    }
    ter_writer_print(writer, "]");
}

/* By state: the names are those of the table of parcels, which need no escape. */
static void print_json_blocks(const struct ter_heap *heap, struct ter_writer *writer)
{
    struct ter_parcel_counts counts;

    ter_heap_count_parcels(heap, &counts);
    ter_writer_print(writer, ",\"blocks\":{\"block_bytes\":%u,\"all\":%zu,\"object_bytes\":%llu",
                     TER_PARCEL_BYTES, counts.all, (unsigned long long)counts.object_bytes);
    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++)
        ter_writer_print(writer, ",\"%s\":%zu", ter_parcel_rows[state].name, counts.of[state]);
    ter_writer_print(writer, ",\"pinned\":%zu}", counts.pinned);
}

static void print_json_run(const struct ter_heap *heap, struct ter_writer *writer,
                           const struct ter_occupancy_run *run, const char *comma)
{
    ter_writer_print(writer, "%s{", comma);
    print_named(writer, "name", run->owner->name);
    ter_writer_print(writer,
                     ",\"start\":\"%#zx\",\"chunks\":%zu,\"used_bytes\":%zu,"
                     "\"chunk_used_bytes\":[",
                     (size_t)run->start, run->chunks, ter_occupancy_space_used(run->owner));
    for (size_t i = 0; i < run->chunks; i++)
        ter_writer_print(writer, "%s%zu", i == 0 ? "" : ",",
                         ter_occupancy_used(heap, run->start + (i << TER_LOG_BYTES_IN_CHUNK)));
    ter_writer_print(writer, "]}");
}

static void print_json_map(const struct ter_heap *heap, struct ter_writer *writer)
{
    const struct ter_layout *layout = &heap->collector.arena.layout;
    struct ter_occupancy_run run = {.start = 0};
    const char *comma = "";
    uintptr_t from = 0;

    ter_writer_print(writer, ",\"layout\":{");
    print_named(writer, "name", layout->name);
    ter_writer_print(writer,
                     ",\"start\":\"%#zx\",\"slots\":%u,"
                     "\"slot_bytes\":%zu,\"chunk_bytes\":%zu},\"spaces\":[",
                     (size_t)layout->heap_start, layout->slot_count,
                     ter_layout_space_extent(layout), TER_BYTES_IN_CHUNK);
    for (; ter_occupancy_next(heap, from, &run);
         from = run.start + (run.chunks << TER_LOG_BYTES_IN_CHUNK)) {
        print_json_run(heap, writer, &run, comma);
        comma = ",";
    }
    for (from = 0; ter_occupancy_next_foreign(heap, from, &run) && run.start >= from;
         from = run.start + (run.chunks << TER_LOG_BYTES_IN_CHUNK)) {
        print_json_run(heap, writer, &run, comma);
        comma = ",";
    }
    ter_writer_print(writer, "]");
}

void ter_report_json(struct ter_heap *heap, struct ter_writer *writer)
{
    ter_writer_print(writer, "{\"terrier\":\"%s\",\"process\":%u,", TER_VERSION_STRING,
                     ter_os_process_id());
    print_named(writer, "program", ter_os_program_name());
    ter_writer_print(writer, ",");
    print_json_statistics(heap, writer);
    print_json_sizing(heap, writer);
    print_json_collections(heap, writer);
    print_json_blocks(heap, writer);
    print_json_map(heap, writer);
    ter_writer_print(writer, "}\n");
}
