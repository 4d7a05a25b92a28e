/* SPDX-License-Identifier: MIT */
#include "heap/recordings.h"

#include "heap/heap.h"
#include "heap/parcels.h"

#include <string.h>

static const struct ter_heap *recorded_heap(const void *heap)
{
    return heap;
}

static void visit_parcels(const void *heap, ter_parcel_visitor *visit, void *context)
{
    ter_heap_visit_parcels(recorded_heap(heap), visit, context);
}

static void copy_name(char *to, size_t size, const char *name)
{
    struct ter_text text;

    ter_text_init(&text, to, size);
    ter_text_print(&text, "%s", name);
}

static void describe_heap(const void *context, struct ter_recording *recording)
{
    const struct ter_heap *heap = recorded_heap(context);

    _Static_assert(sizeof heap->options <= TER_RECORDED_OPTIONS_BYTES, "options fit");
    copy_name(recording->program, sizeof recording->program, ter_os_program_name());
    copy_name(recording->plan, sizeof recording->plan, heap->options.plan);
    copy_name(recording->layout, sizeof recording->layout, heap->collector.arena.layout.name);
    recording->options_bytes = sizeof heap->options;
    memcpy(recording->options, &heap->options, sizeof heap->options);
}

static void record_statistics(const void *context, struct ter_recording *recording)
{
    struct ter_statistics statistics;
    size_t count = 0;

    ter_heap_statistics_locked(recorded_heap(context), &statistics);
    recording->statistic_version = statistics.version;
#define RECORD_ROW(name, unit, help) recording->statistics[count++] = statistics.name;
    TER_STATISTICS(RECORD_ROW)
#undef RECORD_ROW
    recording->statistic_count = count;
}

bool ter_heap_begin_recording(struct ter_heap *heap)
{
    const struct ter_recording_source source = {.heap = heap,
                                                .parcels = visit_parcels,
                                                .describe = describe_heap,
                                                .statistics = record_statistics};

    return heap->options.recording[0] != '\0' &&
           ter_recording_sink_init(&heap->seeing.recording, heap->options.recording,
                                   &heap->collector, &source) == TER_OK;
}
