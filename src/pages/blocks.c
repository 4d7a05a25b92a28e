/* SPDX-License-Identifier: MIT */
#include "pages/pages.h"

void ter_blocks_init(struct ter_blocks *blocks, struct ter_range *range, struct ter_arena *arena)
{
    *blocks = (struct ter_blocks){.range = range, .arena = arena};
}

static uint32_t *link_of(const struct ter_blocks *blocks, uintptr_t block)
{
    return TER_SIDE_RECORD(blocks->arena->side, BLOCK_LINK, block);
}

void ter_block_list_push(struct ter_blocks *blocks, struct ter_block_list *list, uintptr_t block)
{
    uintptr_t offset = block - blocks->arena->layout.heap_start;

    *link_of(blocks, block) = list->head;
    list->head = (uint32_t)(offset >> TER_LOG_BYTES_IN_BLOCK) + 1;
}

static uintptr_t block_of_link(const struct ter_blocks *blocks, uint32_t link)
{
    if (link == 0)
        return 0;
    return blocks->arena->layout.heap_start + ((uintptr_t)(link - 1) << TER_LOG_BYTES_IN_BLOCK);
}

uintptr_t ter_block_list_pop(struct ter_blocks *blocks, struct ter_block_list *list)
{
    uintptr_t block = block_of_link(blocks, list->head);

    if (block != 0)
        list->head = *link_of(blocks, block);
    return block;
}

uintptr_t ter_block_list_first(const struct ter_blocks *blocks, const struct ter_block_list *list)
{
    return block_of_link(blocks, list->head);
}

uintptr_t ter_block_list_next(const struct ter_blocks *blocks, uintptr_t block)
{
    return block_of_link(blocks, *link_of(blocks, block));
}

static ter_status grow_blocks(struct ter_blocks *blocks)
{
    ter_status status;

    status = ter_range_grow_in_parts(blocks->range, blocks->arena, 1, &blocks->fresh);
    if (status != TER_OK) {
        blocks->fresh = blocks->fresh_end;
        return status;
    }
    blocks->fresh_end = blocks->fresh + TER_BYTES_IN_CHUNK;
    ter_accounting_add_clean(&blocks->arena->accounting, TER_BYTES_IN_CHUNK);
    return TER_OK;
}

/* Up to `bytes` of fresh blocks; there is one at least. */
static ter_status take_fresh(struct ter_blocks *blocks, size_t bytes)
{
    ter_status status = TER_OK;

    if (blocks->fresh == blocks->fresh_end)
        status = grow_blocks(blocks);
    if (status != TER_OK)
        return status;
    bytes = ter_min(bytes, blocks->fresh_end - blocks->fresh);
    status = ter_range_fill(blocks->range, blocks->arena, blocks->fresh, bytes);
    if (status != TER_OK)
        return status;
    blocks->ahead = blocks->fresh;
    blocks->fresh += bytes;
    blocks->ahead_end = blocks->fresh;
    return TER_OK;
}

/* Up to `bytes` of clean blocks side by side; one at least, if there is one. */
static bool take_clean(struct ter_blocks *blocks, size_t bytes)
{
    uintptr_t block = ter_block_list_pop(blocks, &blocks->clean);

    if (block == 0)
        return false;
    blocks->ahead = block;
    blocks->ahead_end = block + TER_BYTES_IN_BLOCK;
    while (blocks->ahead_end - block < bytes &&
           block_of_link(blocks, blocks->clean.head) == blocks->ahead_end)
        blocks->ahead_end = ter_block_list_pop(blocks, &blocks->clean) + TER_BYTES_IN_BLOCK;
    return true;
}

/* Memory for some blocks, those that were given back before first. */
static ter_status go_ahead(struct ter_blocks *blocks)
{
    size_t ahead = ter_ahead_bytes(blocks->arena, TER_BYTES_IN_BLOCK);
    size_t bytes = ter_max(ahead, TER_BYTES_IN_BLOCK);
    ter_status status = TER_OK;

    if (!take_clean(blocks, bytes))
        status = take_fresh(blocks, bytes);
    if (status != TER_OK && bytes > TER_BYTES_IN_BLOCK)
        status = take_fresh(blocks, TER_BYTES_IN_BLOCK);
    if (status != TER_OK)
        return status;
    bytes = blocks->ahead_end - blocks->ahead;
    ter_accounting_subtract_clean(&blocks->arena->accounting, bytes);
    if (ahead != 0)
        ter_ahead_populate(blocks->arena, blocks->ahead, bytes);
    return TER_OK;
}

/* A block that reads zero. */
static ter_status take_zeroed(struct ter_blocks *blocks, uintptr_t *block)
{
    if (blocks->ahead == blocks->ahead_end) {
        ter_status status = go_ahead(blocks);

        if (status != TER_OK)
            return status;
    }
    *block = blocks->ahead;
    blocks->ahead += TER_BYTES_IN_BLOCK;
    return TER_OK;
}

ter_status ter_blocks_acquire(struct ter_blocks *blocks, uintptr_t *block, bool *zeroed)
{
    uintptr_t found = ter_block_list_pop(blocks, &blocks->dirty);

    *zeroed = found == 0;
    if (found == 0) {
        ter_status status = take_zeroed(blocks, &found);

        if (status != TER_OK)
            return status;
    }
    blocks->in_use++;
    ter_accounting_add(&blocks->arena->accounting, TER_BYTES_IN_BLOCK);
    ter_valgrind_defined(found, TER_BYTES_IN_BLOCK);
    ter_asan_access(found, TER_BYTES_IN_BLOCK);
    *block = found;
    return TER_OK;
}

void ter_blocks_release(struct ter_blocks *blocks, uintptr_t block)
{
    TER_CHECK(blocks->in_use > 0);
    blocks->in_use--;
    ter_accounting_subtract(&blocks->arena->accounting, TER_BYTES_IN_BLOCK);
    ter_valgrind_no_access(block, TER_BYTES_IN_BLOCK);
    ter_asan_no_access(block, TER_BYTES_IN_BLOCK);
    ter_block_list_push(blocks, &blocks->dirty, block);
}

/* ---- All blocks ---- */

static bool is_fresh(const struct ter_blocks *blocks, uintptr_t address)
{
    return address - blocks->fresh < blocks->fresh_end - blocks->fresh;
}

uintptr_t ter_blocks_next(const struct ter_blocks *blocks, uintptr_t from, uintptr_t *end)
{
    uintptr_t start;

    for (;;) {
        start = ter_range_next(blocks->range, blocks->arena, from, end);
        if (start == 0 || !is_fresh(blocks, start))
            break;
        from = blocks->fresh_end;
    }
    if (start != 0 && blocks->fresh > start && blocks->fresh < *end)
        *end = blocks->fresh;
    return start;
}

uintptr_t ter_blocks_previous(const struct ter_blocks *blocks, uintptr_t below, uintptr_t *start)
{
    uintptr_t end;

    for (;;) {
        end = ter_range_previous(blocks->range, blocks->arena, below, start);
        if (end == 0 || !is_fresh(blocks, end - 1))
            break;
        below = blocks->fresh;
    }
    if (end != 0 && blocks->fresh_end > *start && blocks->fresh_end < end)
        *start = blocks->fresh_end;
    return end;
}

/* ---- Giving memory back ---- */

struct trim {
    struct ter_blocks *blocks;
    const struct ter_blocks_view *view;
    size_t wanted;
    size_t done;
};

/* Bytes of the chunk's blocks that are dirty; SIZE_MAX when a block is in use or fresh. */
static size_t dirty_bytes_of_chunk(const struct trim *trim, uintptr_t chunk)
{
    const struct ter_blocks *blocks = trim->blocks;
    size_t dirty = 0;

    if (blocks->fresh < blocks->fresh_end &&
        ter_align_down(blocks->fresh, TER_BYTES_IN_CHUNK) == chunk)
        return SIZE_MAX;
    for (uintptr_t block = chunk; block - chunk < TER_BYTES_IN_CHUNK; block += TER_BYTES_IN_BLOCK) {
        if (!trim->view->is_free(blocks, block))
            return SIZE_MAX;
        if (!trim->view->is_clean(blocks, block))
            dirty += TER_BYTES_IN_BLOCK;
    }
    return dirty;
}

static bool return_chunk(struct trim *trim, uintptr_t chunk)
{
    struct ter_blocks *blocks = trim->blocks;
    size_t dirty = dirty_bytes_of_chunk(trim, chunk);

    if (dirty == SIZE_MAX || trim->done >= trim->wanted || dirty > trim->wanted - trim->done ||
        ter_range_return(blocks->range, blocks->arena, chunk, 1) != TER_OK)
        return false;
    ter_accounting_subtract_clean(&blocks->arena->accounting, TER_BYTES_IN_CHUNK - dirty);
    trim->done += dirty;
    return true;
}

/*
 * Free dirty blocks side by side enter a list again: those whose pages the system takes, as clean.
 * Pages of the system may be larger than blocks.
 */
static void clean_blocks(struct trim *trim, uintptr_t start, uintptr_t end)
{
    struct ter_blocks *blocks = trim->blocks;
    uintptr_t inner = ter_align_up(start, ter_os_page_size());
    uintptr_t inner_end = ter_align_down(end, ter_os_page_size());
    bool cleaned = inner < inner_end && ter_os_decommit(inner, inner_end - inner) == TER_OK;

    for (uintptr_t block = end; block > start;) {
        bool is_clean;

        block -= TER_BYTES_IN_BLOCK;
        is_clean = cleaned && block >= inner && block + TER_BYTES_IN_BLOCK <= inner_end;
        if (is_clean)
            trim->view->set_clean(blocks, block, true);
        ter_block_list_push(blocks, is_clean ? &blocks->clean : &blocks->dirty, block);
    }
    if (cleaned) {
        trim->done += inner_end - inner;
        ter_accounting_add_clean(&blocks->arena->accounting, inner_end - inner);
    }
}

/* The blocks [start, end) of one chunk, from the top: free ones enter a list again. */
static void trim_blocks(struct trim *trim, uintptr_t start, uintptr_t end)
{
    struct ter_blocks *blocks = trim->blocks;
    uintptr_t batch_end = end, block = end; /* [block, batch_end) is to be cleaned */

    while (block > start) {
        uintptr_t next = block - TER_BYTES_IN_BLOCK;
        bool is_free = trim->view->is_free(blocks, next);
        bool is_clean = is_free && trim->view->is_clean(blocks, next);

        if (is_free && !is_clean && trim->done + (batch_end - block) < trim->wanted) {
            block = next;
            continue;
        }
        clean_blocks(trim, block, batch_end);
        if (is_free)
            ter_block_list_push(blocks, is_clean ? &blocks->clean : &blocks->dirty, next);
        block = batch_end = next;
    }
    clean_blocks(trim, block, batch_end);
}

/* They have memory, and are in a list from now on. */
static void end_ahead(struct trim *trim)
{
    struct ter_blocks *blocks = trim->blocks;

    while (blocks->ahead < blocks->ahead_end) {
        trim->view->set_clean(blocks, blocks->ahead, false);
        blocks->ahead += TER_BYTES_IN_BLOCK;
    }
}

size_t ter_blocks_trim(struct ter_blocks *blocks, const struct ter_blocks_view *view, size_t bytes)
{
    struct trim trim = {blocks, view, bytes, 0};
    uintptr_t start, end = UINTPTR_MAX;

    end_ahead(&trim);
    blocks->dirty = (struct ter_block_list){0};
    blocks->clean = (struct ter_block_list){0};
    while ((end = ter_blocks_previous(blocks, end, &start)) != 0)
        while (end > start) {
            uintptr_t chunk = ter_align_down(end - 1, TER_BYTES_IN_CHUNK);
            uintptr_t first = ter_max(start, chunk);

            if (end - first != TER_BYTES_IN_CHUNK || !return_chunk(&trim, chunk))
                trim_blocks(&trim, first, end);
            end = first;
        }
    return trim.done;
}
