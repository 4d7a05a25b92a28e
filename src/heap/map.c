/* SPDX-License-Identifier: MIT */
/* Where a map goes, and how many parcels become one tile. The forms: map_text.c, map_svg.c. */
#include "heap/map.h"

#include "heap/heap.h"
#include "heap/map_form.h"
#include "see/see.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* More than a page shows, and a file of one to two MB. */
#define TILES_MOST 8192u

static size_t parcels_in_tile(size_t parcels)
{
    size_t gather = 1;

    while (parcels / gather > TILES_MOST)
        gather *= 2;
    return gather;
}

static ter_status write_map_locked(const struct ter_heap *heap, int file, enum ter_map_form form,
                                   unsigned width)
{
    struct ter_map_request request = {.heap = heap, .width = width};
    struct ter_os_cancel before = ter_os_cancel_off();
    struct ter_writer writer;
    bool done;

    ter_writer_init(&writer, file);
    ter_heap_count_parcels(heap, &request.counts);
    request.gather = parcels_in_tile(request.counts.all);
    if (form == TER_MAP_SVG)
        ter_map_svg(&request, &writer);
    else
        ter_map_text(&request, &writer);
    done = ter_writer_finish(&writer);
    ter_os_cancel_back(before);
    return done ? TER_OK : TER_ERROR_SYSTEM;
}

ter_status ter_heap_map(struct ter_heap *heap, int file, enum ter_map_form form, unsigned width)
{
    TER_KEEP_ERRNO;
    ter_status status;

    ter_heap_require(heap, "ter_heap_map");
    if (width == 0)
        width = TER_MAP_WIDTH_USUAL;
    if ((unsigned)form > TER_MAP_SVG || width < TER_MAP_WIDTH_LEAST || width > TER_MAP_WIDTH_MOST)
        return TER_ERROR_INVALID;
    ter_allocator_lock(&heap->collector.allocator);
    status = write_map_locked(heap, file, form, width);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

/* ---- When the options ask for one ---- */

static bool is_map_wanted(const struct ter_heap *heap)
{
    return strcmp(heap->options.map, "none") != 0 && ter_heap_speaks(heap, heap->options.map_file);
}

/* A picture is a whole file; what is no file but a pipe or a terminal cannot be emptied. */
static ter_status write_wanted(void *context, int file)
{
    const struct ter_heap *heap = context;
    bool svg = strcmp(heap->options.map, "svg") == 0;

    if (svg && heap->options.map_file[0] != '\0' && ftruncate(file, 0) != 0 && errno != EINVAL)
        return TER_ERROR_SYSTEM;
    return write_map_locked(heap, file, svg ? TER_MAP_SVG : TER_MAP_TEXT,
                            (unsigned)heap->options.map_width);
}

static void write_once(struct ter_heap *heap)
{
    ter_output_to(heap->options.map_file, "map", write_wanted, heap);
    snprintf(heap->options.map, sizeof heap->options.map, "none");
}

void ter_heap_write_wanted_map(struct ter_heap *heap)
{
    TER_KEEP_ERRNO;
    if (!is_map_wanted(heap))
        return;
    ter_allocator_lock(&heap->collector.allocator);
    write_once(heap);
    ter_allocator_unlock(&heap->collector.allocator);
}

void ter_heap_map_after(struct ter_heap *heap, uint64_t collection)
{
    if (collection == heap->options.map_at && is_map_wanted(heap))
        write_once(heap);
}
