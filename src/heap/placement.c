/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

#include <string.h>

/* One slot for each space of the plan. */
static unsigned slots_needed(const struct ter_options *options)
{
    return ter_plan_named(options->plan)->space_count;
}

/* Whoever shares a range does not care how it is cut; but a space has the number of a slot. */
static void cut_shared_slots(struct ter_layout *layout, unsigned needed)
{
    while (!layout->contiguous && layout->slot_count < needed &&
           layout->log_space_extent > TER_LOG_BYTES_IN_CHUNK) {
        layout->slot_count *= 2;
        layout->log_space_extent--;
    }
}

/* A preset has as many slots as the spaces of most plans; one by need may have any number. */
static void add_slots(struct ter_layout *layout, unsigned needed)
{
    if (layout->by_need && strcmp(layout->name, "custom") != 0)
        layout->slot_count = (unsigned)ter_max(layout->slot_count, needed);
}

static ter_status read_layout(const struct ter_options *options, struct ter_layout *layout)
{
    const char *text = options->layout;
    unsigned needed = slots_needed(options);
    char message[TER_OPTION_TEXT_BYTES * 2];

    if (!ter_layout_read(text, strlen(text), layout, message, sizeof message)) {
        ter_log(TER_LOG_WARNING, "layout %s", message);
        return TER_ERROR_INVALID;
    }
    cut_shared_slots(layout, needed);
    add_slots(layout, needed);
    if (layout->slot_count < needed) {
        ter_log(TER_LOG_WARNING, "layout '%s': the spaces need %u %s, not %u", text, needed,
                layout->contiguous ? "slots" : "chunks", layout->slot_count);
        return TER_ERROR_INVALID;
    }
    return TER_OK;
}

/*
 * Under a limit on addresses the heap asks for half of what is left, with its tables: malloc,
 * stacks and libraries live there too, and fail worse than a heap that is full.
 */
static void fit_limit(const struct ter_options *options, struct ter_layout *layout)
{
    size_t left = ter_os_address_space_left(), wanted = ter_layout_heap_bytes(layout);
    bool may_share = strcmp(options->sft_map, ter_sft_map_kind_name(TER_SFT_SPACE_MAP)) != 0;

    if (left == SIZE_MAX || !ter_layout_fit(layout, left / 2 - left / 32, may_share))
        return;
    ter_log(
        TER_LOG_DECISION,
        "layout %s asks for %zu MiB of addresses and a limit leaves %zu: %u %s of %zu MiB instead",
        layout->name, wanted >> 20, left >> 20, layout->slot_count,
        layout->contiguous ? "slots" : "shared slots", ter_layout_space_extent(layout) >> 20);
}

/* A process has few heaps that are large; were each as large as memory, there would be no room. */
#define LARGE_HEAPS 8u

/* A preset by need gets slots in proportion to the machine, so that each space could have all of
 * it. */
static void fit_memory(const struct ter_options *options, struct ter_layout *layout)
{
    size_t memory = ter_os_memory_bytes(), wanted = 0;

    if (!layout->by_need || strcmp(layout->name, "custom") == 0)
        return;
    if (memory < SIZE_MAX / 2 && ter_directory_count() < LARGE_HEAPS)
        wanted = memory * 2;
    if (options->heap_max <= SIZE_MAX)
        wanted = ter_max(wanted, (size_t)options->heap_max);
    ter_layout_widen(layout, wanted);
}

size_t ter_heap_taken_bytes(const struct ter_layout *layout)
{
    return layout->by_need ? ter_arena_by_need_bytes(layout) : ter_layout_heap_bytes(layout);
}

/*
 * The first placement from `*placement` on that no heap has; where all are taken, the kernel is to
 * choose.
 */
static void choose_placement(struct ter_layout *layout, unsigned *placement)
{
    size_t bytes = ter_arena_by_need_bytes(layout);
    uintptr_t start;

    while (ter_layout_placement(layout, bytes, (*placement)++, &start))
        if (!ter_directory_touches(start, bytes)) {
            layout->heap_start = start;
            return;
        }
    ter_log(TER_LOG_DECISION,
            "layout %s finds no free placement: it is reserved where there is room", layout->name);
    ter_layout_make_reserved(layout);
    layout->heap_start = 0;
}

/* The kernel does not know of the limit, so it is given a hint that it can follow. */
static ter_status find_placement(struct ter_layout *layout)
{
    size_t wanted = ter_layout_heap_bytes(layout), bytes;
    uintptr_t start;
    ter_status status;

    for (;;) {
        bytes = ter_layout_heap_bytes(layout);
        status = ter_reserve_below(layout->heap_start, bytes, layout->limit, &start);
        if (status != TER_ERROR_NO_ADDRESS_SPACE || !ter_layout_shrink(layout))
            break;
    }
    if (status == TER_OK) {
        ter_os_release(start, bytes);
        layout->heap_start = start;
        if (bytes != wanted)
            ter_log(TER_LOG_DECISION, "layout %s finds no free %zu MiB below %#zx: %zu MiB instead",
                    layout->name, wanted >> 20, (size_t)layout->limit, bytes >> 20);
    } else if (status == TER_ERROR_NO_ADDRESS_SPACE) {
        ter_log(TER_LOG_WARNING, "layout %s: no free %zu MiB of addresses below %#zx", layout->name,
                bytes >> 20, (size_t)layout->limit);
    }
    return status;
}

ter_status ter_heap_choose_layout(const struct ter_options *options, unsigned *placement,
                                  struct ter_layout *layout)
{
    ter_status status = read_layout(options, layout);

    if (status != TER_OK)
        return status;
    fit_memory(options, layout);
    fit_limit(options, layout);
    if (layout->by_need)
        choose_placement(layout, placement);
    return layout->limit == 0 ? TER_OK : find_placement(layout);
}

void ter_heap_check_room(const struct ter_options *options, const struct ter_layout *layout)
{
    size_t bytes = ter_layout_heap_bytes(layout);

    /* More than a number of this machine is no maximum. */
    if (options->heap_max > bytes && options->heap_max <= SIZE_MAX)
        ter_log(TER_LOG_WARNING, "heap_max is %llu MiB, but layout %s has room for %zu MiB only",
                (unsigned long long)(options->heap_max >> 20), layout->name, bytes >> 20);
}
