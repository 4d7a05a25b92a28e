/* SPDX-License-Identifier: MIT */
/* One member after the other; numbers are below 2^53 but for a defect, and then rounded. */
#include "terrier.h"

#include "json.h"
#include "page_data.h"

#include <terrier/collections.h>
#include <terrier/options.h>
#include <terrier/parcels.h>
#include <terrier/statistics.h>

#include "alloc/watch.h"

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

/* ---- Tables ---- */

struct named {
    const char *name, *more, *help;
};

static void write_table(FILE *out, const char *key, const struct named *rows, size_t count)
{
    fprintf(out, ",\n\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        fputs(i == 0 ? "[" : ",[", out);
        cmd_json_write_string(out, rows[i].name);
        fputc(',', out);
        cmd_json_write_string(out, rows[i].more);
        fputc(',', out);
        cmd_json_write_string(out, rows[i].help);
        fputc(']', out);
    }
    fputc(']', out);
}

#define COUNT_OF(rows) (sizeof(rows) / sizeof((rows)[0]))

static void write_states(FILE *out)
{
#define STATE_ROW(identifier, name, letter, light, dark, help) {name, light " " dark, help},
    static const struct named rows[] = {TER_PARCEL_STATES(STATE_ROW)};
#undef STATE_ROW
    write_table(out, "states", rows, COUNT_OF(rows));
}

static void write_parts(FILE *out)
{
#define PART_ROW(identifier, name) {name, "", ""},
    static const struct named rows[] = {{"", "", ""}, TER_PARTS(PART_ROW)};
#undef PART_ROW
    write_table(out, "parts", rows, COUNT_OF(rows));
}

static void write_statistics(FILE *out)
{
#define STATISTIC_ROW(name, unit, help) {#name, #unit, help},
    static const struct named rows[] = {TER_STATISTICS(STATISTIC_ROW)};
#undef STATISTIC_ROW
    write_table(out, "statistics", rows, COUNT_OF(rows));
}

static void write_options(FILE *out)
{
#define NUMBER_ROW(name, value, lowest, highest, help) {#name, #value, help},
#define TEXT_ROW(name, value, allowed, help) {#name, value, help},
    static const struct named rows[] = {TER_OPTIONS(NUMBER_ROW, TEXT_ROW)};
#undef NUMBER_ROW
#undef TEXT_ROW
    write_table(out, "options", rows, COUNT_OF(rows));
}

static void write_reasons(FILE *out)
{
    fputs(",\n\"reasons\":[", out);
    for (int i = 0; i < TER_REASON_COUNT; i++) {
        fputs(i == 0 ? "" : ",", out);
        cmd_json_write_string(out, ter_collection_reason_name((enum ter_collection_reason)i));
    }
    fputc(']', out);
}

/* ---- A recording ---- */

/* "key":[value, ...], with `value` made of the record `r`. */
#define WRITE_COLUMN(out, key, records, record_count, value)                                       \
    do {                                                                                           \
        fputs(",\"" key "\":[", out);                                                              \
        for (uint32_t column_row = 0; column_row < (record_count); column_row++) {                 \
            __auto_type r = &(records)[column_row];                                                \
            fprintf(out, "%s%" PRIu64, column_row == 0 ? "" : ",", (uint64_t)(value));             \
        }                                                                                          \
        fputc(']', out);                                                                           \
    } while (0)

/* Nanoseconds since the page's first moment. */
static uint64_t since(uint64_t first_ns, uint64_t time_ns)
{
    return time_ns > first_ns ? time_ns - first_ns : 0;
}

static void write_samples(FILE *out, const struct ter_recording *recording, uint64_t first_ns)
{
    const struct ter_recorded_sample *all = recording->samples;
    uint32_t count = recording->sample_list.count;
    fprintf(out, ",\n\"samples\":{\"stride\":%u", recording->sample_list.stride);
    WRITE_COLUMN(out, "start", all, count, since(first_ns, r->start_ns));
    WRITE_COLUMN(out, "end", all, count, since(first_ns, r->end_ns));
    WRITE_COLUMN(out, "least", all, count, r->used_least);
    WRITE_COLUMN(out, "most", all, count, r->used_most);
    WRITE_COLUMN(out, "limit", all, count, r->limit);
    WRITE_COLUMN(out, "resident", all, count, r->resident);
    fputc('}', out);
}

static void write_collections(FILE *out, const struct ter_recording *recording, uint64_t first_ns)
{
    const struct ter_recorded_collection *all = recording->collections;
    uint32_t count = recording->collection_list.count;
    fprintf(out, ",\n\"collections\":{\"stride\":%u", recording->collection_list.stride);
    WRITE_COLUMN(out, "count", all, count, r->count);
    WRITE_COLUMN(out, "number", all, count, r->number);
    WRITE_COLUMN(out, "start", all, count, since(first_ns, r->start_ns));
    WRITE_COLUMN(out, "pause", all, count, r->pause_ns);
    WRITE_COLUMN(out, "total", all, count, r->total_ns);
    WRITE_COLUMN(out, "pauses", all, count, r->all_pauses_ns);
    WRITE_COLUMN(out, "allocated", all, count, r->allocated_bytes);
    WRITE_COLUMN(out, "before", all, count, r->used_before);
    WRITE_COLUMN(out, "after", all, count, r->used_after);
    WRITE_COLUMN(out, "live", all, count, r->live_bytes);
    WRITE_COLUMN(out, "objects", all, count, r->live_objects);
    WRITE_COLUMN(out, "reason", all, count, r->reason);
    WRITE_COLUMN(out, "young", all, count, r->young != 0);
    fputs(",\"parts\":[", out);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i == 0 ? "[" : ",[", out);
        for (unsigned part = 0; part < TER_PART_COUNT; part++)
            fprintf(out, "%s%" PRIu64, part == 0 ? "" : ",", all[i].parts_ns[part]);
        fputc(']', out);
    }
    fputs("]}", out);
}

/* The least pause that a bucket counts. */
static uint64_t bucket_ns(unsigned bucket)
{
    unsigned log = bucket >> TER_RECORDED_PAUSE_STEPS_LOG;
    uint64_t step = bucket & ((1u << TER_RECORDED_PAUSE_STEPS_LOG) - 1);
    return log == 0 ? step : ((UINT64_C(1) << TER_RECORDED_PAUSE_STEPS_LOG) + step) << (log - 1);
}

/* Rows of the least pause, how many of all objects, how many of young ones. */
static void write_pauses(FILE *out, const struct ter_recording *recording)
{
    const char *comma = "";
    fputs(",\n\"pauses\":[", out);
    for (unsigned i = 0; i < TER_RECORDED_PAUSES; i++) {
        uint32_t whole = recording->pauses[0][i], young = recording->pauses[1][i];
        if (whole == 0 && young == 0)
            continue;
        fprintf(out, "%s[%u,%" PRIu64 ",%" PRIu64 ",%u,%u]", comma, i, bucket_ns(i),
                bucket_ns(i + 1), whole, young);
        comma = ",";
    }
    fputc(']', out);
}

static void write_snapshot(FILE *out, const struct ter_recorded_snapshot *snapshot,
                           uint64_t first_ns)
{
    static const char *const moments[] = {"before", "after", "last"};
    fprintf(out,
            "{\"time\":%" PRIu64 ",\"collection\":%" PRIu64 ",\"moment\":\"%s\",\"bytes\":%" PRIu64
            ",\"gather\":%u,\"pinned\":%u,\"left_out\":%u",
            since(first_ns, snapshot->time_ns), snapshot->collection, moments[snapshot->moment],
            snapshot->object_bytes, snapshot->gather, snapshot->pinned, snapshot->left_out);
    WRITE_COLUMN(out, "parcels", snapshot->parcels, (uint32_t)TER_PARCEL_STATE_COUNT, *r);
    WRITE_COLUMN(out, "starts", snapshot->stretches, snapshot->stretch_count,
                 r->start / TER_PARCEL_BYTES);
    WRITE_COLUMN(out, "spaces", snapshot->stretches, snapshot->stretch_count, r->space);
    WRITE_COLUMN(out, "tiles", snapshot->stretches, snapshot->stretch_count, r->tiles);
    WRITE_COLUMN(out, "kinds", snapshot->rows, snapshot->row_count, r->kind);
    WRITE_COLUMN(out, "most", snapshot->rows, snapshot->row_count, r->most_bytes);
    WRITE_COLUMN(out, "objects", snapshot->rows, snapshot->row_count, r->objects);
    WRITE_COLUMN(out, "sizes", snapshot->rows, snapshot->row_count, r->bytes);
    fputs(",\"map\":\"", out);
    for (uint32_t i = 0; i < snapshot->tile_count; i++)
        fprintf(out, "%02x", snapshot->tiles[i]);
    fputs("\"}", out);
}

static void write_snapshots(FILE *out, const struct ter_recording *recording, uint64_t first_ns)
{
    fprintf(out, ",\n\"snapshot_stride\":%u,\"snapshots\":[", recording->snapshot_list.stride);
    for (uint32_t i = 0; i < recording->snapshot_list.count; i++) {
        fputs(i == 0 ? "\n" : ",\n", out);
        write_snapshot(out, &recording->snapshots[i], first_ns);
    }
    fputc(']', out);
}

static void write_settings(FILE *out, const struct ter_recording *recording)
{
    struct ter_options options;
    const char *comma = "";
    fputs(",\n\"settings\":[", out);
    if (recording->options_bytes == sizeof options) {
        memcpy(&options, recording->options, sizeof options);
#define WRITE_NUMBER(name, value, lowest, highest, help)                                           \
    fprintf(out, "%s\"%" PRIu64 "\"", comma, options.name);                                        \
    comma = ",";
#define WRITE_TEXT(name, value, allowed, help)                                                     \
    options.name[sizeof options.name - 1] = '\0';                                                  \
    fputs(comma, out);                                                                             \
    cmd_json_write_string(out, options.name);                                                      \
    comma = ",";
        TER_OPTIONS(WRITE_NUMBER, WRITE_TEXT)
#undef WRITE_NUMBER
#undef WRITE_TEXT
    }
    fputc(']', out);
}

static void write_figures(FILE *out, const struct ter_recording *recording)
{
    bool known = recording->statistic_version == TER_STATISTICS_VERSION;
    uint32_t count = known ? (uint32_t)recording->statistic_count : 0;
    WRITE_COLUMN(out, "figures", recording->statistics, count, *r);
}

static void write_names(FILE *out, const char *key, const char (*names)[TER_RECORDED_NAME_BYTES],
                        size_t count)
{
    fprintf(out, ",\n\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ",", out);
        cmd_json_write_string(out, names[i]);
    }
    fputc(']', out);
}

static void write_recording(FILE *out, const struct ter_recording *recording, uint64_t first_ns)
{
    fprintf(out, "{\"process\":%u,\"heap\":%u,\"program\":", recording->process, recording->heap);
    cmd_json_write_string(out, recording->program);
    fputs(",\"plan\":", out);
    cmd_json_write_string(out, recording->plan);
    fputs(",\"layout\":", out);
    cmd_json_write_string(out, recording->layout);
    fprintf(out, ",\"started\":%" PRIu64 ",\"last\":%" PRIu64 ",\"ended\":%s,\"looked\":%" PRIu64,
            since(first_ns, recording->started_ns), since(first_ns, recording->last_ns),
            recording->ended != 0 ? "true" : "false", recording->looked_ns);
    write_figures(out, recording);
    write_settings(out, recording);
    write_names(out, "kinds", recording->kinds, TER_RECORDED_KINDS);
    write_names(out, "spaces", recording->spaces, TER_RECORDED_SPACES);
    write_pauses(out, recording);
    write_samples(out, recording, first_ns);
    write_collections(out, recording, first_ns);
    write_snapshots(out, recording, first_ns);
    fputc('}', out);
}

/* ---- A run ---- */

static void write_command(FILE *out, char *const *program)
{
    for (size_t i = 0; program[i] != NULL; i++) {
        fputs(i == 0 ? "" : ",", out);
        cmd_json_write_string(out, program[i]);
    }
}

static void write_process(FILE *out, const struct cmd_page_run *run)
{
    const struct cmd_outcome *outcome = run->outcome;
    bool signalled = WIFSIGNALED(outcome->wait_status);
    fputs("{\"title\":", out);
    cmd_json_write_string(out, run->title == NULL ? "" : run->title);
    fputs(",\"command\":[", out);
    write_command(out, run->program);
    fprintf(out, "],\"pid\":%ld,\"status\":%d,\"signal\":", (long)outcome->pid,
            signalled ? 0 : WEXITSTATUS(outcome->wait_status));
    if (signalled)
        cmd_json_write_string(out, strsignal(WTERMSIG(outcome->wait_status)));
    else
        fputs("null", out);
    fprintf(out,
            ",\"wall\":%" PRIu64 ",\"user\":%" PRIu64 ",\"system\":%" PRIu64 ",\"peak\":%" PRIu64,
            outcome->wall_ns, outcome->user_ns, outcome->system_ns, outcome->peak_bytes);
}

static uint64_t first_moment(const struct cmd_page_run *run)
{
    uint64_t first_ns = run->resident != NULL ? run->resident->start_ns : UINT64_MAX;
    for (size_t i = 0; i < run->recordings.count; i++)
        if (run->recordings.of[i]->started_ns < first_ns)
            first_ns = run->recordings.of[i]->started_ns;
    return first_ns;
}

static void write_resident(FILE *out, const struct cmd_resident *resident)
{
    uint32_t count = resident == NULL ? 0 : resident->count;
    const struct cmd_resident_sample *samples = resident == NULL ? NULL : resident->samples;
    fputs(",\n\"resident\":{\"by\":\"terrier\"", out);
    WRITE_COLUMN(out, "time", samples, count, since(resident->start_ns, r->time_ns));
    WRITE_COLUMN(out, "bytes", samples, count, r->bytes);
    fputc('}', out);
}

static void write_run(FILE *out, const struct cmd_page_run *run)
{
    uint64_t first_ns = first_moment(run);
    write_process(out, run);
    write_resident(out, run->resident);
    fprintf(out, ",\"left_out\":%zu,\n\"recordings\":[", run->recordings.left_out);
    for (size_t i = 0; i < run->recordings.count; i++) {
        fputs(i == 0 ? "\n" : ",\n", out);
        write_recording(out, run->recordings.of[i], first_ns);
    }
    fputs("]}", out);
}

void cmd_page_data_write(FILE *out, const struct cmd_page_run *runs, size_t run_count,
                         struct cmd_comparison *comparison)
{
    char date[32] = "";
    time_t now = time(NULL);
    struct tm broken;
    if (gmtime_r(&now, &broken) != NULL)
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &broken);
    fprintf(out, "{\"terrier\":\"%s\",\"made\":\"%s\",\"block\":%u", TERRIER_VERSION, date,
            TER_PARCEL_BYTES);
    write_states(out);
    write_parts(out);
    write_reasons(out);
    write_statistics(out);
    write_options(out);
    fputs(",\n\"comparison\":", out);
    if (comparison == NULL)
        fputs("null", out);
    else
        cmd_comparison_print_json(comparison, out);
    fputs(",\n\"runs\":[", out);
    for (size_t i = 0; i < run_count; i++) {
        fputs(i == 0 ? "\n" : ",\n", out);
        write_run(out, &runs[i]);
    }
    fputs("]}\n", out);
}
