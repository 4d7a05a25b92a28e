/* SPDX-License-Identifier: MIT */
#include "cycle/sizer.h"

/* The limit of an adaptive heap of which nothing is known. */
#define FIRST_LIMIT TER_MIB(4)

static void keep_to(struct ter_collector *collector, size_t bytes)
{
    size_t most = collector->trigger.max_bytes;

    collector->arena.accounting.limit_bytes = most == 0 ? bytes : ter_min(bytes, most);
}

void ter_sizer_init(struct ter_collector *collector, enum ter_sizing sizing)
{
    collector->trigger.sizing = sizing;
    collector->pacing.ended_ns = ter_os_now_ns();
    collector->pacing.copy_room_bytes = SIZE_MAX;
    if (sizing == TER_SIZING_FIXED)
        keep_to(collector, collector->trigger.max_bytes);
    else if (sizing == TER_SIZING_ADAPTIVE)
        keep_to(collector, ter_max(collector->arena.accounting.limit_bytes, FIRST_LIMIT));
}

void ter_sizer_begin(struct ter_collector *collector)
{
    struct ter_pacing *pacing = &collector->pacing;
    uint64_t start_ns = collector->collection->start_ns;

    ter_balance_watch(&collector->balance);
    /* One that another thread's came before was decided on before that was over. */
    if (start_ns > pacing->ended_ns)
        pacing->mutator_ns += start_ns - pacing->ended_ns;
    pacing->limit_bytes = collector->arena.accounting.limit_bytes;
    pacing->copy_room_bytes = ter_balance_begin(&collector->balance);
}

/* What became old in collections of young objects since the last whole one, and what is new. */
static uint64_t bytes_since_whole(const struct ter_pacing *pacing,
                                  const struct ter_collection *collection)
{
    size_t old = pacing->used_bytes;

    return (old > pacing->used_whole_bytes ? old - pacing->used_whole_bytes : 0) +
           collection->allocated_bytes;
}

static void learn(struct ter_pacing *pacing, const struct ter_collection *collection)
{
    const struct ter_rate_sample sample = {
        .allocated_bytes = bytes_since_whole(pacing, collection),
        .mutator_ns = pacing->mutator_ns,
        .live_bytes = collection->live.scanned_bytes + collection->live.atomic_bytes,
        .collector_ns = ter_os_now_ns() - collection->start_ns,
    };

    ter_rates_add(&pacing->rates, &sample);
    pacing->grown_bytes = (size_t)sample.allocated_bytes;
    pacing->mutator_ns = 0;
    pacing->used_whole_bytes = collection->used_after_bytes;
}

static size_t capped_sum(size_t one, size_t other)
{
    return other < SIZE_MAX - one ? one + other : SIZE_MAX;
}

/* Holes may be more than the room; then it is in them, and the limit need not be higher. */
static void resize_by_rule(struct ter_collector *collector, size_t live, size_t kept)
{
    struct ter_trigger *trigger = &collector->trigger;

    trigger->room_bytes =
        ter_sizing_room(&collector->pacing.rates, live, kept, trigger->free_space_divisor);
    keep_to(collector,
            ter_max(capped_sum(live + kept, trigger->room_bytes), trigger->used_bytes + kept));
}

void ter_sizer_resize(struct ter_collector *collector, struct ter_collection *collection)
{
    struct ter_pacing *pacing = &collector->pacing;
    size_t live = collection->live.scanned_bytes + collection->live.atomic_bytes;
    size_t kept = ter_spaces_reserve(collector);

    if (!collector->minor) {
        learn(pacing, collection);
        pacing->live_bytes = live;
        pacing->base_bytes = collection->used_after_bytes + kept;
        if (collector->trigger.sizing == TER_SIZING_ADAPTIVE)
            resize_by_rule(collector, live, kept);
    }
    pacing->used_bytes = collection->used_after_bytes;
}

/* Of a fixed heap it is what the limit leaves: nothing else would do. */
static size_t desired_room(const struct ter_collector *collector)
{
    size_t limit = collector->arena.accounting.limit_bytes, base = collector->pacing.base_bytes;

    if (collector->trigger.sizing == TER_SIZING_FIXED)
        return limit > base ? limit - base : 0;
    return ter_trigger_interval(&collector->trigger);
}

void ter_sizer_keep_to_share(struct ter_collector *collector)
{
    size_t beyond = ter_balance_beyond_share(&collector->balance);

    if (TER_UNLIKELY(beyond != 0) && collector->trim.enabled &&
        ter_spaces_trim(collector, beyond) != 0)
        ter_balance_gave_back(&collector->balance);
}

void ter_sizer_end(struct ter_collector *collector, bool took_place)
{
    struct ter_pacing *pacing = &collector->pacing;
    const struct ter_balance_findings findings = {.rates = &pacing->rates,
                                                  .live_bytes = pacing->live_bytes,
                                                  .base_bytes = pacing->base_bytes,
                                                  .desire_bytes = desired_room(collector)};

    pacing->ended_ns = ter_os_now_ns();
    ter_balance_end(&collector->balance, took_place && !collector->minor ? &findings : NULL);
    ter_sizer_keep_to_share(collector);
    if (collector->arena.accounting.limit_bytes > pacing->limit_bytes)
        ter_callbacks_resized(collector->callbacks, collector->arena.accounting.limit_bytes);
}
