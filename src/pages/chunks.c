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

ter_status ter_ground_init(struct ter_ground *ground, const struct ter_layout *layout)
{
    ter_status status;

    ground->layout = *layout;
    status = reserve_largest(ground);
    if (status != TER_OK)
        return status;
    ter_lock_init(&ground->lock, TER_RANK_CHUNKS);
    status = ter_sft_map_init(&ground->map, ground->layout.heap_start,
                              ground->layout.log_space_extent, ground->layout.slot_count);
    TER_CHECK(status == TER_OK);
    return TER_OK;
}

void ter_ground_fini(struct ter_ground *ground)
{
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
    const struct ter_sft *owner = NULL;
    ter_status status;

    if (bytes > range->extent_bytes - mapped)
        return TER_ERROR_NO_ADDRESS_SPACE;
    status = ter_mmapper_map(&ground->mmapper, start, bytes, range->owner->name);
    if (status == TER_OK)
        status = ter_side_map(&ground->side, range->side, start, bytes);
    if (status == TER_OK)
        status = ter_sft_map_claim(&ground->map, range->owner, start, bytes, &owner);
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
