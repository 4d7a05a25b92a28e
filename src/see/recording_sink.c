/* SPDX-License-Identifier: MIT */
#include "see/recording_sink.h"

#include "see/record_lists.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Between two questions to the system for resident memory, and two times that statistics are told.
 */
#define RESIDENT_NS UINT64_C(10000000)
#define STATISTICS_NS UINT64_C(100000000)
/* Looking may take this share of the time, and so much from the beginning on. */
#define SHARE_OF_LOOKING 33u
#define LOOKING_AT_FIRST_NS UINT64_C(25000000)
/* For an object, until it is known. */
#define USUAL_LOOK_NS UINT64_C(30)
/* Files of one name, with numbers: a run of very many processes has so many recordings. */
#define MOST_FILES 64u

_Static_assert((unsigned)TER_PART_COUNT <= TER_RECORDED_PARTS, "parts fit");

static _Atomic unsigned recorded_heaps;

static struct ter_recording_sink *recording_sink_of(struct ter_sink *sink)
{
    return (struct ter_recording_sink *)(void *)((char *)sink -
                                                 offsetof(struct ter_recording_sink, sink));
}

/* Of memory that begins with a thing of so many bytes. */
static size_t whole_pages(size_t bytes)
{
    return ter_align_up(bytes, ter_os_page_size());
}

/* ---- The file ---- */

/* A folder that went is that of a command that has ended meanwhile: nobody waits for the file. Nor
 * does who has as many as he wanted. */
static void say_no_recording(const char *path)
{
    if (errno != ENOENT && errno != EEXIST)
        ter_log(TER_LOG_WARNING, "nothing is recorded for a page: cannot make '%s': %s", path,
                strerror(errno));
}

static struct ter_recording *make_file(const struct ter_recording_sink *sink)
{
    TER_KEEP_ERRNO;
    char folder[TER_OUTPUT_ABSOLUTE_BYTES], path[TER_OUTPUT_ABSOLUTE_BYTES + 16];
    struct ter_recording *recording = NULL;

    ter_output_expand(sink->pattern, folder, sizeof folder);
    errno = EEXIST;
    for (unsigned i = 0; i < MOST_FILES && recording == NULL && errno == EEXIST; i++) {
        snprintf(path, sizeof path, "%s.%u", folder, i);
        recording = ter_os_map_new_file(path, sizeof *recording);
    }
    if (recording == NULL)
        say_no_recording(path);
    return recording;
}

static void begin_recording(struct ter_recording_sink *sink)
{
    struct ter_recording *recording = make_file(sink);

    sink->recording = recording;
    sink->process = ter_os_process_id();
    if (recording == NULL)
        return;
    recording->bytes = sizeof *recording;
    recording->process = sink->process;
    recording->heap = sink->heap;
    recording->started_ns = recording->last_ns = ter_os_now_ns();
    recording->sample_list.stride = 1;
    recording->collection_list.stride = 1;
    recording->snapshot_list.stride = 1;
    sink->source.describe(sink->source.heap, recording);
    sink->source.statistics(sink->source.heap, recording);
    memcpy(recording->magic, TER_RECORDING_MAGIC, sizeof recording->magic);
}

static void forget_recording(struct ter_recording_sink *sink)
{
    if (sink->recording != NULL)
        ter_os_release((uintptr_t)sink->recording, whole_pages(sizeof *sink->recording));
    sink->recording = NULL;
}

/* A child has the parent's file in its memory. It gets its own when it collects: most children
 * become another program, or do little. */
static bool is_recorded_here(const struct ter_recording_sink *sink)
{
    return sink->recording != NULL && sink->process == ter_os_process_id();
}

static void begin_in_child(struct ter_recording_sink *sink)
{
    if (sink->recording == NULL || is_recorded_here(sink))
        return;
    forget_recording(sink);
    sink->in_last_sample = sink->in_last_collection = 0;
    sink->resident_ns = sink->snapshot_at = 0;
    begin_recording(sink);
}

/* ---- Sizes ---- */

static uint64_t resident_at(struct ter_recording_sink *sink, uint64_t now)
{
    if (sink->resident_ns == 0 || now - sink->resident_ns >= RESIDENT_NS) {
        sink->resident = ter_os_resident();
        sink->resident_ns = now;
    }
    return sink->resident;
}

static void tell_statistics(struct ter_recording_sink *sink, uint64_t now)
{
    sink->source.statistics(sink->source.heap, sink->recording);
    sink->statistics_ns = now;
}

static void record_sizes(struct ter_sink *base, uint64_t now)
{
    struct ter_recording_sink *sink = recording_sink_of(base);
    const struct ter_accounting *accounting = &sink->collector->arena.accounting;
    uint64_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);
    struct ter_recorded_sample sample;

    if (!is_recorded_here(sink))
        return;
    sample = (struct ter_recorded_sample){.start_ns = now,
                                          .end_ns = now,
                                          .used_least = used,
                                          .used_most = used,
                                          .limit = accounting->limit_bytes,
                                          .resident = resident_at(sink, now)};
    ter_record_sample(sink->recording, &sample, &sink->in_last_sample);
    sink->recording->last_ns = now;
    if (now - sink->statistics_ns >= STATISTICS_NS)
        tell_statistics(sink, now);
}

/* ---- Snapshots ---- */

static bool has_time_for(const struct ter_recording_sink *sink, uint64_t objects)
{
    const struct ter_recording *recording = sink->recording;
    uint64_t each_ns = sink->looked_at == 0 ? USUAL_LOOK_NS : sink->looked_ns / sink->looked_at + 1;
    uint64_t lived_ns = ter_os_now_ns() - recording->started_ns;

    return recording->looked_ns + objects * each_ns <=
           LOOKING_AT_FIRST_NS + lived_ns / SHARE_OF_LOOKING;
}

static void begin_snapshot(const struct ter_recording_sink *sink,
                           struct ter_recorded_snapshot *snapshot, enum ter_recorded_moment moment,
                           uint64_t collection)
{
    snapshot->time_ns = ter_os_now_ns();
    snapshot->collection = collection;
    snapshot->moment = moment;
    snapshot->row_count = 0;
    ter_snapshot_blocks(snapshot, sink->recording, sink->collector, sink->source.parcels,
                        sink->source.heap);
}

/* It is no part of the collection, nor of the part of it in which it happens. */
static void tell_looking(struct ter_recording_sink *sink, enum ter_part part, uint64_t start_ns)
{
    uint64_t taken_ns = ter_os_now_ns() - start_ns;

    sink->recording->looked_ns += taken_ns;
    sink->collector->collection->looked_ns += taken_ns;
    sink->looked_in_ns[part] = taken_ns;
}

static void look_ahead(struct ter_recording_sink *sink)
{
    uint64_t next = sink->collector->collections + 1, start_ns = ter_os_now_ns();
    const struct ter_recorded_list *list = &sink->recording->snapshot_list;

    memset(sink->looked_in_ns, 0, sizeof sink->looked_in_ns);
    sink->is_looked_at =
        (list->count == 0 || next - sink->snapshot_at >= list->stride) && has_time_for(sink, 0);
    if (!sink->is_looked_at)
        return;
    begin_snapshot(sink, ter_record_snapshots(sink->recording), TER_RECORDED_BEFORE, next);
    tell_looking(sink, TER_PART_PREPARE, start_ns);
}

static void count_objects(struct ter_recording_sink *sink, struct ter_recorded_snapshot *snapshot,
                          uint64_t objects)
{
    uint64_t start_ns = ter_os_now_ns();

    if (!has_time_for(sink, objects))
        return;
    ter_snapshot_objects(snapshot, sink->recording, sink->collector, sink->census);
    sink->looked_at += objects;
    sink->looked_ns += ter_os_now_ns() - start_ns;
}

/* The world stands. What died young among the old is not known after a collection of the young. */
static void look_behind(struct ter_recording_sink *sink, const struct ter_collection *collection)
{
    struct ter_recorded_snapshot *snapshots;
    uint64_t start_ns = ter_os_now_ns();

    if (!sink->is_looked_at)
        return;
    snapshots = ter_record_snapshots(sink->recording);
    begin_snapshot(sink, &snapshots[1], TER_RECORDED_AFTER, collection->number);
    count_objects(sink, &snapshots[1], collection->live.objects);
    ter_record_commit_snapshots(sink->recording, 2);
    sink->snapshot_at = collection->number;
    tell_looking(sink, TER_PART_RELEASE, start_ns);
}

static void look_last(struct ter_recording_sink *sink)
{
    struct ter_recorded_snapshot *snapshot = ter_record_snapshots(sink->recording);

    begin_snapshot(sink, snapshot, TER_RECORDED_LAST, sink->collector->collections);
    ter_record_commit_snapshots(sink->recording, 1);
}

/* ---- Collections ---- */

static void record_collection(struct ter_recording_sink *sink,
                              const struct ter_collection *collection, const uint64_t *parts_ns)
{
    struct ter_recorded_collection recorded = {.count = 1,
                                               .number = collection->number,
                                               .start_ns = collection->start_ns,
                                               .pause_ns = collection->pause_ns,
                                               .total_ns = collection->total_ns,
                                               .all_pauses_ns = collection->pause_ns,
                                               .allocated_bytes = collection->allocated_bytes,
                                               .used_before = collection->used_before_bytes,
                                               .used_after = collection->used_after_bytes,
                                               .live_bytes = collection->live.scanned_bytes +
                                                             collection->live.atomic_bytes,
                                               .live_objects = collection->live.objects,
                                               .looked_ns = collection->looked_ns,
                                               .reason = collection->reason,
                                               .young = collection->young};

    for (unsigned i = 0; i < TER_PART_COUNT; i++)
        recorded.parts_ns[i] = parts_ns[i] - sink->looked_in_ns[i];
    ter_record_collection(sink->recording, &recorded, &sink->in_last_collection);
    ter_record_pause(sink->recording, collection->young, collection->pause_ns);
}

static void record_passage(struct ter_sink *base, const struct ter_passage *passage,
                           const uint64_t *parts_ns)
{
    struct ter_recording_sink *sink = recording_sink_of(base);

    if (passage->phase != TER_PHASE_BEGINNING && passage->phase != TER_PHASE_RELEASED &&
        passage->phase != TER_PHASE_ENDED)
        return;
    if (passage->phase == TER_PHASE_BEGINNING)
        begin_in_child(sink);
    if (!is_recorded_here(sink))
        return;
    if (passage->phase == TER_PHASE_BEGINNING)
        look_ahead(sink);
    else if (passage->phase == TER_PHASE_RELEASED)
        look_behind(sink, passage->collection);
    else
        record_collection(sink, passage->collection, parts_ns);
}

/* ---- As a sink ---- */

static void take_no_event(struct ter_sink *base, const struct ter_event *event)
{
    (void)base;
    (void)event;
}

static void settle_recording(struct ter_sink *base, bool last)
{
    struct ter_recording_sink *sink = recording_sink_of(base);

    if (!last || !is_recorded_here(sink) || sink->recording->ended != 0)
        return;
    look_last(sink);
    tell_statistics(sink, ter_os_now_ns());
    sink->recording->last_ns = ter_os_now_ns();
    sink->recording->ended = 1;
}

static void recording_forked(struct ter_sink *base)
{
    (void)base; /* when it collects */
}

/* ---- Life ---- */

ter_status ter_recording_sink_init(struct ter_recording_sink *sink, const char *pattern,
                                   struct ter_collector *collector,
                                   const struct ter_recording_source *source)
{
    unsigned heap = atomic_fetch_add_explicit(&recorded_heaps, 1, memory_order_relaxed) + 1;
    void *memory;

    if (heap > TER_MOST_RECORDED)
        return TER_ERROR_SYSTEM;
    *sink = (struct ter_recording_sink){.sink = {.event = take_no_event,
                                                 .settle = settle_recording,
                                                 .forked = recording_forked,
                                                 .sized = record_sizes,
                                                 .passed = record_passage},
                                        .source = *source,
                                        .collector = collector,
                                        .heap = heap};
    if (!ter_output_make_absolute(pattern, sink->pattern, sizeof sink->pattern) ||
        ter_os_allocate_named(whole_pages(sizeof *sink->census), "terrier:recording", &memory) !=
            TER_OK)
        return TER_ERROR_SYSTEM;
    sink->census = memory;
    begin_recording(sink);
    if (sink->recording != NULL)
        return TER_OK;
    ter_recording_sink_fini(sink);
    return TER_ERROR_SYSTEM;
}

void ter_recording_sink_fini(struct ter_recording_sink *sink)
{
    forget_recording(sink);
    if (sink->census != NULL)
        ter_os_release((uintptr_t)sink->census, whole_pages(sizeof *sink->census));
    sink->census = NULL;
}
