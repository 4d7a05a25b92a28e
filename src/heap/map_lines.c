/* SPDX-License-Identifier: MIT */
#include "heap/map_lines.h"

#include "heap/heap.h"

static void tell_empty(struct ter_map_lines *lines)
{
    if (lines->empty_parcels != 0)
        lines->drawing->empty(lines, lines->empty, lines->empty_parcels, lines->empty_state);
    lines->empty_parcels = 0;
}

/* All tiles of the line are of one state, and nothing is in use. */
static bool is_empty_line(const struct ter_map_lines *lines)
{
    const struct ter_map_tile *tiles = lines->tiles;

    for (unsigned i = 0; i < lines->count; i++)
        if (tiles[i].state != tiles[0].state || tiles[i].object_bytes != 0)
            return false;
    return ter_map_is_empty((enum ter_parcel_state)tiles[0].state);
}

static void add_empty_line(struct ter_map_lines *lines)
{
    enum ter_parcel_state state = (enum ter_parcel_state)lines->tiles[0].state;

    if (lines->empty_parcels != 0 && state != lines->empty_state)
        tell_empty(lines);
    if (lines->empty_parcels == 0)
        lines->empty = lines->start;
    lines->empty_state = state;
    lines->empty_parcels += (lines->end - lines->start) / TER_PARCEL_BYTES;
}

static void end_line(struct ter_map_lines *lines)
{
    if (lines->count == 0)
        return;
    if (lines->count == lines->width && is_empty_line(lines)) {
        add_empty_line(lines);
    } else {
        tell_empty(lines);
        lines->drawing->line(lines);
    }
    lines->count = 0;
}

/* What comes next does not lie behind what came. */
static void break_line(struct ter_map_lines *lines)
{
    end_line(lines);
    tell_empty(lines);
}

static bool begins_tile(const struct ter_map_lines *lines, const struct ter_parcel *parcel)
{
    return lines->count == 0 || parcel->start % (lines->gather * TER_PARCEL_BYTES) == 0;
}

static void begin_tile(struct ter_map_lines *lines, const struct ter_parcel *parcel)
{
    if (lines->count == lines->width)
        end_line(lines);
    if (lines->count == 0)
        lines->start = parcel->start;
    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++)
        lines->states[state] = 0;
    lines->tiles[lines->count++] =
        (struct ter_map_tile){.state = (uint8_t)parcel->state, .cell_bytes = parcel->cell_bytes};
}

static void add_to_tile(struct ter_map_lines *lines, const struct ter_parcel *parcel)
{
    struct ter_map_tile *tile = &lines->tiles[lines->count - 1];

    tile->parcels++;
    tile->object_bytes += parcel->object_bytes;
    tile->pinned += parcel->pinned;
    if (tile->cell_bytes != parcel->cell_bytes)
        tile->cell_bytes = 0;
    if (++lines->states[parcel->state] > lines->states[tile->state])
        tile->state = (uint8_t)parcel->state;
}

static void draw_parcel(void *context, const struct ter_parcel *parcel)
{
    struct ter_map_lines *lines = context;

    if (parcel->space != lines->space || parcel->start != lines->end)
        break_line(lines);
    if (parcel->space != lines->space)
        lines->drawing->space(lines, ter_space_of(parcel->space));
    lines->space = parcel->space;
    if (begins_tile(lines, parcel))
        begin_tile(lines, parcel);
    add_to_tile(lines, parcel);
    lines->end = parcel->start + TER_PARCEL_BYTES;
}

void ter_map_lines_draw(struct ter_map_lines *lines, const struct ter_heap *heap)
{
    ter_heap_visit_parcels(heap, draw_parcel, lines);
    break_line(lines);
}
