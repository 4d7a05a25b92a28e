/* SPDX-License-Identifier: MIT */
/* Allocation: windows, forms, and what happens when memory is out. */
#include "heap/heap.h"

#include <string.h>

_Static_assert(sizeof(struct ter_window) == sizeof(struct ter_cell_run) &&
                   offsetof(struct ter_window, cursor) == offsetof(struct ter_cell_run, cursor) &&
                   offsetof(struct ter_window, limit) == offsetof(struct ter_cell_run, limit) &&
                   offsetof(struct ter_window, bytes) == offsetof(struct ter_cell_run, bytes),
               "as mutator.h says");
_Static_assert(offsetof(struct ter_mutator, cell_runs) == sizeof(struct ter_mutator_head),
               "as mutator.h says");
_Static_assert(TER_WINDOWS_OF_KIND == TER_SIZE_CLASSES, "as mutator.h says");
_Static_assert(TER_WINDOW_MOST_BYTES == TER_SMALL_MAX_BYTES, "as fast.h says");

#define MOST_ALIGNMENT TER_BYTES_IN_PAGE

/* ---- Memory that is out ---- */

/* `object`, or what the program says to an object that there is no memory for. */
static void *or_else(struct ter_mutator *mutator, unsigned kind, size_t bytes, void *object)
{
    struct ter_allocator *allocator = mutator->allocator;
    ter_out_of_memory_function *function;
    void *context;

    if (TER_LIKELY(object != NULL))
        return object;
    ter_allocator_lock(allocator);
    function = allocator->out_of_memory;
    context = allocator->out_of_memory_context;
    ter_allocator_unlock(allocator);
    return function == NULL ? NULL : function(context, mutator, kind, bytes);
}

void ter_heap_on_out_of_memory(struct ter_heap *heap, ter_out_of_memory_function *function,
                               void *context)
{
    ter_heap_require(heap, "ter_heap_on_out_of_memory");
    ter_allocator_lock(&heap->collector.allocator);
    heap->collector.allocator.out_of_memory = function;
    heap->collector.allocator.out_of_memory_context = context;
    ter_allocator_unlock(&heap->collector.allocator);
}

/* For a call that returns to `site`: no cell is ready. */
static TER_NOINLINE void *allocate_anew(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                                        void *site)
{
    void *object;

    TER_NOTE_CALL(mutator);
    object = or_else(mutator, kind, bytes, ter_mutator_allocate(mutator, kind, bytes));
    return ter_heap_note_object(mutator, object, kind, bytes, site);
}

void *ter_allocate(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    void *object;

    ter_mutator_require(mutator, kind, "ter_allocate");
    object = ter_mutator_take_cell(mutator, kind, bytes);
    if (TER_LIKELY(object != NULL))
        return object;
    return allocate_anew(mutator, kind, bytes, __builtin_return_address(0));
}

/* ---- Windows ---- */

static unsigned window_class(const struct ter_mutator *mutator, size_t bytes)
{
    return mutator->class_of[(bytes + TER_BYTES_IN_GRANULE - 1) >> TER_LOG_BYTES_IN_GRANULE];
}

/* Objects of one size are not smaller than their kind says. */
static void require_fixed_size(const struct ter_mutator *mutator, unsigned kind, size_t bytes,
                               const char *call)
{
    const struct ter_kind_details *details = &mutator->allocator->details[kind];

    TER_REQUIRE(details->size.form != TER_SIZE_FIXED || bytes >= details->size.bytes,
                "%s: objects of kind \"%s\" have %zu bytes, not %zu", call, details->name,
                details->size.bytes, bytes);
}

struct ter_window *ter_window(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    struct ter_cell_run *run;
    unsigned size_class;

    ter_mutator_require(mutator, kind, "ter_window");
    require_fixed_size(mutator, kind, bytes, "ter_window");
    if (bytes > TER_SMALL_MAX_BYTES)
        return NULL;
    size_class = window_class(mutator, bytes);
    run = &mutator->cell_runs[kind][size_class];
    run->bytes = ter_size_class_bytes[size_class];
    return (struct ter_window *)run;
}

void *ter_allocate_slow(struct ter_mutator *mutator, struct ter_window *window)
{
    size_t index = (size_t)((struct ter_cell_run *)window - &mutator->cell_runs[0][0]);
    unsigned kind = (unsigned)(index / TER_SIZE_CLASSES);
    unsigned size_class = (unsigned)(index % TER_SIZE_CLASSES);
    void *object;

    TER_REQUIRE(index < TER_MAX_KINDS * TER_SIZE_CLASSES,
                "ter_allocate_fast: window %p belongs to another mutator than %p", (void *)window,
                (void *)mutator);
    ter_mutator_require(mutator, kind, "ter_allocate_fast");
    TER_NOTE_CALL(mutator);
    object = ter_mutator_allocate_slow(mutator, kind, size_class, window->bytes);
    object = or_else(mutator, kind, window->bytes, object);
    return ter_heap_note_object(mutator, object, kind, 0, __builtin_return_address(0));
}

/* ---- Forms ---- */

/* The smallest power of two that is not less; cells of such sizes are aligned to them. */
static size_t power_of_two_from(size_t bytes)
{
    size_t power = TER_BYTES_IN_GRANULE;

    while (power < bytes)
        power *= 2;
    return power;
}

static bool is_in_cells(const struct ter_mutator *mutator, unsigned kind)
{
    const struct ter_allocator *allocator = mutator->allocator;

    return allocator->malloc_space == NULL &&
           ter_allocator_small_space(allocator, kind)->policy->cells;
}

/* Where there is little memory, a larger cell than was asked for may lie anywhere. */
static void *aligned_cell(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                          size_t alignment)
{
    void *object = ter_mutator_allocate(mutator, kind, power_of_two_from(bytes));

    if (object == NULL || ter_is_aligned((uintptr_t)object, alignment))
        return object;
    ter_object_free(mutator, object);
    return ter_mutator_allocate_pages(mutator, kind, ter_align_up(bytes, TER_BYTES_IN_GRANULE));
}

static void *allocate_at_multiple(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                                  size_t alignment)
{
    size_t wanted = ter_max(ter_max(bytes, alignment), TER_BYTES_IN_GRANULE);

    if (alignment <= TER_BYTES_IN_GRANULE)
        return ter_mutator_allocate(mutator, kind, bytes);
    if (wanted <= TER_SMALL_MAX_BYTES && is_in_cells(mutator, kind))
        return aligned_cell(mutator, kind, wanted, alignment);
    wanted = ter_max(bytes, TER_BYTES_IN_GRANULE);
    if (!ter_allocator_can_hold(wanted))
        return NULL;
    if (!mutator->allocator->large->policy->own_pages)
        alignment = TER_BYTES_IN_GRANULE;
    return ter_mutator_allocate_pages(mutator, kind, ter_align_up(wanted, alignment));
}

/* Does the plan leave objects of that size and kind where they are? */
static bool stays(const struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    const struct ter_allocator *allocator = mutator->allocator;
    const struct ter_space *space =
        bytes > TER_SMALL_MAX_BYTES ? allocator->large : ter_allocator_small_space(allocator, kind);

    return allocator->malloc_space != NULL || !space->policy->moves;
}

static bool choose_kind(struct ter_mutator *mutator, size_t bytes, bool never_moves,
                        bool remembered, unsigned *kind)
{
    if (never_moves)
        never_moves = !stays(mutator, *kind, bytes);
    return ter_heap_kind_variant(mutator, *kind, never_moves, remembered, kind) == TER_OK;
}

void *ter_allocate_as(struct ter_mutator *mutator, unsigned kind, size_t bytes, size_t alignment,
                      unsigned form)
{
    bool never_moves = (form & TER_ALLOCATE_NEVER_MOVES) != 0 || alignment > TER_BYTES_IN_GRANULE;
    unsigned chosen = kind;
    void *object;

    ter_mutator_require(mutator, kind, "ter_allocate_as");
    ter_mutator_require_bound(mutator, "ter_allocate_as");
    TER_NOTE_CALL(mutator);
    TER_REQUIRE(ter_is_power_of_two(alignment) && alignment <= MOST_ALIGNMENT,
                "ter_allocate_as: an alignment is a power of two from 1 to %zu, not %zu",
                (size_t)MOST_ALIGNMENT, alignment);
    require_fixed_size(mutator, kind, bytes, "ter_allocate_as");
    if (!choose_kind(mutator, bytes, never_moves, (form & TER_ALLOCATE_REMEMBERED) != 0, &chosen))
        return NULL;
    mutator->no_collect = (form & TER_ALLOCATE_NO_COLLECT) != 0;
    object = allocate_at_multiple(mutator, chosen, bytes, alignment);
    mutator->no_collect = false;
    if (object == NULL)
        return (form & TER_ALLOCATE_NO_COLLECT) != 0 ? NULL : or_else(mutator, kind, bytes, NULL);
    ter_heap_note_object(mutator, object, chosen, bytes, __builtin_return_address(0));
    if ((form & TER_ALLOCATE_ZEROED) != 0 &&
        (!mutator->allocator->kinds[chosen].zeroed || mutator->allocator->is_checked))
        memset(object, 0, bytes);
    return object;
}
