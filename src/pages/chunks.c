/* SPDX-License-Identifier: MIT */
#include "pages/pages.h"

static ter_status reserve_layout(struct ter_ground *ground)
{
    struct ter_layout *layout = &ground->layout;
    size_t bytes = ter_layout_heap_bytes(layout);
    ter_status status = ter_mmapper_init(&ground->mmapper, layout->heap_start, bytes);

    if (status != TER_OK)
        return status;
    layout->heap_start = ground->mmapper.start;
    status = ter_side_init(&ground->side, layout->heap_start, bytes);
    if (status != TER_OK)
        ter_mmapper_fini(&ground->mmapper);
    return status;
}

static ter_status reserve_largest(struct ter_ground *ground)
{
    const char *name = ground->layout.name;
    ter_status status = reserve_layout(ground);

    while (status == TER_ERROR_NO_ADDRESS_SPACE || status == TER_ERROR_NO_MEMORY) {
        if (!ter_layout_shrink(&ground->layout))
            return status;
        status = reserve_layout(ground);
        if (status == TER_OK)
            ter_log(TER_LOG_DECISION,
                    "layout %s does not fit the address space limit: %u slots of %zu MiB instead",
                    name, ground->layout.slot_count,
                    ter_layout_space_extent(&ground->layout) >> 20);
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

static ter_status create_map(struct ter_ground *ground, const struct ter_ground_settings *settings)
{
    const struct ter_layout *layout = &ground->layout;
    struct ter_sft_map_options options = {
        .kind = ter_sft_select(layout->contiguous, settings->outside),
        .log_slot_bytes = layout->log_space_extent,
        .record_bytes = settings->record_bytes,
    };

    if (settings->choose_map)
        options.kind = settings->map;
    if (options.kind == TER_SFT_SPACE_MAP && (!layout->contiguous || settings->outside)) {
        ter_log(TER_LOG_WARNING, "a space map cannot serve layout %s%s", layout->name,
                settings->outside ? " and memory outside of it" : "");
        return TER_ERROR_INVALID;
    }
    if (options.kind == TER_SFT_DENSE_MAP || settings->outside) {
        options.bytes = all_addresses(layout);
    } else {
        options.start = layout->heap_start;
        options.bytes = ter_layout_heap_bytes(layout);
    }
    ter_log(TER_LOG_DECISION, "layout %s at %#zx with a %s map", layout->name,
            (size_t)layout->heap_start, ter_sft_map_kind_name(options.kind));
    return ter_sft_map_create(&ground->map, &options);
}

ter_status ter_ground_init(struct ter_ground *ground, const struct ter_ground_settings *settings)
{
    ter_status status;

    ground->layout = settings->layout;
    status = reserve_largest(ground);
    if (status != TER_OK)
        return status;
    status = create_map(ground, settings);
    if (status != TER_OK) {
        ter_side_fini(&ground->side);
        ter_mmapper_fini(&ground->mmapper);
        return status;
    }
    if (settings->log_map)
        ter_sft_log_changes(&ground->map);
    ter_lock_init(&ground->lock, TER_RANK_CHUNKS);
    return TER_OK;
}

void ter_ground_fini(struct ter_ground *ground)
{
    ter_sft_map_destroy(&ground->map);
    ter_lock_fini(&ground->lock);
    ter_side_fini(&ground->side);
    ter_mmapper_fini(&ground->mmapper);
}

void ter_range_init(struct ter_range *range, const struct ter_ground *ground, unsigned slot,
                    ter_side_set side, const struct ter_sft *owner)
{
    TER_CHECK(slot < ground->layout.slot_count);
    range->start = ter_layout_slot_start(&ground->layout, slot);
    range->extent_bytes = ter_layout_space_extent(&ground->layout);
    atomic_init(&range->mapped_bytes, 0);
    range->side = side;
    range->owner = owner;
}

/* Under the growth lock. */
static ter_status map_and_publish(struct ter_range *range, struct ter_ground *ground, size_t bytes)
{
    size_t mapped = atomic_load_explicit(&range->mapped_bytes, memory_order_relaxed);
    uintptr_t start = range->start + mapped;
    ter_status status;

    if (bytes > range->extent_bytes - mapped)
        return TER_ERROR_NO_ADDRESS_SPACE;
    status = ter_mmapper_map(&ground->mmapper, start, bytes, range->owner->name);
    if (status == TER_OK)
        status = ter_side_map(&ground->side, range->side, start, bytes);
    if (status == TER_OK)
        status = ter_sft_map_claim(&ground->map, range->owner, start, bytes, NULL);
    TER_CHECK(status != TER_ERROR_OWNED && status != TER_ERROR_OUT_OF_RANGE);
    if (status == TER_OK)
        atomic_store_explicit(&range->mapped_bytes, mapped + bytes, memory_order_release);
    return status;
}

ter_status ter_range_grow(struct ter_range *range, struct ter_ground *ground, size_t chunks)
{
    ter_status status = TER_ERROR_NO_ADDRESS_SPACE;

    TER_CHECK(chunks > 0);
    if (chunks > range->extent_bytes >> TER_LOG_BYTES_IN_CHUNK)
        return status;
    ter_lock_acquire(&ground->lock);
    status = map_and_publish(range, ground, chunks << TER_LOG_BYTES_IN_CHUNK);
    ter_lock_release(&ground->lock);
    return status;
}

/* A space map's entry stands for the whole slot, until its last chunk is gone. */
static void clear_entries(const struct ter_range *range, const struct ter_ground *ground,
                          uintptr_t start, size_t bytes)
{
    ter_status status;

    if (ground->map.kind == TER_SFT_SPACE_MAP && start != range->start)
        return;
    status = ter_sft_map_release(&ground->map, range->owner, start, bytes, NULL);
    TER_CHECK(status == TER_OK);
}

/* Under the growth lock. */
static ter_status unpublish_and_unmap(struct ter_range *range, struct ter_ground *ground,
                                      size_t bytes)
{
    size_t mapped = atomic_load_explicit(&range->mapped_bytes, memory_order_relaxed);
    uintptr_t start = range->start + (mapped - bytes);
    ter_status status;

    atomic_store_explicit(&range->mapped_bytes, mapped - bytes, memory_order_release);
    clear_entries(range, ground, start, bytes);
    status = ter_mmapper_unmap(&ground->mmapper, start, bytes);
    if (status == TER_OK) {
        ter_side_clear(&ground->side, range->side, start, bytes);
        return TER_OK;
    }
    TER_CHECK(ter_sft_map_claim(&ground->map, range->owner, start, bytes, NULL) == TER_OK);
    atomic_store_explicit(&range->mapped_bytes, mapped, memory_order_release);
    return status;
}

ter_status ter_range_shrink(struct ter_range *range, struct ter_ground *ground, size_t chunks)
{
    size_t bytes = chunks << TER_LOG_BYTES_IN_CHUNK;
    ter_status status;

    TER_CHECK(chunks > 0 && chunks <= range->extent_bytes >> TER_LOG_BYTES_IN_CHUNK);
    ter_lock_acquire(&ground->lock);
    TER_CHECK(bytes <= atomic_load_explicit(&range->mapped_bytes, memory_order_relaxed));
    status = unpublish_and_unmap(range, ground, bytes);
    ter_lock_release(&ground->lock);
    return status;
}
