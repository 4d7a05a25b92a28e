/* SPDX-License-Identifier: MIT */
#include "see/recorder.h"

#include <string.h>

/* A slow allocation is an event of its own if it took so long; the others are counted. */
#define WORTH_AN_EVENT_NS UINT64_C(50000)
/* Between counters that no collection is the reason of. */
#define COUNTERS_NS UINT64_C(1000000)
/* Between two of those after which sinks may write. */
#define SETTLE_NS UINT64_C(100000000)

#define COUNT_OF(values) ((unsigned)TER_ARRAY_LENGTH(values))

static _Atomic unsigned heaps;

static void tell_sinks(const struct ter_recorder *recorder, const struct ter_event *event)
{
    for (struct ter_sink *sink = recorder->sinks; sink != NULL; sink = sink->next)
        sink->event(sink, event);
}

static void tell_sized(const struct ter_recorder *recorder, uint64_t now)
{
    for (struct ter_sink *sink = recorder->sinks; sink != NULL; sink = sink->next)
        if (sink->sized != NULL)
            sink->sized(sink, now);
}

static void tell_passage(const struct ter_recorder *recorder, const struct ter_passage *passage)
{
    for (struct ter_sink *sink = recorder->sinks; sink != NULL; sink = sink->next)
        if (sink->passed != NULL)
            sink->passed(sink, passage, recorder->parts_ns);
}

static void settle_sinks(const struct ter_recorder *recorder, bool last)
{
    for (struct ter_sink *sink = recorder->sinks; sink != NULL; sink = sink->next)
        sink->settle(sink, last);
}

/* ---- Threads ---- */

static bool is_named_thread(const struct ter_recorder *recorder, unsigned thread)
{
    unsigned count = (unsigned)ter_min(recorder->thread_count, TER_RECORDER_THREADS);

    for (unsigned i = 0; i < count; i++)
        if (recorder->threads[i] == thread)
            return true;
    return false;
}

/* Before its first event; `usual`: for threads of ours. NULL: as the system calls it. */
static void name_thread(struct ter_recorder *recorder, unsigned thread, const char *usual)
{
    const struct ter_os_thread record = {.number = (int)thread};
    char name[32] = "";
    struct ter_event_value value = {.key = "name", .text = usual};
    const struct ter_event event = {.form = TER_EVENT_THREAD_NAME,
                                    .heap = recorder->heap,
                                    .thread = thread,
                                    .values = &value,
                                    .value_count = 1};

    if (is_named_thread(recorder, thread))
        return;
    recorder->threads[recorder->thread_count++ % TER_RECORDER_THREADS] = thread;
    if (usual == NULL) {
        ter_os_thread_name(&record, name, sizeof name);
        value.text = name;
    }
    tell_sinks(recorder, &event);
}

/* ---- Slices ---- */

/* Without asking the system, as a rule. */
static unsigned own_thread(void)
{
    const struct ter_os_thread *self = ter_os_thread_self();

    return self != NULL ? (unsigned)self->number : ter_os_thread_number();
}

static struct ter_event slice(const struct ter_recorder *recorder, const char *name,
                              uint64_t start_ns, uint64_t end_ns)
{
    return (struct ter_event){.form = TER_EVENT_SLICE,
                              .name = name,
                              .heap = recorder->heap,
                              .thread = own_thread(),
                              .start_ns = start_ns,
                              .end_ns = end_ns};
}

static void tell_slice(struct ter_recorder *recorder, struct ter_event event,
                       const struct ter_event_value *values, unsigned count)
{
    event.values = values;
    event.value_count = count;
    name_thread(recorder, event.thread, NULL);
    tell_sinks(recorder, &event);
}

static void tell_of_heap(struct ter_recorder *recorder, struct ter_event event)
{
    const struct ter_event_value value = {.key = "heap", .number = recorder->heap};

    tell_slice(recorder, event, &value, 1);
}

/* ---- Counters ---- */

static void tell_counter(const struct ter_recorder *recorder, const char *name, const char *unit,
                         uint64_t number, uint64_t now)
{
    const struct ter_event_value value = {.key = unit, .number = number};
    const struct ter_event event = {.form = TER_EVENT_COUNTER,
                                    .name = name,
                                    .heap = recorder->heap,
                                    .start_ns = now,
                                    .values = &value,
                                    .value_count = 1};

    tell_sinks(recorder, &event);
}

static void count_sizes(struct ter_recorder *recorder, uint64_t now)
{
    const struct ter_accounting *accounting = &recorder->collector->arena.accounting;

    tell_counter(recorder, "heap limit", "bytes", accounting->limit_bytes, now);
    tell_counter(recorder, "used", "bytes",
                 atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed), now);
    recorder->counted_ns = now;
    tell_sized(recorder, now);
}

static void count_slow(struct ter_recorder *recorder, uint64_t now)
{
    tell_counter(recorder, "slow allocations", "count", recorder->slow.count, now);
    tell_counter(recorder, "time of slow allocations", "ns", recorder->slow.nanoseconds, now);
    recorder->slow = (struct ter_slow_allocations){0, 0, 0};
}

/* ---- What is watched ---- */

static void watch_part(void *context, enum ter_part part)
{
    struct ter_recorder *recorder = context;
    uint64_t now = ter_os_now_ns();

    if (recorder->part == TER_PART_NONE) {
        count_sizes(recorder, now);
        memset(recorder->parts_ns, 0, sizeof recorder->parts_ns);
    } else {
        recorder->parts_ns[recorder->part] += now - recorder->part_ns;
        tell_of_heap(recorder,
                     slice(recorder, ter_part_name(recorder->part), recorder->part_ns, now));
    }
    if (part == TER_PART_STOP)
        recorder->stop_ns = now;
    recorder->part = part;
    recorder->part_ns = now;
}

static void watch_helped(void *context, unsigned thread, uint64_t start_ns, uint64_t end_ns)
{
    struct ter_recorder *recorder = context;
    struct ter_event event = slice(recorder, "mark (helper)", start_ns, end_ns);

    name_thread(recorder, thread, "Terrier helper");
    event.thread = thread;
    tell_of_heap(recorder, event);
}

static void watch_allocated(void *context, size_t bytes, uint64_t start_ns)
{
    struct ter_recorder *recorder = context;
    uint64_t now = ter_os_now_ns();
    const struct ter_event_value values[] = {{.key = "heap", .number = recorder->heap},
                                             {.key = "bytes", .number = bytes}};

    recorder->slow.count++;
    recorder->slow.nanoseconds += now - start_ns;
    recorder->slow.bytes += bytes;
    if (now - start_ns >= WORTH_AN_EVENT_NS)
        tell_slice(recorder, slice(recorder, "slow allocation", start_ns, now), values,
                   COUNT_OF(values));
    if (now - recorder->counted_ns < COUNTERS_NS)
        return;
    count_sizes(recorder, now);
    if (now - recorder->settled_ns < SETTLE_NS)
        return;
    recorder->settled_ns = now;
    settle_sinks(recorder, false);
}

static void watch_stood(void *context, uint64_t start_ns)
{
    struct ter_recorder *recorder = context;

    tell_of_heap(recorder, slice(recorder, "stands at a safepoint", start_ns, ter_os_now_ns()));
}

/* Threads are stopped for other things too, but only in a collection is it known since when. */
static void watch_stopped(void *context, unsigned thread)
{
    struct ter_recorder *recorder = context;
    struct ter_event event;

    if (recorder->part == TER_PART_NONE)
        return;
    event = slice(recorder, "is stopped", recorder->stop_ns, ter_os_now_ns());
    event.thread = thread;
    tell_of_heap(recorder, event);
}

/* ---- What the collector calls ---- */

static void tell_collection(struct ter_recorder *recorder, const struct ter_collection *collection)
{
    uint64_t live = collection->live.scanned_bytes + collection->live.atomic_bytes;
    uint64_t end_ns = collection->start_ns + collection->total_ns + collection->looked_ns;
    const struct ter_event_value values[] = {
        {.key = "heap", .number = recorder->heap},
        {.key = "number", .number = collection->number},
        {.key = "reason", .text = ter_collection_reason_name(collection->reason)},
        {.key = "of", .text = collection->young ? "young objects" : "all objects"},
        {.key = "pause_ns", .number = collection->pause_ns},
        {.key = "allocated_bytes", .number = collection->allocated_bytes},
        {.key = "used_before_bytes", .number = collection->used_before_bytes},
        {.key = "used_after_bytes", .number = collection->used_after_bytes},
        {.key = "live_bytes", .number = live},
        {.key = "live_objects", .number = collection->live.objects}};
    const char *name = collection->young ? "young collection" : "collection";

    tell_slice(recorder, slice(recorder, name, collection->start_ns, end_ns), values,
               COUNT_OF(values));
    count_sizes(recorder, end_ns);
    tell_counter(recorder, "live", "bytes", live, end_ns);
    count_slow(recorder, end_ns);
}

static void recorder_passed(void *context, const struct ter_passage *passage)
{
    struct ter_recorder *recorder = context;

    tell_passage(recorder, passage);
    if (passage->phase != TER_PHASE_ENDED)
        return;
    tell_collection(recorder, passage->collection);
    settle_sinks(recorder, false);
}

static void recorder_resized(void *context, size_t limit_bytes)
{
    (void)limit_bytes;
    count_sizes(context, ter_os_now_ns());
}

/* ---- Life ---- */

void ter_recorder_begin(struct ter_recorder *recorder, struct ter_collector *collector)
{
    *recorder = (struct ter_recorder){
        .collector = collector,
        .callbacks = {.passed = recorder_passed, .resized = recorder_resized, .context = recorder},
        .watch = {.part = watch_part,
                  .helped = watch_helped,
                  .allocated = watch_allocated,
                  .stood = watch_stood,
                  .stopped = watch_stopped,
                  .context = recorder},
        .heap = atomic_fetch_add_explicit(&heaps, 1, memory_order_relaxed) + 1,
    };
    ter_callbacks_add(&collector->callbacks, &recorder->callbacks);
    collector->allocator.watch = &recorder->watch;
    collector->workers.timed = true;
}

void ter_recorder_add(struct ter_recorder *recorder, struct ter_sink *sink)
{
    sink->next = recorder->sinks;
    recorder->sinks = sink;
}

void ter_recorder_settle_last(struct ter_recorder *recorder)
{
    if (recorder->collector == NULL)
        return;
    count_sizes(recorder, ter_os_now_ns());
    settle_sinks(recorder, true);
}

void ter_recorder_forked(struct ter_recorder *recorder)
{
    if (recorder->collector == NULL)
        return;
    recorder->thread_count = 0;
    recorder->part = TER_PART_NONE;
    for (struct ter_sink *sink = recorder->sinks; sink != NULL; sink = sink->next)
        sink->forked(sink);
}
