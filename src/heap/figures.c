/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

static size_t log_bytes(const struct ter_figures *figures)
{
    return ter_align_up(figures->log_capacity * sizeof figures->log[0], ter_os_page_size());
}

ter_status ter_figures_init(struct ter_figures *figures, size_t log_capacity)
{
    void *memory = NULL;
    ter_status status;

    figures->log_capacity = log_capacity;
    if (log_capacity == 0)
        return TER_OK;
    status = ter_os_allocate(log_bytes(figures), &memory);
    figures->log = memory;
    return status;
}

void ter_figures_fini(struct ter_figures *figures)
{
    if (figures->log != NULL)
        ter_os_release((uintptr_t)figures->log, log_bytes(figures));
    figures->log = NULL;
}

static unsigned bucket_of(uint64_t pause_ns)
{
    unsigned log;

    if (pause_ns < 1u << TER_PAUSE_STEPS_LOG)
        return (unsigned)pause_ns;
    log = ter_log2(pause_ns) - TER_PAUSE_STEPS_LOG;
    return ((log + 1) << TER_PAUSE_STEPS_LOG) +
           (unsigned)((pause_ns >> log) & ((1u << TER_PAUSE_STEPS_LOG) - 1));
}

/* The middle of what the bucket counts. */
static uint64_t bucket_value(unsigned bucket)
{
    unsigned log = bucket >> TER_PAUSE_STEPS_LOG;
    uint64_t step = bucket & ((1u << TER_PAUSE_STEPS_LOG) - 1);

    if (log == 0)
        return step;
    return (((UINT64_C(1) << TER_PAUSE_STEPS_LOG) + step) << (log - 1)) +
           (log > 1 ? UINT64_C(1) << (log - 2) : 0);
}

/* Nanoseconds have 64 bits everywhere, which ter_max has not. */
static void raise_to(uint64_t *most, uint64_t value)
{
    if (*most < value)
        *most = value;
}

static void add_pause(struct ter_pauses *pauses, uint64_t pause_ns)
{
    pauses->count++;
    pauses->total_ns += pause_ns;
    raise_to(&pauses->max_ns, pause_ns);
    pauses->histogram[bucket_of(pause_ns)]++;
}

void ter_figures_add(struct ter_figures *figures, const struct ter_collection *collection)
{
    size_t live = collection->live.scanned_bytes + collection->live.atomic_bytes;

    figures->by_reason[collection->reason]++;
    add_pause(&figures->all, collection->pause_ns);
    if (collection->young)
        add_pause(&figures->young, collection->pause_ns);
    figures->mark_total_ns += collection->mark_ns;
    figures->sweep_total_ns += collection->sweep_ns;
    figures->collection_total_ns += collection->total_ns;
    raise_to(&figures->collection_max_ns, collection->total_ns);
    figures->peak_live_bytes = ter_max(figures->peak_live_bytes, live);
    if (figures->log_count < figures->log_capacity)
        figures->log[figures->log_count++] = *collection;
}

uint64_t ter_pauses_percentile(const struct ter_pauses *pauses, unsigned percent)
{
    /* The smallest value that at least so many pauses do not exceed. */
    uint64_t wanted = (pauses->count * percent + 99) / 100;
    uint64_t seen = 0;

    if (pauses->count == 0)
        return 0;
    for (unsigned bucket = 0; bucket < TER_PAUSE_BUCKETS; bucket++) {
        seen += pauses->histogram[bucket];
        if (seen >= wanted)
            return bucket_value(bucket) < pauses->max_ns ? bucket_value(bucket) : pauses->max_ns;
    }
    return pauses->max_ns;
}
