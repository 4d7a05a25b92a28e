/* SPDX-License-Identifier: MIT */
/* Life of an arena: what is reserved, and what the map covers. */
#include "pages/pages.h"

/* The table of a sparse map may take 16 MiB of addresses: for a heap below 8 TiB. */
#define MOST_SPARSE_CHUNKS ((size_t)1 << 21)

static ter_status reserve_layout(struct ter_arena *arena)
{
    struct ter_layout *layout = &arena->layout;
    size_t bytes = ter_layout_heap_bytes(layout);
    ter_status status = ter_mmapper_init(&arena->mmapper, layout->heap_start, bytes);

    if (status != TER_OK)
        return status;
    layout->heap_start = arena->mmapper.start;
    status = ter_side_init(&arena->side, layout->heap_start, bytes);
    if (status != TER_OK)
        ter_mmapper_fini(&arena->mmapper);
    return status;
}

/* ---- By need ---- */

static uintptr_t tables_start(const struct ter_layout *layout)
{
    return layout->heap_start + ter_layout_heap_bytes(layout);
}

/* Behind the tables, where no chunk and no table ever lies. */
static uintptr_t stake_of(const struct ter_layout *layout)
{
    return ter_align_up(tables_start(layout) +
                            ter_side_by_need_bytes(ter_layout_heap_bytes(layout)),
                        ter_os_page_size());
}

size_t ter_arena_by_need_bytes(const struct ter_layout *layout)
{
    uintptr_t end = stake_of(layout) + ter_os_page_size();

    return ter_align_up(end - layout->heap_start, ter_layout_space_extent(layout));
}

static ter_status init_by_need(struct ter_arena *arena)
{
    const struct ter_layout *layout = &arena->layout;
    size_t bytes = ter_layout_heap_bytes(layout);
    ter_status status = ter_mmapper_init_by_need(&arena->mmapper, layout->heap_start, bytes,
                                                 TER_LOG_BYTES_IN_CHUNK);

    if (status != TER_OK)
        return status;
    status = ter_side_init_by_need(&arena->side, layout->heap_start, bytes, tables_start(layout));
    if (status != TER_OK)
        ter_mmapper_fini(&arena->mmapper);
    return status;
}

/* The stake first: it tells at once whether the placement can be had. */
static ter_status take_placement(struct ter_arena *arena)
{
    ter_status status = ter_os_reserve_at(stake_of(&arena->layout), ter_os_page_size());

    if (status != TER_OK)
        return status;
    status = init_by_need(arena);
    if (status != TER_OK) {
        ter_os_release(stake_of(&arena->layout), ter_os_page_size());
        return status;
    }
    arena->stake = stake_of(&arena->layout);
    ter_os_name(arena->stake, ter_os_page_size(), "terrier:stake");
    return TER_OK;
}

/* ---- In one reservation ---- */

static ter_status reserve_largest(struct ter_arena *arena)
{
    const char *name = arena->layout.name;
    ter_status status = reserve_layout(arena);

    while (status == TER_ERROR_NO_ADDRESS_SPACE || status == TER_ERROR_NO_MEMORY) {
        if (!ter_layout_shrink(&arena->layout))
            return status;
        status = reserve_layout(arena);
        if (status == TER_OK)
            ter_log(TER_LOG_DECISION,
                    "layout %s does not fit the address space limit: %u slots of %zu MiB instead",
                    name, arena->layout.slot_count, ter_layout_space_extent(&arena->layout) >> 20);
    }
    return status;
}

/* All addresses that the system may give to malloc or the program, and the heap's. */
static uintptr_t all_addresses(const struct ter_layout *layout)
{
    unsigned bits = ter_os_address_bits();
    uintptr_t last = layout->heap_start + (ter_layout_heap_bytes(layout) - 1);

    while (bits < sizeof(uintptr_t) * 8 && last >> bits != 0)
        bits++;
    return bits < sizeof(uintptr_t) * 8 ? (uintptr_t)1 << bits : 0;
}

/*
 * A space map's table begins at address 0, so slots that begin very high above their size, or not
 * at a multiple of it, are out of its reach: the kernel may have given such a placement.
 */
static bool can_have_space_map(const struct ter_layout *layout, bool foreign)
{
    uintptr_t last = layout->heap_start + (ter_layout_heap_bytes(layout) - 1);

    return layout->contiguous && !foreign &&
           ter_is_aligned(layout->heap_start, ter_layout_space_extent(layout)) &&
           last >> layout->log_space_extent < TER_SFT_MAX_SLOTS;
}

/* Chunks from address 0 up to the end of the heap. */
static size_t all_chunks(const struct ter_layout *layout)
{
    return (layout->heap_start >> TER_LOG_BYTES_IN_CHUNK) +
           (ter_layout_heap_bytes(layout) >> TER_LOG_BYTES_IN_CHUNK);
}

static ter_status create_map(struct ter_arena *arena, const struct ter_arena_settings *settings)
{
    const struct ter_layout *layout = &arena->layout;
    bool space_map = can_have_space_map(layout, settings->foreign);
    struct ter_sft_map_options options = {
        .kind = ter_sft_select(layout->contiguous, !space_map),
        .log_slot_bytes = layout->log_space_extent,
        .record_bytes = settings->record_bytes,
    };

    /* A sparse map's table begins at address 0 too; for a high range a byte a chunk is enough. */
    if (options.kind == TER_SFT_SPARSE_MAP && all_chunks(layout) > MOST_SPARSE_CHUNKS)
        options.kind = TER_SFT_DENSE_MAP;
    if (settings->choose_map)
        options.kind = settings->map;
    if (options.kind == TER_SFT_SPACE_MAP && !space_map) {
        ter_log(TER_LOG_WARNING, "a space map cannot serve layout %s at %#zx%s", layout->name,
                (size_t)layout->heap_start, settings->foreign ? " and foreign memory" : "");
        return TER_ERROR_INVALID;
    }
    if (options.kind == TER_SFT_DENSE_MAP || settings->foreign) {
        options.bytes = all_addresses(layout);
    } else {
        options.start = layout->heap_start;
        options.bytes = ter_layout_heap_bytes(layout);
    }
    ter_log(TER_LOG_DECISION, "layout %s at %#zx with a %s map", layout->name,
            (size_t)layout->heap_start, ter_sft_map_kind_name(options.kind));
    return ter_sft_map_create(&arena->map, &options);
}

/* What describes single chunks, within the layout and outside of it. */
static ter_status create_tables(struct ter_arena *arena, bool foreign)
{
    ter_status status = ter_chunk_table_init(&arena->chunks, arena->layout.heap_start,
                                             ter_layout_heap_bytes(&arena->layout));

    arena->foreign = (struct ter_foreign){0};
    if (status != TER_OK || !foreign)
        return status;
    status = ter_foreign_init(&arena->foreign, arena->map.last);
    if (status != TER_OK)
        ter_chunk_table_fini(&arena->chunks);
    return status;
}

static void leave_placement(struct ter_arena *arena)
{
    ter_side_fini(&arena->side);
    ter_mmapper_fini(&arena->mmapper);
    if (arena->stake != 0)
        ter_os_release(arena->stake, ter_os_page_size());
    arena->stake = 0;
}

ter_status ter_arena_init(struct ter_arena *arena, const struct ter_arena_settings *settings)
{
    ter_status status;

    arena->layout = settings->layout;
    arena->side_of_all = settings->side_of_all;
    arena->stake = 0;
    status = arena->layout.by_need ? take_placement(arena) : reserve_largest(arena);
    if (status != TER_OK)
        return status;
    status = create_map(arena, settings);
    if (status == TER_OK) {
        status = create_tables(arena, settings->foreign);
        if (status != TER_OK)
            ter_sft_map_destroy(&arena->map);
    }
    if (status != TER_OK) {
        leave_placement(arena);
        return status;
    }
    arena->mmapper.huge_pages = settings->huge_pages;
    arena->populates = settings->populate;
    arena->lowest_free = 0;
    arena->kinds = (struct ter_object_kinds){0};
    if (settings->log_map)
        ter_sft_log_changes(&arena->map, settings->log_whole_map);
    ter_lock_init(&arena->lock, TER_RANK_CHUNKS);
    return TER_OK;
}

void ter_arena_fini(struct ter_arena *arena)
{
    ter_object_kinds_fini(&arena->kinds);
    ter_foreign_fini(&arena->foreign);
    ter_chunk_table_fini(&arena->chunks);
    ter_sft_map_destroy(&arena->map);
    ter_lock_fini(&arena->lock);
    leave_placement(arena);
}
