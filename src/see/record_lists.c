/* SPDX-License-Identifier: MIT */
#include "see/record_lists.h"

#include <stdatomic.h>
#include <string.h>

#define PAIR 2u

/* Who reads the file when the process was killed sees stores in this order. */
static void in_order(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

static void begin_thinning(struct ter_recorded_list *list)
{
    list->moved = 0;
    in_order();
    list->thinning = 1;
    in_order();
}

static void thinned_one(struct ter_recorded_list *list)
{
    in_order();
    list->moved++;
    in_order();
}

static void end_thinning(struct ter_recorded_list *list, uint32_t count)
{
    list->count = count;
    in_order();
    list->thinning = 0;
    list->stride *= 2;
}

static void added(struct ter_recorded_list *list, uint32_t count)
{
    in_order();
    list->count += count;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- Sizes ---- */

static struct ter_recorded_sample joined_sample(const struct ter_recorded_sample *first,
                                                const struct ter_recorded_sample *second)
{
    return (struct ter_recorded_sample){
        .start_ns = first->start_ns,
        .end_ns = second->end_ns,
        .used_least = least(first->used_least, second->used_least),
        .used_most = most(first->used_most, second->used_most),
        .limit = most(first->limit, second->limit),
        .resident = most(first->resident, second->resident),
    };
}

static void thin_samples(struct ter_recording *recording)
{
    struct ter_recorded_list *list = &recording->sample_list;
    struct ter_recorded_sample *samples = recording->samples;

    begin_thinning(list);
    for (uint32_t i = 0; i < TER_RECORDED_SAMPLES / 2; i++) {
        samples[i] = joined_sample(&samples[(size_t)2 * i], &samples[(size_t)2 * i + 1]);
        thinned_one(list);
    }
    end_thinning(list, TER_RECORDED_SAMPLES / 2);
}

void ter_record_sample(struct ter_recording *recording, const struct ter_recorded_sample *sample,
                       uint32_t *in_last)
{
    struct ter_recorded_list *list = &recording->sample_list;

    if (list->count > 0 && *in_last < list->stride) {
        struct ter_recorded_sample *last = &recording->samples[list->count - 1];

        *last = joined_sample(last, sample);
        ++*in_last;
        return;
    }
    if (list->count == TER_RECORDED_SAMPLES)
        thin_samples(recording);
    recording->samples[list->count] = *sample;
    added(list, 1);
    *in_last = 1;
}

/* ---- Collections ---- */

/* The longer pause stands for both. */
static struct ter_recorded_collection joined_collection(
    const struct ter_recorded_collection *first, const struct ter_recorded_collection *second)
{
    struct ter_recorded_collection both = first->pause_ns >= second->pause_ns ? *first : *second;

    both.count = first->count + second->count;
    both.all_pauses_ns = first->all_pauses_ns + second->all_pauses_ns;
    both.allocated_bytes = first->allocated_bytes + second->allocated_bytes;
    return both;
}

static void thin_collections(struct ter_recording *recording)
{
    struct ter_recorded_list *list = &recording->collection_list;
    struct ter_recorded_collection *all = recording->collections;

    begin_thinning(list);
    for (uint32_t i = 0; i < TER_RECORDED_COLLECTIONS / 2; i++) {
        all[i] = joined_collection(&all[(size_t)2 * i], &all[(size_t)2 * i + 1]);
        thinned_one(list);
    }
    end_thinning(list, TER_RECORDED_COLLECTIONS / 2);
}

void ter_record_collection(struct ter_recording *recording,
                           const struct ter_recorded_collection *collection, uint32_t *in_last)
{
    struct ter_recorded_list *list = &recording->collection_list;

    if (list->count > 0 && *in_last < list->stride) {
        struct ter_recorded_collection *last = &recording->collections[list->count - 1];

        *last = joined_collection(last, collection);
        ++*in_last;
        return;
    }
    if (list->count == TER_RECORDED_COLLECTIONS)
        thin_collections(recording);
    recording->collections[list->count] = *collection;
    added(list, 1);
    *in_last = 1;
}

void ter_record_pause(struct ter_recording *recording, bool young, uint64_t pause_ns)
{
    unsigned log = pause_ns < 1u << TER_RECORDED_PAUSE_STEPS_LOG
                       ? 0
                       : ter_log2(pause_ns) - TER_RECORDED_PAUSE_STEPS_LOG + 1;
    uint64_t step = log == 0 ? pause_ns : (pause_ns >> (log - 1)) & 7u;
    uint64_t bucket = ((uint64_t)log << TER_RECORDED_PAUSE_STEPS_LOG) + step;

    recording->pauses[young][least(bucket, TER_RECORDED_PAUSES - 1)]++;
}

/* ---- Snapshots ---- */

/* Every second pair goes. */
static void thin_snapshots(struct ter_recording *recording)
{
    struct ter_recorded_list *list = &recording->snapshot_list;
    struct ter_recorded_snapshot *all = recording->snapshots;
    uint32_t kept = 0;

    begin_thinning(list);
    for (uint32_t from = 0; from < list->count; from += 2 * PAIR) {
        uint32_t count = list->count - from < PAIR ? 1 : PAIR;

        if (from > 0)
            memcpy(&all[kept], &all[from], count * sizeof all[0]);
        for (uint32_t i = 0; i < count; i++)
            thinned_one(list);
        kept += count;
    }
    end_thinning(list, kept);
}

struct ter_recorded_snapshot *ter_record_snapshots(struct ter_recording *recording)
{
    if (recording->snapshot_list.count + PAIR > TER_RECORDED_SNAPSHOTS)
        thin_snapshots(recording);
    return &recording->snapshots[recording->snapshot_list.count];
}

void ter_record_commit_snapshots(struct ter_recording *recording, uint32_t count)
{
    added(&recording->snapshot_list, count);
}
