/* SPDX-License-Identifier: MIT */
/*
 * Claims and releases.
 *
 * Invariant: an entry goes from EMPTY to a space and back, never from one space to another. A
 * release store publishes what the space wrote before; an entry that would not change is not
 * stored.
 */
#include "sft/map_state.h"

/* First and last region of a range; false if it is empty, wraps or leaves what the map covers. */
static bool regions_of_range(const struct ter_sft_map *map, uintptr_t start, uintptr_t bytes,
                             uintptr_t *first, uintptr_t *last)
{
    if (bytes == 0 || start < map->start || start > map->last || bytes - 1 > map->last - start)
        return false;
    *first = start >> map->log_region_bytes;
    *last = (start + (bytes - 1)) >> map->log_region_bytes;
    return true;
}

/* Is it EMPTY or a space that was added to this map? Under the lock. */
static bool is_record_of(const struct ter_sft_map *map, const struct ter_sft *space)
{
    uintptr_t distance = (uintptr_t)space - map->empty;

    return distance >> map->log_record_bytes <= map->state->spaces &&
           ter_is_aligned(distance, (uintptr_t)1 << map->log_record_bytes);
}

static void store_entry(const struct ter_sft_map *map, uintptr_t index, const struct ter_sft *space)
{
    uintptr_t distance = (uintptr_t)space - map->empty;

    if (map->kind == TER_SFT_SPACE_MAP)
        __atomic_store_n((uintptr_t *)map->table + index, (uintptr_t)space, __ATOMIC_RELEASE);
    else if (map->kind == TER_SFT_SPARSE_MAP)
        __atomic_store_n((uintptr_t *)map->table + index, distance, __ATOMIC_RELEASE);
    else
        __atomic_store_n((uint8_t *)map->table + index,
                         (uint8_t)(distance >> map->log_record_bytes), __ATOMIC_RELEASE);
}

/*
 * The part of [*first, last] that lies in the next group where anything is owned: *first is its
 * first region. False if there is none.
 */
static bool next_owned_part(const struct ter_sft_map *map, uintptr_t *first, uintptr_t last,
                            uintptr_t *part_last)
{
    uintptr_t group = ter_sft_groups_next(&map->state->groups, *first >> TER_SFT_LOG_GROUP);

    if (*first > last || group > last >> TER_SFT_LOG_GROUP)
        return false;
    *first = ter_max(*first, group << TER_SFT_LOG_GROUP);
    *part_last = ter_min(last, ((group + 1) << TER_SFT_LOG_GROUP) - 1);
    return true;
}

/* The first region of [first, last] that neither is EMPTY nor belongs to `space`; else last + 1. */
static uintptr_t find_other_owner(const struct ter_sft_map *map, const struct ter_sft *space,
                                  uintptr_t first, uintptr_t last)
{
    uintptr_t part_last;

    for (; next_owned_part(map, &first, last, &part_last); first = part_last + 1)
        for (uintptr_t index = first; index <= part_last; index++) {
            const struct ter_sft *there = ter_sft_map_entry(map, index);

            if (there != space && !ter_sft_is_empty(there))
                return index;
        }
    return last + 1;
}

/* Regions [first, last] become `entry`. */
static void replace_entries(const struct ter_sft_map *map, const struct ter_sft *entry,
                            uintptr_t first, uintptr_t last)
{
    for (uintptr_t index = first; index <= last; index++)
        if (ter_sft_map_entry(map, index) != entry)
            store_entry(map, index, entry);
}

static bool is_group_empty(const struct ter_sft_map *map, uintptr_t group)
{
    uintptr_t first = group << TER_SFT_LOG_GROUP;
    uintptr_t end = ter_min(first + ((uintptr_t)1 << TER_SFT_LOG_GROUP), map->beyond);

    for (uintptr_t index = first; index < end; index++)
        if (!ter_sft_is_empty(ter_sft_map_entry(map, index)))
            return false;
    return true;
}

/* Regions [first, last], which are EMPTY or one space's, become EMPTY. */
static void clear_entries(const struct ter_sft_map *map, uintptr_t first, uintptr_t last)
{
    uintptr_t part_last;

    for (; next_owned_part(map, &first, last, &part_last); first = part_last + 1) {
        replace_entries(map, ter_sft_map_empty(map), first, part_last);
        if (is_group_empty(map, first >> TER_SFT_LOG_GROUP))
            ter_sft_groups_remove(&map->state->groups, first >> TER_SFT_LOG_GROUP);
    }
}

/* Regions [first, last], which are EMPTY or the space's, become the space's. */
static void own_entries(const struct ter_sft_map *map, const struct ter_sft *space, uintptr_t first,
                        uintptr_t last)
{
    ter_sft_groups_add(&map->state->groups, first >> TER_SFT_LOG_GROUP, last >> TER_SFT_LOG_GROUP);
    replace_entries(map, space, first, last);
}

/* `change` says who does what; its owner is filled in. Under the lock. */
static ter_status change_owner(const struct ter_sft_map *map, uintptr_t first, uintptr_t last,
                               struct ter_sft_change *change, struct ter_sft_conflict *conflict)
{
    uintptr_t refused = find_other_owner(map, change->space, first, last);

    if (refused <= last) {
        change->event = TER_SFT_REFUSED;
        change->owner = ter_sft_map_entry(map, refused);
        if (conflict != NULL)
            *conflict = (struct ter_sft_conflict){
                .claimant = change->space,
                .owner = change->owner,
                .start = refused << map->log_region_bytes,
            };
        return TER_ERROR_OWNED;
    }
    if (change->event == TER_SFT_CLAIMED)
        own_entries(map, change->space, first, last);
    else
        clear_entries(map, first, last);
    return TER_OK;
}

static ter_status change_range(const struct ter_sft_map *map, struct ter_sft_change change,
                               struct ter_sft_conflict *conflict)
{
    struct ter_sft_map_state *state = map->state;
    uintptr_t first, last;
    ter_status status;

    if (!regions_of_range(map, change.start, change.bytes, &first, &last))
        return TER_ERROR_OUT_OF_RANGE;
    ter_lock_acquire_for(&state->lock, change.event == TER_SFT_CLAIMED ? "ter_sft_map_claim"
                                                                       : "ter_sft_map_release");
    TER_REQUIRE(is_record_of(map, change.space) && !ter_sft_is_empty(change.space),
                "SFT map: the space of a claim or release at %#zx was not added to this map",
                (size_t)change.start);
    status = change_owner(map, first, last, &change, conflict);
    ter_sft_report_change(map, &change);
    ter_lock_release(&state->lock);
    return status;
}

ter_status ter_sft_map_claim(const struct ter_sft_map *map, const struct ter_sft *space,
                             uintptr_t start, uintptr_t bytes, struct ter_sft_conflict *conflict)
{
    struct ter_sft_change change = {
        .event = TER_SFT_CLAIMED, .space = space, .start = start, .bytes = bytes};

    return change_range(map, change, conflict);
}

ter_status ter_sft_map_release(const struct ter_sft_map *map, const struct ter_sft *space,
                               uintptr_t start, uintptr_t bytes, struct ter_sft_conflict *conflict)
{
    struct ter_sft_change change = {
        .event = TER_SFT_RELEASED, .space = space, .start = start, .bytes = bytes};

    return change_range(map, change, conflict);
}

size_t ter_sft_conflict_print(const struct ter_sft_conflict *conflict, char *text, size_t size)
{
    struct ter_text out;

    ter_text_init(&out, text, size);
    ter_text_print(&out, "%#zx belongs to space ", (size_t)conflict->start);
    ter_text_add_name(&out, conflict->owner->name);
    ter_text_print(&out, ", not to ");
    ter_text_add_name(&out, conflict->claimant->name);
    return out.length;
}
