/* SPDX-License-Identifier: MIT */
/* The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU */
#include "see/timeline.h"

#include "see/put.h"
#include "see/shared_list.h"

#include <errno.h>

#define HEAD "{\"cat\":\"terrier\""
#define BUFFER_BYTES TER_KIB(64)
/* Of a text in an event, and of an event without its texts. */
#define MOST_TEXT ((size_t)256)
#define MOST_EVENT ((size_t)4096)
/* Of all time, and what may be saved up of it. */
#define SHARE_OF_WRITING 100u
#define MOST_CREDIT_NS UINT64_C(5000000)
/* At the end another process is waited for, so many times a millisecond. */
#define LAST_ATTEMPTS 500u

static struct ter_timeline *timeline_of(struct ter_sink *sink)
{
    return (struct ter_timeline *)(void *)((char *)sink - offsetof(struct ter_timeline, sink));
}

/* ---- One event ---- */

static char *put_head(const struct ter_timeline *timeline, char *at, const char *form,
                      const char *name)
{
    at = ter_put_literal(at, ",\n" HEAD ",\"ph\":");
    at = ter_put_name(at, form, 8);
    at = ter_put_literal(at, ",\"pid\":");
    at = ter_put_number(at, timeline->process);
    at = ter_put_literal(at, ",\"name\":");
    return ter_put_name(at, name, MOST_TEXT);
}

static char *put_thread(char *at, unsigned thread)
{
    at = ter_put_literal(at, ",\"tid\":");
    return ter_put_number(at, thread);
}

static char *put_value(char *at, const struct ter_event_value *value)
{
    at = ter_put_name(at, value->key, MOST_TEXT);
    *at++ = ':';
    return value->text != NULL ? ter_put_name(at, value->text, MOST_TEXT)
                               : ter_put_number(at, value->number);
}

static char *put_values(char *at, const struct ter_event *event)
{
    at = ter_put_literal(at, ",\"args\":{");
    for (unsigned i = 0; i < event->value_count; i++) {
        if (i > 0)
            *at++ = ',';
        at = put_value(at, &event->values[i]);
    }
    return ter_put_literal(at, "}}");
}

static char *put_slice(const struct ter_timeline *timeline, char *at, const struct ter_event *event)
{
    uint64_t taken_ns = event->end_ns > event->start_ns ? event->end_ns - event->start_ns : 0;

    at = put_head(timeline, at, "X", event->name);
    at = put_thread(at, event->thread);
    at = ter_put_literal(at, ",\"ts\":");
    at = ter_put_microseconds(at, event->start_ns);
    at = ter_put_literal(at, ",\"dur\":");
    at = ter_put_microseconds(at, taken_ns);
    return put_values(at, event);
}

/* Each heap has tracks of its own. */
static char *put_counter(const struct ter_timeline *timeline, char *at,
                         const struct ter_event *event)
{
    at = put_head(timeline, at, "C", event->name);
    at = ter_put_literal(at, ",\"id\":");
    at = ter_put_number(at, event->heap);
    at = ter_put_literal(at, ",\"ts\":");
    at = ter_put_microseconds(at, event->start_ns);
    return put_values(at, event);
}

static char *put_thread_name(const struct ter_timeline *timeline, char *at,
                             const struct ter_event *event)
{
    at = put_head(timeline, at, "M", "thread_name");
    at = put_thread(at, event->thread);
    return put_values(at, event);
}

static char *put_event(const struct ter_timeline *timeline, char *at, const struct ter_event *event)
{
    switch (event->form) {
    case TER_EVENT_COUNTER: return put_counter(timeline, at, event);
    case TER_EVENT_THREAD_NAME: return put_thread_name(timeline, at, event);
    default: return put_slice(timeline, at, event);
    }
}

static void put_process_name(struct ter_timeline *timeline)
{
    const struct ter_event_value value = {.key = "name", .text = ter_os_program_name()};
    const struct ter_event event = {.values = &value, .value_count = 1};
    char *at = put_head(timeline, timeline->buffer + timeline->used, "M", "process_name");

    at = put_values(at, &event);
    timeline->used = (size_t)(at - timeline->buffer);
    timeline->is_named = true;
}

/* Where events are missing. */
static void put_lost(struct ter_timeline *timeline)
{
    const struct ter_event_value value = {.key = "events", .number = timeline->lost};
    uint64_t now = ter_os_now_ns();
    const struct ter_event event = {.form = TER_EVENT_SLICE,
                                    .name = "events lost",
                                    .thread = ter_os_thread_number(),
                                    .start_ns = now,
                                    .end_ns = now,
                                    .values = &value,
                                    .value_count = 1};
    char *at = put_event(timeline, timeline->buffer + timeline->used, &event);

    timeline->used = (size_t)(at - timeline->buffer);
    timeline->lost = 0;
}

/* ---- The file ---- */

static void path_of(const struct ter_timeline *timeline, char *path, size_t size)
{
    ter_output_expand(timeline->pattern, path, size);
}

static void say_failure(struct ter_timeline *timeline, const char *path)
{
    ter_log(TER_LOG_WARNING, "cannot write the timeline to '%s': %s", path,
            errno == 0 ? "there is a file that is no timeline of Terrier" : strerror(errno));
    timeline->has_failed = true;
}

static enum ter_shared_list_result write_buffer(struct ter_timeline *timeline)
{
    char path[TER_OUTPUT_ABSOLUTE_BYTES];
    enum ter_shared_list_result result;

    path_of(timeline, path, sizeof path);
    result = ter_shared_list_add(path, HEAD, timeline->buffer, timeline->used);
    if (result == TER_SHARED_LIST_FAILED)
        say_failure(timeline, path);
    if (result != TER_SHARED_LIST_BUSY)
        timeline->used = 0;
    return result;
}

/* What the parent had not written when it forked is not this process's. */
static void forget_others(struct ter_timeline *timeline)
{
    unsigned process = ter_os_process_id();

    if (process == timeline->process)
        return;
    timeline->process = process;
    timeline->is_named = false;
    timeline->used = 0;
    timeline->lost = 0;
}

static void take_credit(struct ter_timeline *timeline, uint64_t taken_ns)
{
    timeline->credit_ns = timeline->credit_ns > taken_ns ? timeline->credit_ns - taken_ns : 0;
}

static void flush_timeline(struct ter_timeline *timeline)
{
    TER_KEEP_ERRNO;
    uint64_t start_ns = ter_os_now_ns(), end_ns;

    forget_others(timeline);
    if (timeline->used == 0)
        return;
    (void)write_buffer(timeline);
    end_ns = ter_os_now_ns();
    take_credit(timeline, end_ns - start_ns);
}

/* Is there time saved for a write? */
static bool may_flush(struct ter_timeline *timeline)
{
    uint64_t now = ter_os_now_ns(), passed = now - timeline->credited_ns;

    timeline->credited_ns = now;
    timeline->credit_ns += passed / SHARE_OF_WRITING;
    if (timeline->credit_ns > MOST_CREDIT_NS)
        timeline->credit_ns = MOST_CREDIT_NS;
    return timeline->credit_ns >= MOST_CREDIT_NS / SHARE_OF_WRITING;
}

static void flush_last(struct ter_timeline *timeline)
{
    _Atomic uint32_t never = 0;

    for (unsigned i = 0; i < LAST_ATTEMPTS && !timeline->has_failed; i++) {
        flush_timeline(timeline);
        if (timeline->used == 0)
            return;
        ter_os_wait_while(&never, 0, 1);
    }
}

static bool has_room(const struct ter_timeline *timeline)
{
    return BUFFER_BYTES - TER_SHARED_LIST_TAIL - timeline->used >= 3 * MOST_EVENT;
}

/* ---- As a sink ---- */

static void take_event(struct ter_sink *sink, const struct ter_event *event)
{
    struct ter_timeline *timeline = timeline_of(sink);
    char *at;

    if (timeline->has_failed)
        return;
    if (!has_room(timeline))
        flush_timeline(timeline);
    if (!has_room(timeline)) {
        timeline->lost++;
        return;
    }
    if (!timeline->is_named)
        put_process_name(timeline);
    if (timeline->lost != 0)
        put_lost(timeline);
    at = put_event(timeline, timeline->buffer + timeline->used, event);
    timeline->used = (size_t)(at - timeline->buffer);
}

static void settle_timeline(struct ter_sink *sink, bool last)
{
    struct ter_timeline *timeline = timeline_of(sink);

    if (timeline->has_failed || timeline->used == 0)
        return;
    if (last)
        flush_last(timeline);
    else if (may_flush(timeline))
        flush_timeline(timeline);
}

static void timeline_forked(struct ter_sink *sink)
{
    forget_others(timeline_of(sink));
}

/* ---- Life ---- */

static ter_status begin_file(struct ter_timeline *timeline)
{
    char path[TER_OUTPUT_ABSOLUTE_BYTES];

    path_of(timeline, path, sizeof path);
    if (ter_shared_list_begin(path, HEAD) != TER_SHARED_LIST_FAILED)
        return TER_OK;
    say_failure(timeline, path);
    return TER_ERROR_SYSTEM;
}

ter_status ter_timeline_init(struct ter_timeline *timeline, const char *pattern)
{
    void *memory;
    ter_status status;

    *timeline = (struct ter_timeline){
        .sink = {.event = take_event, .settle = settle_timeline, .forked = timeline_forked},
        .process = ter_os_process_id(),
        .credit_ns = MOST_CREDIT_NS,
        .credited_ns = ter_os_now_ns(),
    };
    if (!ter_output_make_absolute(pattern, timeline->pattern, sizeof timeline->pattern))
        return TER_ERROR_SYSTEM;
    status = begin_file(timeline);
    if (status == TER_OK)
        status = ter_os_allocate_named(BUFFER_BYTES, "terrier:timeline", &memory);
    if (status == TER_OK)
        timeline->buffer = memory;
    return status;
}

ter_status ter_timeline_mend(const char *path)
{
    return ter_shared_list_begin(path, HEAD) == TER_SHARED_LIST_ADDED ? TER_OK : TER_ERROR_SYSTEM;
}

void ter_timeline_fini(struct ter_timeline *timeline)
{
    if (timeline->buffer != NULL)
        ter_os_release((uintptr_t)timeline->buffer, BUFFER_BYTES);
    timeline->buffer = NULL;
}
