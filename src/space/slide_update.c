/* SPDX-License-Identifier: MIT */
/*
 * Sliding: where objects go, told to who refers to them. Each slot is told once: what it holds then
 * may be the old place of another object.
 */
#include "space/space.h"

void ter_slide_map_begin(struct ter_slide_map *map, const struct ter_space *space)
{
    map->live = ter_space_table(space, TER_SIDE_LIVE)->bias;
    map->marks = ter_space_table(space, TER_SIDE_MARK)->bias;
    map->units = ter_space_table(space, TER_SIDE_SLIDE)->bias;
    map->start = space->range.start;
    map->span = atomic_load_explicit(&space->range.mapped_bytes, memory_order_acquire);
    map->shared = space->range.shared ? space : NULL;
}

uintptr_t ter_slide_now_at(const struct ter_space *space, uintptr_t address)
{
    struct ter_slide_map map;
    struct ter_slide_units units;

    if (!ter_range_holds(&space->range, space->arena, address) ||
        !ter_bits_test(ter_space_table(space, TER_SIDE_LIVE), address))
        return address;
    ter_slide_map_begin(&map, space);
    units = ter_slide_units_at(&map, address);
    return ter_slide_place(&units, 0, ter_slide_granule_of(address)) +
           (address & (TER_BYTES_IN_GRANULE - 1));
}

/* ---- Objects with a layout ---- */

TER_INLINE void update_slot(const struct ter_slide_map *map, const struct ter_kind *how,
                            enum ter_slot_form form, uintptr_t address)
{
    uintptr_t before = ter_slot_read(&how->slots, form, address);
    uintptr_t after = ter_slide_follow(map, before);

    if (after != before)
        ter_slot_move(&how->slots, form, address, after);
}

TER_INLINE void update_part(const struct ter_slide_map *map, const struct ter_kind *how,
                            enum ter_slot_form form, const struct ter_slots *part, uintptr_t start,
                            uintptr_t end)
{
    struct ter_slot_cursor cursor = ter_slot_cursor_at(part);
    size_t unit = ter_slot_form_bytes(form), offset;

    while (ter_slot_cursor_next(&cursor, unit, &offset) && offset < end - start)
        update_slot(map, how, form, start + offset);
}

TER_INLINE void update_layout(const struct ter_slide_map *map, const struct ter_kind *how,
                              enum ter_slot_form form, uintptr_t start, uintptr_t end)
{
    const struct ter_object_layout *layout = how->layout;

    update_part(map, how, form, &layout->header, start, end);
    if (layout->element_bytes == 0 || layout->header_bytes >= end - start)
        return;
    for (start += layout->header_bytes; layout->element_bytes <= end - start;
         start += layout->element_bytes)
        update_part(map, how, form, &layout->element, start, end);
}

/* One copy for each form of slot. */
static void update_by_layout(const struct ter_slide_map *map, const struct ter_kind *how,
                             uintptr_t start, uintptr_t end)
{
    if (TER_LIKELY(how->slots.form == TER_SLOTS_PLAIN))
        update_layout(map, how, TER_SLOTS_PLAIN, start, end);
    else if (how->slots.form == TER_SLOTS_TAGGED)
        update_layout(map, how, TER_SLOTS_TAGGED, start, end);
    else
        update_layout(map, how, TER_SLOTS_OFFSET32, start, end);
}

/* Ambiguous words are as they were: what they lead to stays. */
void ter_slide_update(const struct ter_slide_map *map, struct ter_tracer *tracer,
                      const struct ter_kind *how, uintptr_t object, size_t bytes)
{
    if (how->scan == TER_SCAN_LAYOUT || how->ephemerons)
        update_by_layout(map, how, object, object + bytes);
    else if (how->scan == TER_SCAN_VISITOR)
        how->visitor(how->context, &tracer->trace, object, bytes);
}

/* ---- The loop, for who reports slots one by one ---- */

static struct ter_slide_map map_of(const struct ter_tracer *tracer)
{
    const struct ter_copiers *copiers = tracer->context;
    struct ter_slide_map map;

    ter_slide_map_begin(&map, &copiers->space->space);
    return map;
}

static ter_object follow_slid(struct ter_tracer *tracer, ter_object object)
{
    struct ter_slide_map map = map_of(tracer);

    return ter_object_at(ter_slide_follow(&map, object.bits));
}

static void follow_slot(struct ter_tracer *tracer, ter_slot slot)
{
    ter_object before = ter_slot_load(slot), after = follow_slid(tracer, before);

    if (after.bits != before.bits)
        ter_slot_store(slot, after);
}

static void update_contents(struct ter_tracer *tracer, uintptr_t object, size_t bytes,
                            unsigned kind)
{
    struct ter_slide_map map = map_of(tracer);

    ter_slide_update(&map, tracer, &tracer->kinds[kind], object, bytes);
}

static void pass_word(struct ter_tracer *tracer, uintptr_t word)
{
    (void)tracer, (void)word;
}

static void pass_words(struct ter_tracer *tracer, uintptr_t start, uintptr_t end, bool any_byte)
{
    (void)tracer, (void)start, (void)end, (void)any_byte;
}

static void nothing_to_drain(struct ter_tracer *tracer)
{
    (void)tracer;
}

const struct ter_loop ter_slide_loop = {
    .moves = true,
    .begin = nothing_to_drain,
    .word = pass_word,
    .words = pass_words,
    .slot = follow_slot,
    .object = follow_slid,
    .contents = update_contents,
    .drain = nothing_to_drain,
};
