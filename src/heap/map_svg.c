/* SPDX-License-Identifier: MIT */
/*
 * As a picture: a rectangle for each tile, filled from below as far as it has objects. One file
 * that needs nothing else: colours follow the reader's wish for light or dark, each tile says what
 * it is when it is pointed at, title and description are for who does not see it.
 *
 * Tiles that differ in fullness alone are copies of one shape of each state, so that a tile takes
 * about 100 bytes. Neighbours in which nothing is in use, and those that a large object fills,
 * are one rectangle.
 */
#include "heap/heap.h"
#include "heap/map_form.h"

/* Lengths in pixels. */
#define TILE_WIDTH 9u
#define TILE_HEIGHT 10u
#define PITCH_X 10u
#define PITCH_Y 12u
#define MARGIN 12u
#define ADDRESS_WIDTH 104u /* of 14 characters */
#define TEXT_HEIGHT 16u
#define SPACE_HEIGHT 26u
#define LEGEND_NAME_X 32u
#define LEGEND_COUNT_X 164u /* its end */
#define LEGEND_HELP_X 178u
/* What the legend needs; a map of few tiles on a line is no narrower. */
#define LEAST_WIDTH 520u

/* Steps of fullness. */
#define LEVELS 8u

static unsigned level_of(const struct ter_map_tile *tile)
{
    uint64_t all = (uint64_t)tile->parcels * TER_PARCEL_BYTES;

    return (unsigned)((tile->object_bytes * (uint64_t)LEVELS + all - 1) / all);
}

/* ---- How high it becomes ---- */

static void measure_space(struct ter_map_lines *lines, const struct ter_space *space)
{
    (void)space;
    lines->y += SPACE_HEIGHT;
}

static void measure_line(struct ter_map_lines *lines)
{
    lines->y += PITCH_Y;
}

static void measure_empty(struct ter_map_lines *lines, uintptr_t start, size_t parcels,
                          enum ter_parcel_state state)
{
    (void)start, (void)parcels, (void)state;
    lines->y += PITCH_Y;
}

static unsigned legend_rows(const struct ter_parcel_counts *counts)
{
    unsigned rows = counts->pinned != 0;

    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++)
        rows += counts->of[state] != 0;
    return rows;
}

static size_t head_height(const struct ter_map_request *request)
{
    return MARGIN + TEXT_HEIGHT * (2 + (size_t)legend_rows(&request->counts));
}

static size_t measure(const struct ter_map_request *request)
{
    static const struct ter_map_drawing drawing = {measure_space, measure_line, measure_empty};
    struct ter_map_lines lines = {.drawing = &drawing,
                                  .gather = request->gather,
                                  .width = request->width,
                                  .y = head_height(request)};

    ter_map_lines_draw(&lines, request->heap);
    return lines.y + MARGIN;
}

/* ---- Tiles ---- */

static void print_svg_name(struct ter_writer *writer, const char *name)
{
    char piece[2] = {0};

    for (; *name != '\0'; name++) {
        piece[0] = *name;
        if (*name == '&')
            ter_writer_print(writer, "&amp;");
        else if (*name == '<')
            ter_writer_print(writer, "&lt;");
        else if (*name < ' ' || *name > '~')
            ter_writer_print(writer, "?");
        else
            ter_writer_print(writer, "%s", piece);
    }
}

static void print_title(struct ter_writer *writer, uintptr_t start, size_t parcels,
                        const struct ter_map_tile *tile)
{
    char objects[32];

    ter_format_bytes(tile->object_bytes, objects, sizeof objects);
    ter_writer_print(writer, "<title>%#zx: %s, %zu block%s", (size_t)start,
                     ter_parcel_rows[tile->state].name, parcels, parcels == 1 ? "" : "s");
    if (!ter_map_is_empty((enum ter_parcel_state)tile->state))
        ter_writer_print(writer, ", %s of objects", objects);
    if (tile->cell_bytes != 0)
        ter_writer_print(writer, ", cells of %u bytes", tile->cell_bytes);
    if (tile->pinned != 0)
        ter_writer_print(writer, ", pinned: %u", tile->pinned);
    ter_writer_print(writer, "</title>");
}

/* No matter how many there are side by side, they look like one. */
static bool is_plain(const struct ter_map_tile *tile)
{
    return tile->object_bytes == 0
               ? ter_map_is_empty((enum ter_parcel_state)tile->state)
               : tile->state == TER_PARCEL_LARGE_REST && level_of(tile) == LEVELS;
}

static unsigned plain_run(const struct ter_map_lines *lines, unsigned first)
{
    unsigned i = first + 1;

    while (i < lines->count && is_plain(&lines->tiles[i]) &&
           lines->tiles[i].state == lines->tiles[first].state)
        i++;
    return i - first;
}

static void print_plain(const struct ter_map_lines *lines, uintptr_t start, unsigned x,
                        unsigned first, unsigned count)
{
    const struct ter_map_tile *tiles = &lines->tiles[first];
    struct ter_map_tile sum = *tiles;

    for (unsigned i = 1; i < count; i++) {
        sum.parcels += tiles[i].parcels;
        sum.object_bytes += tiles[i].object_bytes;
    }
    ter_writer_print(
        lines->writer, "<rect class=\"%s\" x=\"%u\" y=\"%zu\" width=\"%u\" height=\"%u\">",
        ter_parcel_rows[sum.state].name, x, lines->y, count * PITCH_X - 1, TILE_HEIGHT);
    print_title(lines->writer, start, sum.parcels, &sum);
    ter_writer_print(lines->writer, "</rect>\n");
}

static void print_tile(const struct ter_map_lines *lines, uintptr_t start, unsigned x,
                       const struct ter_map_tile *tile)
{
    ter_writer_print(lines->writer, "<use href=\"#%s%u\" x=\"%u\" y=\"%zu\">",
                     ter_parcel_rows[tile->state].name, level_of(tile), x, lines->y);
    print_title(lines->writer, start, tile->parcels, tile);
    ter_writer_print(lines->writer, "</use>\n");
    if (tile->pinned != 0)
        ter_writer_print(lines->writer, "<use href=\"#pinned\" x=\"%u\" y=\"%zu\"/>\n", x,
                         lines->y);
}

/* ---- Lines ---- */

static void print_line_address(const struct ter_map_lines *lines, uintptr_t start)
{
    ter_writer_print(lines->writer, "<text x=\"%u\" y=\"%zu\" class=\"far\">%#zx</text>\n", MARGIN,
                     lines->y + TILE_HEIGHT - 1, (size_t)start);
}

static void draw_svg_line(struct ter_map_lines *lines)
{
    unsigned x = MARGIN + ADDRESS_WIDTH, count;
    uintptr_t start = lines->start;

    print_line_address(lines, start);
    for (unsigned i = 0; i < lines->count; i += count) {
        count = is_plain(&lines->tiles[i]) ? plain_run(lines, i) : 1;
        if (is_plain(&lines->tiles[i]))
            print_plain(lines, start, x, i, count);
        else
            print_tile(lines, start, x, &lines->tiles[i]);
        for (unsigned j = i; j < i + count; j++)
            start += (uintptr_t)lines->tiles[j].parcels * TER_PARCEL_BYTES;
        x += count * PITCH_X;
    }
    lines->y += PITCH_Y;
}

static void draw_svg_empty(struct ter_map_lines *lines, uintptr_t start, size_t parcels,
                           enum ter_parcel_state state)
{
    struct ter_map_tile tile = {.state = (uint8_t)state};
    unsigned x = MARGIN + ADDRESS_WIDTH;
    char size[32];

    ter_format_bytes((uint64_t)parcels * TER_PARCEL_BYTES, size, sizeof size);
    print_line_address(lines, start);
    ter_writer_print(
        lines->writer, "<rect class=\"%s\" x=\"%u\" y=\"%zu\" width=\"%u\" height=\"%u\">",
        ter_parcel_rows[state].name, x, lines->y, lines->width * PITCH_X - 1, TILE_HEIGHT);
    print_title(lines->writer, start, parcels, &tile);
    ter_writer_print(lines->writer, "</rect>\n<text x=\"%u\" y=\"%zu\">%s %s</text>\n", x + 4,
                     lines->y + TILE_HEIGHT - 1, size, ter_parcel_rows[state].name);
    lines->y += PITCH_Y;
}

static void draw_svg_space(struct ter_map_lines *lines, const struct ter_space *space)
{
    ter_writer_print(lines->writer, "<text x=\"%u\" y=\"%zu\"><tspan class=\"name\">", MARGIN,
                     lines->y + SPACE_HEIGHT - 7);
    print_svg_name(lines->writer, space->sft.name);
    ter_writer_print(lines->writer, "</tspan><tspan dx=\"10\">%s</tspan></text>\n",
                     space->policy->help);
    lines->y += SPACE_HEIGHT;
}

/* ---- What comes before ---- */

static void print_colours(struct ter_writer *writer, bool dark)
{
    ter_writer_print(writer, ".paper{fill:%s}text{fill:%s}.far{fill:%s}\n",
                     dark ? "#15181c" : "#ffffff", dark ? "#e4e7ea" : "#1c2024",
                     dark ? "#8d969f" : "#68717a");
    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++)
        ter_writer_print(writer, ".%s{fill:%s}", ter_parcel_rows[state].name,
                         dark ? ter_parcel_rows[state].dark : ter_parcel_rows[state].light);
    ter_writer_print(writer, ".pinned{fill:%s;stroke:%s}\n",
                     dark ? TER_MAP_PINNED_DARK : TER_MAP_PINNED_LIGHT,
                     dark ? "#15181c" : "#ffffff");
}

static void print_style(struct ter_writer *writer)
{
    ter_writer_print(writer, "<style>\n"
                             "text{font:11px ui-monospace,Menlo,Consolas,\"DejaVu Sans "
                             "Mono\",monospace}"
                             ".name{font-weight:bold}.ground{opacity:.3}\n");
    print_colours(writer, false);
    ter_writer_print(writer, "@media (prefers-color-scheme:dark){\n");
    print_colours(writer, true);
    ter_writer_print(writer, "}</style>\n");
}

/* A shape for each level of fullness. */
static void print_shapes_of(struct ter_writer *writer, const char *name)
{
    for (unsigned level = 0; level <= LEVELS; level++) {
        unsigned height = (level * TILE_HEIGHT + LEVELS - 1) / LEVELS;

        ter_writer_print(writer,
                         "<g id=\"%s%u\"><rect class=\"%s ground\" width=\"%u\" height=\"%u\"/>"
                         "<rect class=\"%s\" y=\"%u\" width=\"%u\" height=\"%u\"/></g>\n",
                         name, level, name, TILE_WIDTH, TILE_HEIGHT, name, TILE_HEIGHT - height,
                         TILE_WIDTH, height);
    }
}

static void print_shapes(const struct ter_map_request *request, struct ter_writer *writer)
{
    ter_writer_print(writer, "<defs>\n");
    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++)
        if (request->counts.of[state] != 0)
            print_shapes_of(writer, ter_parcel_rows[state].name);
    ter_writer_print(writer,
                     "<circle id=\"pinned\" class=\"pinned\" cx=\"%u.5\" cy=\"%u\" "
                     "r=\"3\"/>\n</defs>\n",
                     TILE_WIDTH / 2, TILE_HEIGHT / 2);
}

static void print_summary(const struct ter_map_request *request, struct ter_writer *writer)
{
    char objects[32];

    ter_format_bytes(request->counts.object_bytes, objects, sizeof objects);
    ter_writer_print(writer, "%zu blocks of 32 KiB, %s of objects", request->counts.all, objects);
}

/* For who does not see it. */
static void print_description(const struct ter_map_request *request, struct ter_writer *writer)
{
    const struct ter_parcel_counts *counts = &request->counts;

    ter_writer_print(writer, "<title id=\"title\">Map of the blocks of a Terrier heap: ");
    print_svg_name(writer, ter_os_program_name());
    ter_writer_print(writer, "</title>\n<desc id=\"desc\">");
    print_summary(request, writer);
    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++)
        if (counts->of[state] != 0)
            ter_writer_print(writer, "; %s: %zu", ter_parcel_rows[state].name, counts->of[state]);
    if (counts->pinned != 0)
        ter_writer_print(writer, "; with pinned objects: %zu", counts->pinned);
    ter_writer_print(writer, "</desc>\n");
}

static size_t print_head_text(const struct ter_map_request *request, struct ter_writer *writer)
{
    size_t y = MARGIN + TEXT_HEIGHT - 5;

    ter_writer_print(writer, "<text x=\"%u\" y=\"%zu\"><tspan class=\"name\">", MARGIN, y);
    print_svg_name(writer, ter_os_program_name());
    ter_writer_print(writer, "</tspan>, process %u, collections: %llu</text>\n",
                     ter_os_process_id(), (unsigned long long)request->heap->figures.all.count);
    y += TEXT_HEIGHT;
    ter_writer_print(writer, "<text x=\"%u\" y=\"%zu\">", MARGIN, y);
    print_summary(request, writer);
    if (request->gather != 1)
        ter_writer_print(writer, "; a tile is %zu blocks", request->gather);
    ter_writer_print(writer, "</text>\n");
    return y + TEXT_HEIGHT;
}

static void print_legend_text(struct ter_writer *writer, size_t y, const char *name, size_t count,
                              const char *help)
{
    ter_writer_print(writer,
                     "<text x=\"%u\" y=\"%zu\">%s</text><text x=\"%u\" y=\"%zu\" "
                     "text-anchor=\"end\">%zu</text><text x=\"%u\" y=\"%zu\">%s</text>\n",
                     LEGEND_NAME_X, y, name, LEGEND_COUNT_X, y, count, LEGEND_HELP_X, y, help);
}

static void print_svg_legend(const struct ter_map_request *request, struct ter_writer *writer,
                             size_t y)
{
    const struct ter_parcel_counts *counts = &request->counts;

    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++) {
        const struct ter_parcel_row *row = &ter_parcel_rows[state];

        if (counts->of[state] == 0)
            continue;
        ter_writer_print(writer,
                         "<rect class=\"%s\" x=\"%u\" y=\"%zu\" width=\"%u\" height=\"%u\"/>",
                         row->name, MARGIN, y - TILE_HEIGHT + 1, TILE_WIDTH, TILE_HEIGHT);
        print_legend_text(writer, y, row->name, counts->of[state], row->help);
        y += TEXT_HEIGHT;
    }
    if (counts->pinned != 0) {
        ter_writer_print(writer, "<use href=\"#pinned\" x=\"%u\" y=\"%zu\"/>", MARGIN,
                         y - TILE_HEIGHT + 1);
        print_legend_text(writer, y, "pinned", counts->pinned, TER_MAP_PINNED_HELP);
    }
}

void ter_map_svg(const struct ter_map_request *request, struct ter_writer *writer)
{
    static const struct ter_map_drawing drawing = {draw_svg_space, draw_svg_line, draw_svg_empty};
    struct ter_map_lines lines = {.drawing = &drawing,
                                  .writer = writer,
                                  .gather = request->gather,
                                  .width = request->width,
                                  .y = head_height(request)};
    size_t width = 2 * MARGIN + ADDRESS_WIDTH + request->width * PITCH_X, height = measure(request);

    width = ter_max(width, LEAST_WIDTH);
    ter_writer_print(writer,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
                     "viewBox=\"0 0 %zu %zu\" role=\"img\" aria-labelledby=\"title desc\">\n",
                     width, height, width, height);
    print_description(request, writer);
    print_style(writer);
    print_shapes(request, writer);
    ter_writer_print(writer, "<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n");
    print_svg_legend(request, writer, print_head_text(request, writer));
    ter_map_lines_draw(&lines, request->heap);
    ter_writer_print(writer, "</svg>\n");
}
