/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

/* ---- Life ---- */

static size_t sampler_bytes(void)
{
    return ter_align_up(sizeof(struct ter_sampler), ter_os_page_size());
}

static double next_bytes(struct ter_sampler *sampler, const struct ter_sampling *sampling)
{
    return ter_exponential(&sampler->random) * (double)sampling->interval;
}

/* The same program chooses the same objects again, if its threads begin in the same order. */
struct ter_sampler *ter_sampler_new(struct ter_sampling *sampling)
{
    struct ter_sampler *sampler;
    void *memory;

    if (TER_LIKELY(sampling == NULL) ||
        ter_os_allocate_named(sampler_bytes(), "terrier:sampler", &memory) != TER_OK)
        return NULL;
    sampler = memory;
    sampler->random.state =
        ter_spread(atomic_fetch_add_explicit(&sampling->mutators, 1, memory_order_relaxed) + 1);
    sampler->large_left = next_bytes(sampler, sampling);
    if (!ter_os_find_stack(&sampler->stack))
        sampler->stack = (struct ter_os_stack){0};
    return sampler;
}

void ter_sampler_free(struct ter_sampler *sampler)
{
    if (sampler != NULL)
        ter_os_release((uintptr_t)sampler, sampler_bytes());
}

double ter_sampling_chance(size_t interval, size_t bytes)
{
    return ter_exponential_chance((double)bytes / (double)interval);
}

/* ---- Small objects ---- */

/* A cell is chosen if the next byte that is lies in it. */
static void draw_cells(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_sampler *sampler = mutator->sampler;
    double cells = next_bytes(sampler, mutator->allocator->sampling) /
                   (double)ter_size_class_bytes[size_class];

    sampler->left[kind][size_class] = cells < INT32_MAX ? (uint32_t)cells + 1 : INT32_MAX;
}

bool ter_sampler_count_cell(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    uint32_t *left = &mutator->sampler->left[kind][size_class];

    if (mutator->sampler->busy)
        return false;
    if (*left == 0)
        draw_cells(mutator, kind, size_class);
    if (*left > 1) {
        *left -= 1;
        return false;
    }
    draw_cells(mutator, kind, size_class);
    return true;
}

/* Of a cell that was counted, `left` is what follows it and 1. */
size_t ter_sampler_most_bytes(struct ter_mutator *mutator, unsigned kind, unsigned size_class,
                              size_t bytes)
{
    const uint32_t *left = &mutator->sampler->left[kind][size_class];
    uint64_t most;

    if (*left == 0)
        draw_cells(mutator, kind, size_class);
    most = (uint64_t)*left * ter_size_class_bytes[size_class];
    return most > bytes ? bytes : (size_t)most;
}

void ter_sampler_move_cells(struct ter_mutator *mutator, unsigned kind, unsigned size_class,
                            ptrdiff_t bytes)
{
    uint32_t *left = &mutator->sampler->left[kind][size_class];
    ptrdiff_t cells = bytes / (ptrdiff_t)ter_size_class_bytes[size_class];

    *left = cells < (ptrdiff_t)*left ? (uint32_t)((ptrdiff_t)*left - cells) : 1;
}

/* ---- Others ---- */

bool ter_sampler_count_large(struct ter_mutator *mutator, size_t bytes)
{
    struct ter_sampler *sampler = mutator->sampler;

    if (sampler->busy)
        return false;
    sampler->large_left -= (double)bytes;
    if (sampler->large_left > 0)
        return false;
    sampler->large_left = next_bytes(sampler, mutator->allocator->sampling);
    return true;
}

/* ---- What was chosen ---- */

void ter_sampling_tell(struct ter_mutator *mutator, uintptr_t object, unsigned kind, size_t bytes)
{
    TER_KEEP_ERRNO;
    const struct ter_sampling *sampling = mutator->allocator->sampling;

    if (object == 0)
        return;
    mutator->sampler->busy = true;
    sampling->sampled(sampling->context, mutator, object, kind, bytes);
    mutator->sampler->busy = false;
}

static _Atomic uint8_t *filter_byte(struct ter_sampling *sampling, uintptr_t object, uint8_t *bit)
{
    uint64_t number = ter_spread(object >> TER_LOG_BYTES_IN_GRANULE) >> 32;

    *bit = (uint8_t)(1u << (number & 7));
    return &sampling->filter[(size_t)(number >> 3) & (TER_SAMPLING_FILTER_BYTES - 1)];
}

void ter_sampling_note(struct ter_sampling *sampling, uintptr_t object)
{
    uint8_t bit;
    _Atomic uint8_t *byte = filter_byte(sampling, object, &bit);

    atomic_fetch_or_explicit(byte, bit, memory_order_relaxed);
}

void ter_sampling_note_none(struct ter_sampling *sampling)
{
    for (size_t i = 0; i < TER_SAMPLING_FILTER_BYTES; i++)
        atomic_store_explicit(&sampling->filter[i], 0, memory_order_relaxed);
}

void ter_sampling_forget(struct ter_allocator *allocator, uintptr_t object)
{
    struct ter_sampling *sampling = allocator->sampling;
    bool locks = !ter_allocator_is_locked_by_me(allocator);
    uint8_t bit;
    _Atomic uint8_t *byte = filter_byte(sampling, object, &bit);

    if ((atomic_load_explicit(byte, memory_order_relaxed) & bit) == 0)
        return;
    if (locks)
        ter_allocator_lock(allocator);
    sampling->freed(sampling->context, object);
    if (locks)
        ter_allocator_unlock(allocator);
}
