/* SPDX-License-Identifier: MIT */
#include "heap/seeing.h"

#include "heap/heap.h"
#include "heap/recordings.h"

static bool is_recorded(const struct ter_heap *heap)
{
    return heap->seeing.recorder.collector != NULL;
}

void ter_heap_begin_seeing(struct ter_heap *heap)
{
    struct ter_seeing *seeing = &heap->seeing;
    bool has_timeline = heap->options.timeline[0] != '\0' &&
                        ter_timeline_init(&seeing->timeline, heap->options.timeline) == TER_OK;
    bool has_recording = ter_heap_begin_recording(heap);

    if (!has_timeline && !has_recording)
        return;
    ter_recorder_begin(&seeing->recorder, &heap->collector);
    if (has_timeline)
        ter_recorder_add(&seeing->recorder, &seeing->timeline.sink);
    if (has_recording)
        ter_recorder_add(&seeing->recorder, &seeing->recording.sink);
}

void ter_heap_settle_seeing(struct ter_heap *heap)
{
    if (!is_recorded(heap))
        return;
    ter_allocator_lock(&heap->collector.allocator);
    ter_recorder_settle_last(&heap->seeing.recorder);
    ter_allocator_unlock(&heap->collector.allocator);
}

void ter_heap_end_seeing(struct ter_heap *heap)
{
    if (!is_recorded(heap))
        return;
    ter_heap_settle_seeing(heap);
    ter_timeline_fini(&heap->seeing.timeline);
    ter_recording_sink_fini(&heap->seeing.recording);
}
