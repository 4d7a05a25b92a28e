/* SPDX-License-Identifier: MIT */
#include "kinds.h"

#include "faults.h"

/* ---- Kinds that every heap has ---- */

static ter_status add_atomic(struct ter_heap *heap, unsigned *number)
{
    (void)heap;
    *number = TER_KIND_ATOMIC;
    return TER_OK;
}

static ter_status add_normal(struct ter_heap *heap, unsigned *number)
{
    (void)heap;
    *number = TER_KIND_NORMAL;
    return TER_OK;
}

static ter_status add_uncollectable(struct ter_heap *heap, unsigned *number)
{
    (void)heap;
    *number = TER_KIND_UNCOLLECTABLE;
    return TER_OK;
}

static ter_status add_atomic_uncollectable(struct ter_heap *heap, unsigned *number)
{
    (void)heap;
    *number = TER_KIND_ATOMIC_UNCOLLECTABLE;
    return TER_OK;
}

static bool no_word(size_t word)
{
    (void)word;
    return false;
}

static bool every_word(size_t word)
{
    (void)word;
    return true;
}

/* ---- Kinds with a tracer: every third word, so that what lies between must keep nothing ---- */

static bool every_third_word(size_t word)
{
    return word % 3 == 1;
}

static void trace_words(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    const uintptr_t *words = (const uintptr_t *)object;

    (void)context;
    for (size_t word = 1; word < bytes / sizeof(uintptr_t); word += 3)
        if (words[word] != 0 && !fault_strikes(FAULT_UNMARKED_SLOT))
            ter_trace_word(trace, words[word]);
}

static void trace_slots(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context;
    for (size_t word = 1; word < bytes / sizeof(uintptr_t); word += 3)
        if (!fault_strikes(FAULT_UNMARKED_SLOT))
            ter_trace_slot(trace, ter_slot_at(object + word * sizeof(uintptr_t)));
}

static ter_status add_with_words(struct ter_heap *heap, unsigned *number)
{
    return ter_kind_add(heap, trace_words, NULL, number);
}

static ter_status add_with_slots(struct ter_heap *heap, unsigned *number)
{
    return ter_kind_add(heap, trace_slots, NULL, number);
}

/* ---- Kinds with a layout: a list of offsets, a bitmap, a header with elements behind it ---- */

static bool is_listed(size_t word)
{
    return word == 1 || word == 2 || word == 40;
}

static ter_status add_listed(struct ter_heap *heap, unsigned *number)
{
    static const uint32_t offsets[] = {sizeof(uintptr_t), 2 * sizeof(uintptr_t),
                                       40 * sizeof(uintptr_t)};
    static const struct ter_object_layout layout = {
        .header_bytes = 41 * sizeof(uintptr_t),
        .header = {.offsets = offsets, .count = TER_ARRAY_LENGTH(offsets)}};

    return ter_kind_add_layout(heap, &layout, number);
}

static bool is_in_bitmap(size_t word)
{
    return word == 0 || word == 3 || word == 30;
}

static ter_status add_bitmap(struct ter_heap *heap, unsigned *number)
{
    static const struct ter_object_layout layout = {
        .header_bytes = 31 * sizeof(uintptr_t),
        .header = {.bitmap = UINT64_C(1) | UINT64_C(1) << 3 | UINT64_C(1) << 30}};

    return ter_kind_add_layout(heap, &layout, number);
}

/* Two words, the second a slot; then elements of three words, the first and the last slots. */
static bool is_in_elements(size_t word)
{
    return word < 2 ? word == 1 : (word - 2) % 3 != 1;
}

/* Half an element has no slots, so none is asked for. */
static size_t whole_elements(size_t bytes)
{
    const size_t header = 2 * sizeof(uintptr_t), element = 3 * sizeof(uintptr_t);

    return bytes < header ? bytes : bytes - (bytes - header) % element;
}

static ter_status add_elements(struct ter_heap *heap, unsigned *number)
{
    static const struct ter_object_layout layout = {.header_bytes = 2 * sizeof(uintptr_t),
                                                    .header = {.bitmap = 2},
                                                    .element_bytes = 3 * sizeof(uintptr_t),
                                                    .element = {.bitmap = 5}};

    return ter_kind_add_layout(heap, &layout, number);
}

/* The same, with keys in the first words of elements and values in the last. */
static ter_status add_ephemerons(struct ter_heap *heap, unsigned *number)
{
    static const struct ter_object_layout layout = {.header_bytes = 2 * sizeof(uintptr_t),
                                                    .header = {.bitmap = 2},
                                                    .element_bytes = 3 * sizeof(uintptr_t),
                                                    .element = {.bitmap = 5}};
    static const struct ter_object_layout without_values = {.header_bytes = 2 * sizeof(uintptr_t),
                                                            .header = {.bitmap = 2},
                                                            .element_bytes = 3 * sizeof(uintptr_t),
                                                            .element = {.bitmap = 1}};
    struct ter_kind_description wanted = {
        .name = "ephemerons", .layout = &layout, .flags = TER_KIND_EPHEMERONS};

    if (fault_is_planted(FAULT_EPHEMERON_KEPT))
        wanted.flags = 0;
    if (fault_is_planted(FAULT_EPHEMERON_LOST))
        wanted.layout = &without_values;
    return ter_kind_define(heap, &wanted, number);
}

const struct kind kinds[] = {
    {"atomic", add_atomic, no_word, NULL, false, false, false, false, false},
    {"normal", add_normal, every_word, NULL, true, true, false, false, false},
    {"uncollectable", add_uncollectable, every_word, NULL, true, true, true, false, false},
    {"atomic-uncollectable", add_atomic_uncollectable, no_word, NULL, false, false, true, false,
     false},
    {"traced", add_with_words, every_third_word, NULL, false, true, false, false, false},
    {"slots", add_with_slots, every_third_word, NULL, false, true, false, true, false},
    {"listed", add_listed, is_listed, NULL, false, true, false, false, false},
    {"bitmap", add_bitmap, is_in_bitmap, NULL, false, true, false, false, false},
    {"elements", add_elements, is_in_elements, whole_elements, false, true, false, false, false},
    {"ephemerons", add_ephemerons, is_in_elements, whole_elements, false, true, false, false, true},
};

const unsigned kind_count = TER_ARRAY_LENGTH(kinds);
