/* SPDX-License-Identifier: MIT */
/* For people: sections with a heading, lines indented by two, names filled up with dots. */
#include "heap/heap.h"
#include "heap/report_format.h"

#include <stdio.h>

#define NAME_COLUMNS 46
#define CHUNKS_ON_LINE 64u
/* Longer lists of collections are cut in the middle. */
#define COLLECTIONS_AT_ENDS 12u

static const char dots[] = " .....................................................";

static void format_ns(uint64_t ns, char *text, size_t size)
{
    if (ns < 1000000)
        snprintf(text, size, "%.1f us", (double)ns / 1e3);
    else
        snprintf(text, size, "%.2f ms", (double)ns / 1e6);
}

static void print_name(struct ter_writer *writer, const char *name)
{
    struct ter_text measured;
    int fill;

    ter_text_init(&measured, NULL, 0);
    ter_text_add_name(&measured, name);
    fill = measured.length < NAME_COLUMNS ? NAME_COLUMNS - (int)measured.length : 0;
    ter_writer_print(writer, "  ");
    ter_writer_print_name(writer, name, TER_ESCAPE_TEXT);
    ter_writer_print(writer, "%.*s ", fill, dots);
}

static void print_statistic(struct ter_writer *writer, const char *help, const char *unit,
                            uint64_t value)
{
    char text[64];

    if (unit[0] == 'b')
        ter_format_bytes(value, text, sizeof text);
    else if (unit[0] == 'n')
        format_ns(value, text, sizeof text);
    else
        snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    print_name(writer, help);
    ter_writer_print(writer, "%s\n", text);
}

static void print_statistics(struct ter_heap *heap, struct ter_writer *writer)
{
    struct ter_statistics statistics;

    ter_heap_statistics_locked(heap, &statistics);
    ter_writer_print(writer, "figures\n");
#define PRINT_ROW(name, unit, help) print_statistic(writer, help, #unit, statistics.name);
    TER_STATISTICS(PRINT_ROW)
#undef PRINT_ROW
}

static void print_sizing(const struct ter_heap *heap, struct ter_writer *writer)
{
    size_t limit = ter_balance_limit();
    char text[32];

    ter_format_bytes(limit, text, sizeof text);
    ter_writer_print(writer, "sizing\n");
    print_name(writer, "how far the heap grows");
    ter_writer_print(writer, "%s\n", heap->options.sizing);
    print_name(writer, "soft limit of the process");
    ter_writer_print(writer, "%s\n", limit == SIZE_MAX ? "none" : text);
}

static void print_collection(struct ter_writer *writer, const struct ter_collection *collection)
{
    char pause[32], live[32], before[32], allocated[32], why[48];

    format_ns(collection->pause_ns, pause, sizeof pause);
    ter_format_bytes(collection->live.scanned_bytes + collection->live.atomic_bytes, live,
                     sizeof live);
    ter_format_bytes(collection->used_before_bytes, before, sizeof before);
    ter_format_bytes(collection->allocated_bytes, allocated, sizeof allocated);
    snprintf(why, sizeof why, "%s%s", collection->young ? "young: " : "",
             ter_collection_reason_name(collection->reason));
    ter_writer_print(writer, "  %6llu  %-16s %10s  %10s  %10s  %10s\n",
                     (unsigned long long)collection->number, why, pause, allocated, before, live);
}

static void print_collections(const struct ter_heap *heap, struct ter_writer *writer)
{
    size_t count = heap->figures.log_count;
    size_t left_out = (size_t)heap->figures.all.count - count;

    if (count == 0)
        return;
    ter_writer_print(writer, "collections\n  %6s  %-16s %10s  %10s  %10s  %10s\n", "number", "why",
                     "pause", "allocated", "in use", "live after");
    for (size_t i = 0; i < count; i++) {
        if (count > 2 * COLLECTIONS_AT_ENDS && i == COLLECTIONS_AT_ENDS) {
            ter_writer_print(writer, "     ...  (%zu more)\n", count - 2 * COLLECTIONS_AT_ENDS);
            i = count - COLLECTIONS_AT_ENDS;
        }
        print_collection(writer, &heap->figures.log[i]);
    }
    if (left_out > 0)
        ter_writer_print(writer, "  later ones, not listed: %zu\n", left_out);
}

static void print_foreign_space(struct ter_writer *writer, const struct ter_space *space)
{
    size_t chunks = ter_foreign_space_of(space)->set.chunks;
    char used[32];

    ter_format_bytes(ter_occupancy_space_used(&space->sft), used, sizeof used);
    print_name(writer, space->sft.name);
    ter_writer_print(writer, "%s in use in %zu chunk%s of others\n", used, chunks,
                     chunks == 1 ? "" : "s");
}

static void print_spaces(const struct ter_heap *heap, struct ter_writer *writer)
{
    struct ter_occupancy_run run = {.start = 0};
    uintptr_t from = 0;

    ter_writer_print(writer, "spaces\n");
    for (; ter_occupancy_next(heap, from, &run);
         from = run.start + (run.chunks << TER_LOG_BYTES_IN_CHUNK)) {
        char used[32], mapped[32];

        ter_format_bytes(ter_occupancy_space_used(run.owner), used, sizeof used);
        ter_format_bytes((uint64_t)run.chunks << TER_LOG_BYTES_IN_CHUNK, mapped, sizeof mapped);
        print_name(writer, run.owner->name);
        ter_writer_print(writer, "%s in use of %s mapped\n", used, mapped);
    }
    for (unsigned i = 0; i < heap->collector.space_count; i++)
        if (!heap->collector.spaces[i].space->policy->in_layout)
            print_foreign_space(writer, heap->collector.spaces[i].space);
}

static void print_blocks(const struct ter_heap *heap, struct ter_writer *writer)
{
    struct ter_parcel_counts counts;

    ter_heap_count_parcels(heap, &counts);
    ter_writer_print(writer, "blocks (of 32 KiB; a map of them is written by the option map)\n");
    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++) {
        char name[64];

        if (counts.of[state] == 0)
            continue;
        snprintf(name, sizeof name, "%s: %s", ter_parcel_rows[state].name,
                 ter_parcel_rows[state].help);
        print_name(writer, name);
        ter_writer_print(writer, "%zu\n", counts.of[state]);
    }
    if (counts.pinned != 0)
        print_statistic(writer, "with pinned objects", "", counts.pinned);
}

/* One character a chunk: '.' for none of it in use, 1 to 9 for tenths, '#' for all. */
static char chunk_character(const struct ter_heap *heap, uintptr_t chunk)
{
    size_t used = ter_occupancy_used(heap, chunk);

    if (used == 0)
        return '.';
    if (used == TER_BYTES_IN_CHUNK)
        return '#';
    return "1123456789"[used * 10 / TER_BYTES_IN_CHUNK];
}

static void print_map_run(const struct ter_heap *heap, struct ter_writer *writer,
                          const struct ter_occupancy_run *run)
{
    ter_writer_print(writer, "  %#zx to %#zx  ", (size_t)run->start,
                     (size_t)(run->start + (run->chunks << TER_LOG_BYTES_IN_CHUNK)));
    ter_writer_print_name(writer, run->owner->name, TER_ESCAPE_TEXT);
    ter_writer_print(writer, ", %zu chunk%s\n", run->chunks, run->chunks == 1 ? "" : "s");
    for (size_t i = 0; i < run->chunks; i++) {
        if (i % CHUNKS_ON_LINE == 0)
            ter_writer_print(writer, "%s    ", i == 0 ? "" : "\n");
        ter_writer_print(writer, "%c",
                         chunk_character(heap, run->start + (i << TER_LOG_BYTES_IN_CHUNK)));
    }
    ter_writer_print(writer, "\n");
}

static void print_map(const struct ter_heap *heap, struct ter_writer *writer)
{
    const struct ter_layout *layout = &heap->collector.arena.layout;
    struct ter_occupancy_run run = {.start = 0};
    uintptr_t from = 0;
    char extent[32];

    ter_format_bytes(ter_layout_space_extent(layout), extent, sizeof extent);
    ter_writer_print(writer,
                     "map of the heap (chunks of 4 MiB; . empty, 1-9 tenths in use, # full)\n"
                     "  layout %s: %u slots of %s from %#zx\n",
                     layout->name, layout->slot_count, extent, (size_t)layout->heap_start);
    for (; ter_occupancy_next(heap, from, &run);
         from = run.start + (run.chunks << TER_LOG_BYTES_IN_CHUNK))
        print_map_run(heap, writer, &run);
    for (from = 0; ter_occupancy_next_foreign(heap, from, &run) && run.start >= from;
         from = run.start + (run.chunks << TER_LOG_BYTES_IN_CHUNK))
        print_map_run(heap, writer, &run);
}

void ter_report_text(struct ter_heap *heap, struct ter_writer *writer)
{
    ter_writer_print(writer, "Terrier %s: ", TER_VERSION_STRING);
    ter_writer_print_name(writer, ter_os_program_name(), TER_ESCAPE_TEXT);
    ter_writer_print(writer, ", process %u\n", ter_os_process_id());
    print_collections(heap, writer);
    print_statistics(heap, writer);
    print_sizing(heap, writer);
    print_spaces(heap, writer);
    print_blocks(heap, writer);
    print_map(heap, writer);
}
