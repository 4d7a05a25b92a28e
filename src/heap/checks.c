/* SPDX-License-Identifier: MIT */
#include "heap/checks.h"

#include "heap/heap.h"

static bool wants_checking(const struct ter_options *options)
{
    return options->check_heap != 0 || options->poison != 0 || options->origins != 0;
}

size_t ter_heap_stress_interval(const struct ter_options *options)
{
    if (options->stress == 0 && wants_checking(options))
        return SIZE_MAX;
    return options->stress > SIZE_MAX ? SIZE_MAX : (size_t)options->stress;
}

static bool is_of_another_heap(const struct ter_collector *collector, uintptr_t word)
{
    const struct ter_heap *heap = ter_heap_of_word(word);

    return heap != NULL && &heap->collector != collector;
}

void ter_heap_begin_checks(struct ter_heap *heap)
{
    const struct ter_options *options = &heap->options;

    if (!wants_checking(options))
        return;
    heap->checking = (struct ter_checking){.poisons = options->poison != 0,
                                           .sites = options->origins != 0,
                                           .walks = (unsigned)options->check_heap,
                                           .is_foreign = is_of_another_heap};
    ter_checking_init(&heap->checking, &heap->collector);
    heap->collector.allocator.checking = &heap->checking;
    heap->collector.allocator.is_checked = true;
}

void ter_heap_end_checks(struct ter_heap *heap)
{
    if (heap->collector.allocator.checking != NULL)
        ter_checking_fini(&heap->checking);
    heap->collector.allocator.checking = NULL;
}

void ter_heap_look(struct ter_heap *heap)
{
    struct ter_allocator *allocator = &heap->collector.allocator;

    if (!allocator->is_checked)
        return;
    while (!ter_safepoints_gather(allocator))
        continue;
    ter_heap_compare_barriers(heap);
    if (allocator->checking != NULL)
        ter_checking_look(&heap->checking);
    ter_safepoints_disperse(allocator);
}

void ter_heap_check_slots(const struct ter_heap *heap, ter_status status, const char *call,
                          const char *wrong)
{
    TER_REQUIRE(status != TER_ERROR_INVALID || heap->collector.allocator.checking == NULL,
                "check_heap: %s: %s", call, wrong);
}
