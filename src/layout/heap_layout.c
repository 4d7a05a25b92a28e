/* SPDX-License-Identifier: MIT */
#include "layout/layout.h"

#include <string.h>

/* A shared range is made to fit in at least so many parts, so that little of the budget is left. */
#define LOG_FITTED_SLOTS 3u
/* Chunks that are of any use to spaces that share them. */
#define FEWEST_CHUNKS 4u
/* Where smaller slots than a preset's are put: so many times their size above address 0. */
#define LOW_SLOTS ((uintptr_t)4096)

/*
 * Programs are full of words whose upper half is a number: 512, 4096, a colour, two letters. So
 * spaces begin where the upper halves, 0x2f83 and so on, are numbers that data hardly has: not
 * small, not round, no letters; and where the lower half is neither small, nor nearly
 * -1, nor letters. docs/decisions/0015-addresses.md has the figures.
 */
#define RARE_START (UINT64_C(0x2f80) << 32)
#define RARE_FIRST (UINT64_C(0x399400000))
#define LOG_BY_NEED 36u      /* the smallest slots by need that are not made by hand */
#define LOG_MOST_BY_NEED 41u /* a page run has no more */

/*
 * Of what is made smaller and shared: as rare as is possible where a sparse map's table is
 * small.
 */
#define LOW_RARE_START (UINT64_C(0x1ed99400000))

/* Where systems load programs, with what grows behind them. */
#define PROGRAMS (UINT64_C(0x5500) << 32)
#define PROGRAMS_END (UINT64_C(0x5700) << 32)
/* Below are programs at fixed addresses and those that want few address bits. */
#define LOWEST_PLACEMENT (UINT64_C(0x100) << 32)
/* Where systems begin to put things from the top down. */
#define HIGHEST_PLACEMENT (UINT64_C(0x7e00) << 32)

/*
 * default:    by need, in slots of 64 GiB or more, at a rare start.
 * compressed: ends below 32 GiB, so that a reference shifted right by 3 has 32 bits. It begins at
 *             4 GiB and leaves what is below to those who can use nothing else.
 * small:      16 GiB in all, for 39-bit machines and the like.
 * sanitizer:  where address, thread and memory sanitizers and Valgrind all allow a heap.
 * 32bit:      1 GiB, at 1 GiB or wherever the kernel has it in one piece; malloc, stacks and other
 *             heaps need the rest.
 */
static const struct ter_layout presets[] = {
    {"default", (uintptr_t)RARE_START, LOG_BY_NEED, 3, true, 0, true, (uintptr_t)RARE_FIRST},
    {"compressed", (uintptr_t)(UINT64_C(1) << 32), 30, 28, false, (uintptr_t)(UINT64_C(1) << 35),
     false, 0},
    {"small", (uintptr_t)(UINT64_C(1) << 37), 30, 16, true, 0, false, 0},
    {"sanitizer", (uintptr_t)(UINT64_C(0x7e80) << 32), 34, 16, true, 0, false, 0},
    {"32bit", (uintptr_t)1 << 30, 27, 8, false, 0, false, 0},
};

const char *ter_layout_preset_names(void)
{
    return "default, compressed, small, sanitizer, 32bit";
}

const char *ter_layout_auto_name(void)
{
    if (sizeof TER_AUTO_LAYOUT > 1)
        return TER_AUTO_LAYOUT;
    if (sizeof(uintptr_t) < sizeof(uint64_t))
        return "32bit";
    return TER_HAS_SANITIZER ? "sanitizer" : "default";
}

/* A preset that is larger than this machine's addresses is as good as unknown. */
bool ter_layout_find_preset(const char *name, struct ter_layout *layout)
{
    for (size_t i = 0; i < TER_ARRAY_LENGTH(presets); i++)
        if (strcmp(presets[i].name, name) == 0) {
            *layout = presets[i];
            return ter_layout_validate(layout) == NULL;
        }
    return false;
}

/* The slots are known to fit an address space, so that their size is a number. */
static const char *validate_placement(const struct ter_layout *layout)
{
    size_t bytes = ter_layout_heap_bytes(layout);

    if (!ter_is_aligned(layout->heap_start, TER_BYTES_IN_CHUNK))
        return "the heap starts at a multiple of a chunk of 4 MiB";
    if (layout->heap_start > UINTPTR_MAX - bytes)
        return "the heap ends inside the address space";
    if (layout->limit == 0)
        return NULL;
    if (!ter_is_aligned(layout->limit, TER_BYTES_IN_CHUNK))
        return "the limit is a multiple of a chunk of 4 MiB";
    /* Nothing lies at address 0, so a heap as large as all below the limit has no placement. */
    if (bytes >= layout->limit)
        return "the slots are larger than what lies below the limit";
    if (layout->heap_start > layout->limit - bytes)
        return "the heap ends at or below the limit";
    return NULL;
}

const char *ter_layout_validate(const struct ter_layout *layout)
{
    unsigned address_bits = (unsigned)sizeof(uintptr_t) * 8;

    if (layout->slot_count == 0 || layout->slot_count > TER_MAX_SLOTS)
        return "a layout has 1 to 64 slots";
    if (layout->log_space_extent < TER_LOG_BYTES_IN_CHUNK)
        return "a slot holds at least one chunk of 4 MiB";
    if (layout->log_space_extent >= address_bits ||
        (uintptr_t)layout->slot_count > UINTPTR_MAX >> layout->log_space_extent)
        return "the slots are larger than the address space";
    if (layout->by_need && (!layout->contiguous || layout->limit != 0))
        return "spaces that grow by need have slots of their own and no limit";
    if (layout->first >= ter_layout_space_extent(layout) ||
        (layout->first != 0 && !layout->contiguous) ||
        !ter_is_aligned(layout->first, TER_BYTES_IN_CHUNK))
        return "a space begins at a chunk of its slot";
    return validate_placement(layout);
}

/*
 * Slots that begin no more than some thousands of their size above address 0 are within reach of a
 * space map. On 32 bits the kernel chooses.
 */
static uintptr_t low_start(const struct ter_layout *layout)
{
    uintptr_t start = LOW_SLOTS << layout->log_space_extent;

    if (!layout->contiguous || start >> layout->log_space_extent != LOW_SLOTS)
        return 0;
    return ter_min(start, layout->heap_start != 0 ? layout->heap_start : start);
}

/* What is smaller than a preset is reserved, wherever that may be. */
void ter_layout_make_reserved(struct ter_layout *layout)
{
    layout->by_need = false;
    layout->first = 0;
}

bool ter_layout_shrink(struct ter_layout *layout)
{
    ter_layout_make_reserved(layout);
    if (layout->log_space_extent > TER_LOG_BYTES_IN_CHUNK)
        layout->log_space_extent--;
    else if (!layout->contiguous && layout->slot_count > FEWEST_CHUNKS)
        layout->slot_count = (unsigned)ter_max(layout->slot_count / 2, FEWEST_CHUNKS);
    else
        return false;
    if (layout->limit == 0)
        layout->heap_start = low_start(layout);
    return true;
}

/* How spaces that share a range see it does not depend on its slots. */
static void fit_shared(struct ter_layout *layout, size_t budget)
{
    size_t bytes = ter_max(budget, TER_BYTES_IN_CHUNK * FEWEST_CHUNKS);

    if (layout->by_need)
        layout->heap_start = (uintptr_t)LOW_RARE_START;
    layout->contiguous = false;
    layout->log_space_extent = ter_log2(bytes) - LOG_FITTED_SLOTS;
    if (layout->log_space_extent < TER_LOG_BYTES_IN_CHUNK)
        layout->log_space_extent = TER_LOG_BYTES_IN_CHUNK;
    layout->slot_count = (unsigned)(bytes >> layout->log_space_extent);
}

bool ter_layout_fit(struct ter_layout *layout, size_t budget, bool may_share)
{
    if (ter_layout_heap_bytes(layout) <= budget)
        return false;
    if (may_share || !layout->contiguous)
        fit_shared(layout, budget);
    else
        layout->log_space_extent =
            ter_log2(ter_max(budget / layout->slot_count, TER_BYTES_IN_CHUNK));
    ter_layout_make_reserved(layout);
    if (layout->contiguous && layout->limit == 0)
        layout->heap_start = low_start(layout);
    return true;
}

void ter_layout_widen(struct ter_layout *layout, size_t bytes)
{
    while (layout->log_space_extent < LOG_MOST_BY_NEED &&
           ter_layout_space_extent(layout) - layout->first < bytes)
        layout->log_space_extent++;
    layout->heap_start = ter_align_up(layout->heap_start, ter_layout_space_extent(layout));
}

/*
 * The placement `*placement` steps above `from`, if it ends at or below `to`; else the steps are
 * subtracted.
 */
static bool step_up(uintptr_t from, uintptr_t to, size_t step, unsigned *placement,
                    uintptr_t *start)
{
    size_t placements = to > from ? (to - from) / step : 0;

    if (*placement >= placements) {
        *placement -= (unsigned)placements;
        return false;
    }
    *start = from + *placement * step;
    return true;
}

bool ter_layout_placement(const struct ter_layout *layout, size_t taken_bytes, unsigned placement,
                          uintptr_t *start)
{
    const uintptr_t base = layout->heap_start, slot = ter_layout_space_extent(layout);
    uintptr_t lowest = ter_align_up((uintptr_t)LOWEST_PLACEMENT, slot), below;
    uintptr_t programs = (uintptr_t)PROGRAMS; /* 0 on 32 bits, where all are made by hand */

    *start = base;
    if (placement == 0)
        return true;
    if (base < lowest || base >= programs || taken_bytes > base - lowest)
        return false; /* made by hand */
    placement--;
    if (step_up(base + taken_bytes, programs, taken_bytes, &placement, start) ||
        step_up(ter_align_up((uintptr_t)PROGRAMS_END, slot), (uintptr_t)HIGHEST_PLACEMENT,
                taken_bytes, &placement, start))
        return true;
    below = lowest + (base - lowest) % taken_bytes;
    return step_up(below, base, taken_bytes, &placement, start);
}
