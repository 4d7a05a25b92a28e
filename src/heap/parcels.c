/* SPDX-License-Identifier: MIT */
#include "heap/parcels.h"

#include "heap/heap.h"

#define PARCEL_ROW(identifier, name, letter, light, dark, help) {name, letter, light, dark, help},
const struct ter_parcel_row ter_parcel_rows[TER_PARCEL_STATE_COUNT] = {
    TER_PARCEL_STATES(PARCEL_ROW)};
#undef PARCEL_ROW

const char *ter_parcel_state_name(enum ter_parcel_state state)
{
    return (unsigned)state < TER_PARCEL_STATE_COUNT ? ter_parcel_rows[state].name : "";
}

/* ---- Pins of the program's ---- */

/*
 * What ter_pin pins is known by a table of objects, not by their parcels. So that the table is
 * looked through only where it may help, each of its objects sets a bit here, by its parcel.
 */
#define FILTER_BITS 16384u

struct parcel_pins {
    const struct ter_heap *heap;
    ter_parcel_visitor *visit;
    void *context;
    struct ter_parcel *parcel; /* that pins are counted of */
    uint64_t filter[FILTER_BITS / 64];
};

static uint64_t *filter_word(struct parcel_pins *pins, uintptr_t address, uint64_t *mask)
{
    size_t bit = address / TER_PARCEL_BYTES % FILTER_BITS;

    *mask = UINT64_C(1) << (bit % 64);
    return &pins->filter[bit / 64];
}

static void add_to_filter(void *context, uintptr_t object)
{
    uint64_t mask, *word = filter_word(context, object, &mask);

    *word |= mask;
}

/* One that the space was told of is counted there. */
static void count_pin(void *context, uintptr_t object)
{
    struct ter_parcel *parcel = ((struct parcel_pins *)context)->parcel;

    if (object - parcel->start < TER_PARCEL_BYTES &&
        !parcel->space->is_pinned(parcel->space, ter_object_at(object)))
        parcel->pinned++;
}

static void visit_with_pins(void *context, const struct ter_parcel *parcel)
{
    struct parcel_pins *pins = context;
    struct ter_parcel counted = *parcel;
    uint64_t mask;

    if ((*filter_word(pins, parcel->start, &mask) & mask) != 0 &&
        ter_space_of(parcel->space)->policy->moves) {
        pins->parcel = &counted;
        ter_pins_for_each(&pins->heap->collector.pins, count_pin, pins);
    }
    pins->visit(pins->context, &counted);
}

/* ---- All parcels ---- */

void ter_heap_visit_parcels(const struct ter_heap *heap, ter_parcel_visitor *visit, void *context)
{
    struct parcel_pins pins = {.heap = heap, .visit = visit, .context = context};

    ter_pins_for_each(&heap->collector.pins, add_to_filter, &pins);
    for (unsigned i = 0; i < heap->collector.space_count; i++)
        ter_space_for_each_parcel(heap->collector.spaces[i].space, visit_with_pins, &pins);
}

static void count_parcel(void *context, const struct ter_parcel *parcel)
{
    struct ter_parcel_counts *counts = context;

    counts->of[parcel->state]++;
    counts->all++;
    counts->pinned += parcel->pinned != 0;
    counts->object_bytes += parcel->object_bytes;
}

void ter_heap_count_parcels(const struct ter_heap *heap, struct ter_parcel_counts *counts)
{
    *counts = (struct ter_parcel_counts){.all = 0};
    ter_heap_visit_parcels(heap, count_parcel, counts);
}

ter_status ter_heap_parcels(struct ter_heap *heap, ter_parcel_function *function, void *context)
{
    TER_KEEP_ERRNO;
    ter_heap_require(heap, "ter_heap_parcels");
    if (function == NULL)
        return TER_ERROR_INVALID;
    ter_allocator_lock(&heap->collector.allocator);
    ter_heap_visit_parcels(heap, function, context);
    ter_allocator_unlock(&heap->collector.allocator);
    return TER_OK;
}
