/* SPDX-License-Identifier: MIT */
/* Roots for clients, and marking from callbacks. */
#include "heap/heap.h"

_Static_assert(TER_HEAP_DISPLACEMENTS == TER_MAX_DISPLACEMENT, "as the header says");

static void read_segments_again(struct ter_roots *roots, bool *flag, bool value)
{
    if (*flag == value)
        return;
    *flag = value;
    roots->segments_known = false;
}

void ter_heap_scan_libraries(struct ter_heap *heap, bool libraries)
{
    read_segments_again(&heap->collector.roots, &heap->collector.roots.scan_libraries, libraries);
}

void ter_heap_scan_program(struct ter_heap *heap)
{
    if (heap->options.scan_program != 0)
        read_segments_again(&heap->collector.roots, &heap->collector.roots.scan_program, true);
}

void ter_heap_clear_roots(struct ter_heap *heap)
{
    ter_roots_clear(&heap->collector.roots);
}

ter_status ter_heap_exclude_roots(struct ter_heap *heap, uintptr_t start, uintptr_t end)
{
    return ter_roots_exclude(&heap->collector.roots, start, end);
}

void ter_heap_clear_excluded(struct ter_heap *heap)
{
    ter_roots_clear_excluded(&heap->collector.roots);
}

void ter_heap_set_root_filter(struct ter_heap *heap, ter_client_filter *filter)
{
    ter_roots_set_filter(&heap->collector.roots, filter);
}

void ter_heap_set_interior(struct ter_heap *heap, bool everywhere, const uint8_t *displacements)
{
    heap->collector.tracer.displacements = displacements;
    heap->collector.tracer.any_byte = everywhere;
}

/* ---- In a collection ---- */

bool ter_heap_is_collecting(const struct ter_heap *heap)
{
    return heap->collector.collecting;
}

void ter_heap_mark_word(struct ter_heap *heap, uintptr_t word)
{
    ter_tracer_word(&heap->collector.tracer, word);
}

void ter_heap_mark_words(struct ter_heap *heap, uintptr_t start, uintptr_t end, bool any_byte)
{
    struct ter_tracer *tracer = &heap->collector.tracer;

    if (any_byte)
        ter_tracer_stack(tracer, ter_align_up(start, sizeof(uintptr_t)),
                         ter_align_down(end, sizeof(uintptr_t)));
    else
        ter_tracer_data(tracer, start, end);
}

void ter_heap_mark_from(struct ter_heap *heap, const struct ter_client_object *object)
{
    ter_tracer_contents(&heap->collector.tracer, object->address, object->bytes, object->kind);
    ter_tracer_drain(&heap->collector.tracer);
}
