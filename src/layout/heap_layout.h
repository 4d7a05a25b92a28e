/* SPDX-License-Identifier: MIT */
/*
 * Where a heap lives.
 *
 * Invariant of a valid layout: `slot_count` slots of 2^log_space_extent bytes lie side by side from
 * `heap_start`, which is a multiple of a chunk; the end does not pass the limit, nor the top of the
 * address space; a slot holds at least one chunk. Where the layout is contiguous, each space owns
 * one slot for ever, from `first` bytes above its start on; elsewhere spaces share the whole range
 * chunk by chunk.
 *
 * A layout is reserved as a whole before it is used, or by need: then nothing is asked of the
 * system but what the heap uses, and its side metadata lies in the slots behind those of the
 * spaces.
 *
 * All functions are pure; any thread may call them.
 */
#pragma once

#include "base/base.h"

struct ter_layout {
    const char *name;
    uintptr_t heap_start; /* first byte; as a preset: the hint, 0 lets the kernel choose */
    unsigned log_space_extent;
    unsigned slot_count;
    bool contiguous;
    uintptr_t limit; /* the heap ends at or below it; 0: wherever there is room */
    bool by_need;    /* not reserved: mapped as the heap grows */
    uintptr_t first; /* of each slot: its space begins so far above its start */
};

TER_INLINE size_t ter_layout_space_extent(const struct ter_layout *layout)
{
    return (size_t)1 << layout->log_space_extent;
}

TER_INLINE size_t ter_layout_heap_bytes(const struct ter_layout *layout)
{
    return (size_t)layout->slot_count << layout->log_space_extent;
}

TER_INLINE uintptr_t ter_layout_slot_start(const struct ter_layout *layout, unsigned slot)
{
    return layout->heap_start + ((uintptr_t)slot << layout->log_space_extent);
}

/* First byte that the slot's space may have. */
TER_INLINE uintptr_t ter_layout_space_start(const struct ter_layout *layout, unsigned slot)
{
    return ter_layout_slot_start(layout, slot) + layout->first;
}

/* One past the last. */
TER_INLINE uintptr_t ter_layout_space_end(const struct ter_layout *layout, unsigned slot)
{
    return ter_layout_slot_start(layout, slot) + ter_layout_space_extent(layout);
}

/* Most slots that a layout may have; one more than the largest slot index. */
#define TER_MAX_SLOTS 64u

/* NULL when the layout is valid, else the rule that it breaks, in words. */
const char *ter_layout_validate(const struct ter_layout *layout);

/* The preset of that name; false if there is none that fits the machine's addresses. */
bool ter_layout_find_preset(const char *name, struct ter_layout *layout);

/* The preset for this build when the user names none. */
const char *ter_layout_auto_name(void);

/*
 * The next layout to try when the system refused this one: half as large. Slots get
 * another hint; a shared range is left to the kernel, but where a limit is to be kept: the
 * placement found for the whole has room for the half. False when the layout is already the
 * smallest that is of use.
 */
bool ter_layout_shrink(struct ter_layout *layout);

/*
 * Makes the layout as large as fits `budget` bytes; one that fits stays as it is and gives false.
 * The spaces then share the range, if they may: slots of their own would be small, and some of them
 * full while others are empty. The smallest layout may still be larger than the budget.
 */
bool ter_layout_fit(struct ter_layout *layout, size_t budget, bool may_share);

/* Of a layout by need: it is to be reserved as a whole, and spaces begin where their slots do. */
void ter_layout_make_reserved(struct ter_layout *layout);

/*
 * Of a layout by need: gives the slots as many bytes as a space needs that may hold `bytes`,
 * between the preset's and 2 TiB, what the records of the page resources can express.
 */
void ter_layout_widen(struct ter_layout *layout, size_t bytes);

/*
 * Placements for layouts by need, which nobody reserves: `taken_bytes` is what one takes with its
 * side metadata, a multiple of a slot. Placement 0 is the preset's start, the next lie side by side
 * above it, then above where programs are loaded, then below. False: there are no more.
 */
bool ter_layout_placement(const struct ter_layout *layout, size_t taken_bytes, unsigned placement,
                          uintptr_t *start);

/* Names of the presets for messages: "default, small, ...". */
const char *ter_layout_preset_names(void);
