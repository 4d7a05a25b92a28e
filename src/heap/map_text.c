/* SPDX-License-Identifier: MIT */
/* For a terminal: a character for each tile, and the address of the first one before a line. */
#include "heap/heap.h"
#include "heap/map_form.h"

#include <ctype.h>

/* "0x" and the digits of addresses as machines of 64 bits have them. */
#define ADDRESS_COLUMNS 14

static void print_address(struct ter_writer *writer, uintptr_t address)
{
    ter_writer_print(writer, "  %#*zx  ", ADDRESS_COLUMNS, (size_t)address);
}

static void draw_space(struct ter_map_lines *lines, const struct ter_space *space)
{
    ter_writer_print(lines->writer, "\nspace ");
    ter_writer_print_name(lines->writer, space->sft.name, TER_ESCAPE_TEXT);
    ter_writer_print(lines->writer, ": %s\n", space->policy->help);
}

static char letter_of(const struct ter_map_tile *tile)
{
    char letter = tile->pinned != 0 ? TER_MAP_PINNED_LETTER : ter_parcel_rows[tile->state].letter;
    bool is_full = tile->object_bytes >= (size_t)tile->parcels * TER_PARCEL_BYTES / 2;

    return is_full ? (char)toupper((unsigned char)letter) : letter;
}

static void draw_line(struct ter_map_lines *lines)
{
    char letters[TER_MAP_WIDTH_MOST + 1];

    for (unsigned i = 0; i < lines->count; i++)
        letters[i] = letter_of(&lines->tiles[i]);
    letters[lines->count] = '\0';
    print_address(lines->writer, lines->start);
    ter_writer_print(lines->writer, "%s\n", letters);
}

static void draw_empty(struct ter_map_lines *lines, uintptr_t start, size_t parcels,
                       enum ter_parcel_state state)
{
    char size[32];

    ter_format_bytes((uint64_t)parcels * TER_PARCEL_BYTES, size, sizeof size);
    print_address(lines->writer, start);
    ter_writer_print(lines->writer, "(%s %s)\n", size, ter_parcel_rows[state].name);
}

static void print_legend_row(struct ter_writer *writer, char letter, const char *name, size_t count,
                             const char *help)
{
    char capital = (char)toupper((unsigned char)letter);

    ter_writer_print(writer, "  %c %c  %-10s %8zu  %s\n", letter, capital != letter ? capital : ' ',
                     name, count, help);
}

static void print_head(const struct ter_map_request *request, struct ter_writer *writer)
{
    const struct ter_parcel_counts *counts = &request->counts;
    char objects[32];

    ter_format_bytes(counts->object_bytes, objects, sizeof objects);
    ter_writer_print(writer, "Map of a heap of Terrier %s: ", TER_VERSION_STRING);
    ter_writer_print_name(writer, ter_os_program_name(), TER_ESCAPE_TEXT);
    ter_writer_print(writer, ", process %u, collections: %llu\n", ter_os_process_id(),
                     (unsigned long long)request->heap->figures.all.count);
    ter_writer_print(writer, "%zu blocks of 32 KiB with %s of objects; ", counts->all, objects);
    if (request->gather == 1)
        ter_writer_print(writer, "a character is a block,\n");
    else
        ter_writer_print(writer, "a character is %zu blocks, as most of them are,\n",
                         request->gather);
    ter_writer_print(writer, "a capital when half of it or more is objects\n");
}

static void print_legend(const struct ter_map_request *request, struct ter_writer *writer)
{
    const struct ter_parcel_counts *counts = &request->counts;

    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++) {
        const struct ter_parcel_row *row = &ter_parcel_rows[state];

        if (counts->of[state] != 0)
            print_legend_row(writer, row->letter, row->name, counts->of[state], row->help);
    }
    if (counts->pinned != 0)
        print_legend_row(writer, TER_MAP_PINNED_LETTER, "pinned", counts->pinned,
                         TER_MAP_PINNED_HELP);
}

void ter_map_text(const struct ter_map_request *request, struct ter_writer *writer)
{
    static const struct ter_map_drawing drawing = {draw_space, draw_line, draw_empty};
    struct ter_map_lines lines = {
        .drawing = &drawing, .writer = writer, .gather = request->gather, .width = request->width};

    print_head(request, writer);
    print_legend(request, writer);
    ter_map_lines_draw(&lines, request->heap);
}
