/* SPDX-License-Identifier: MIT */
#include "space/space.h"

#include <string.h>

_Static_assert(sizeof(struct ter_large_record) <= 16, "spec LARGE has 2^7 bits");

static const struct ter_side_table *large_valid_bits(const struct ter_large_space *space)
{
    return ter_space_table(&space->space, TER_SIDE_VALID_OBJECT);
}

static const struct ter_side_table *large_mark_bits(const struct ter_large_space *space)
{
    return ter_space_table(&space->space, TER_SIDE_MARK);
}

static ter_object find_large(const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_space *space = ter_space_of(sft);
    uintptr_t start;

    if (!ter_range_holds(&space->range, space->ground, word))
        return ter_object_none();
    start = ter_runs_find(space->ground, word);
    /* The bit last set and first cleared: while a run changes hands, its records say nothing. */
    if (start == 0 || !ter_range_holds(&space->range, space->ground, start) ||
        !ter_bits_test(ter_space_table(space, TER_SIDE_VALID_OBJECT), start) ||
        word - start >= ter_large_record_of(space->ground, start)->bytes)
        return ter_object_none();
    return ter_object_at(start);
}

ter_status ter_large_space_new(struct ter_ground *ground, unsigned slot,
                               const struct ter_kind *kinds, struct ter_large_space **space)
{
    ter_side_set side =
        TER_SIDE_SET(VALID_OBJECT) | TER_SIDE_SET(MARK) | TER_RUNS_SIDE | TER_SIDE_SET(LARGE);
    struct ter_sft functions = ter_space_non_moving_functions(TER_SPACE_LARGE, "large");
    struct ter_space *common;
    ter_status status;

    functions.find_object_from_interior = find_large;
    status = ter_space_new(ground, &functions, slot, side, &common);
    if (status != TER_OK)
        return status;
    *space = (struct ter_large_space *)(void *)common;
    ter_runs_init(&(*space)->runs, &common->range, ground);
    (*space)->kinds = kinds;
    return TER_OK;
}

ter_status ter_large_space_allocate(struct ter_large_space *space, size_t bytes, unsigned kind,
                                    uintptr_t *object, bool *zeroed)
{
    uintptr_t start;
    ter_status status;

    TER_CHECK(ter_is_aligned(bytes, TER_BYTES_IN_GRANULE));
    status = ter_runs_acquire(&space->runs, ter_bytes_to_pages_up(bytes), &start, zeroed);
    if (status != TER_OK)
        return status;
    *ter_large_record_of(space->space.ground, start) = (struct ter_large_record){
        .bytes = bytes, .kind = (uint8_t)kind, .scan = (uint8_t)space->kinds[kind].scan};
    ter_bits_set_shared(large_mark_bits(space), start);
    ter_bits_set_shared(large_valid_bits(space), start);
    if (!space->kinds[kind].zeroed)
        ter_valgrind_undefined(start, bytes);
    *object = start;
    return TER_OK;
}

void ter_large_space_free(struct ter_large_space *space, uintptr_t object)
{
    bool was_set = ter_bits_clear_shared(large_valid_bits(space), object);

    TER_CHECK(was_set);
    ter_runs_release(&space->runs, object);
}

bool ter_large_space_extend(struct ter_large_space *space, uintptr_t object, size_t bytes)
{
    struct ter_large_record *record = ter_large_record_of(space->space.ground, object);
    size_t pages = ter_bytes_to_pages_up(bytes);
    size_t old_pages = ter_runs_pages(&space->runs, object);
    size_t dirty = bytes;
    bool zeroed = false;

    if (pages > old_pages && !ter_runs_extend(&space->runs, object, pages, &zeroed))
        return false;
    /* Pages that read zero are not touched for that. */
    if (zeroed)
        dirty = old_pages << TER_LOG_BYTES_IN_PAGE;
    if (space->kinds[record->kind].zeroed)
        memset((void *)(object + record->bytes), 0, dirty - record->bytes);
    else
        ter_valgrind_undefined(object + record->bytes, bytes - record->bytes);
    record->bytes = bytes;
    return true;
}

static uintptr_t next_large(const struct ter_large_space *space, uintptr_t object)
{
    size_t pages = ter_runs_pages(&space->runs, object);

    return ter_runs_next_used(&space->runs, object + (pages << TER_LOG_BYTES_IN_PAGE));
}

void ter_large_space_prepare(struct ter_large_space *space)
{
    uintptr_t object = ter_runs_next_used(&space->runs, 0);

    for (; object != 0; object = next_large(space, object))
        ter_bits_clear(large_mark_bits(space), object);
}

static void count_live_object(const struct ter_large_record *record, struct ter_live *live)
{
    live->objects++;
    if (record->scan == TER_SCAN_NONE)
        live->atomic_bytes += record->bytes;
    else
        live->scanned_bytes += record->bytes;
}

void ter_large_space_sweep(struct ter_large_space *space, struct ter_live *live)
{
    uintptr_t object = ter_runs_next_used(&space->runs, 0);

    while (object != 0) {
        uintptr_t next = next_large(space, object);

        if (ter_bits_test(large_mark_bits(space), object))
            count_live_object(ter_large_record_of(space->space.ground, object), live);
        else
            ter_large_space_free(space, object);
        object = next;
    }
}

void ter_large_space_for_each(const struct ter_large_space *space, ter_object_visitor *visit,
                              void *context)
{
    uintptr_t object = ter_runs_next_used(&space->runs, 0);

    for (; object != 0; object = next_large(space, object)) {
        const struct ter_large_record *record = ter_large_record_of(space->space.ground, object);

        visit(context, object, record->bytes, &space->kinds[record->kind]);
    }
}

size_t ter_large_space_trim(struct ter_large_space *space, size_t bytes)
{
    return ter_runs_trim(&space->runs, bytes);
}
