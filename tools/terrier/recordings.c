/* SPDX-License-Identifier: MIT */
/* Reading files of a fixed size, and mending what a kill left half done. */
#include "terrier.h"

#include "recordings.h"
#include "scratch.h"

#include <stdlib.h>
#include <string.h>

/* As many as the library makes of one name. */
enum { FILES_MAX = 64 };

void cmd_recordings_request(struct cmd_options *options, const char *name)
{
    char *path = cmd_format("%s/%s", cmd_scratch_path(), name);
    cmd_options_pass(options, "recording", path);
    free(path);
}

/* ---- One file ---- */

/* NULL: there is none, or its process ended before it was one. */
static struct ter_recording *read_file(const char *name, unsigned number)
{
    char *path = cmd_format("%s/%s.%u", cmd_scratch_path(), name, number);
    FILE *file = fopen(path, "re");
    free(path);
    if (file == NULL)
        return NULL;
    struct ter_recording *recording = cmd_new_array(1, sizeof *recording);
    size_t count = fread(recording, sizeof *recording, 1, file);
    bool longer = fgetc(file) != EOF;
    fclose(file);
    bool begun = memcmp(recording->magic, TER_RECORDING_MAGIC, sizeof recording->magic) == 0;
    if (count == 1 && !longer && begun && recording->bytes == sizeof *recording)
        return recording;
    if (count != 1 || longer || begun)
        cmd_warn("a recording is of another version of Terrier, and not on the page");
    free(recording);
    return NULL;
}

static void end_texts(struct ter_recording *recording)
{
    recording->program[sizeof recording->program - 1] = '\0';
    recording->plan[sizeof recording->plan - 1] = '\0';
    recording->layout[sizeof recording->layout - 1] = '\0';
    for (size_t i = 0; i < TER_RECORDED_KINDS; i++)
        recording->kinds[i][TER_RECORDED_NAME_BYTES - 1] = '\0';
    for (size_t i = 0; i < TER_RECORDED_SPACES; i++)
        recording->spaces[i][TER_RECORDED_NAME_BYTES - 1] = '\0';
}

/* Those behind what was moved already begin at twice that: they move up. */
static void mend_list(struct ter_recorded_list *list, void *records, size_t size, uint32_t most)
{
    char *bytes = records;
    if (list->count > most)
        list->count = most;
    if (list->stride == 0)
        list->stride = 1;
    if (list->thinning == 0 || list->moved > list->count)
        return;
    uint32_t from = list->moved * 2 < list->count ? list->moved * 2 : list->count;
    uint32_t rest = list->count - from;
    if (list->moved < from)
        memmove(bytes + list->moved * size, bytes + from * size, rest * size);
    list->count = (list->moved < from ? list->moved : from) + rest;
    list->thinning = 0;
}

static bool is_good_snapshot(const struct ter_recorded_snapshot *snapshot)
{
    uint64_t tiles = 0;
    if (snapshot->stretch_count > TER_SNAPSHOT_STRETCHES ||
        snapshot->tile_count > TER_SNAPSHOT_TILES || snapshot->row_count > TER_SNAPSHOT_ROWS ||
        snapshot->gather == 0 || snapshot->moment > TER_RECORDED_LAST)
        return false;
    for (uint32_t i = 0; i < snapshot->stretch_count; i++) {
        tiles += snapshot->stretches[i].tiles;
        if (snapshot->stretches[i].space >= TER_RECORDED_SPACES)
            return false;
    }
    for (uint32_t i = 0; i < snapshot->row_count; i++)
        if (snapshot->rows[i].kind >= TER_RECORDED_KINDS)
            return false;
    return tiles == snapshot->tile_count;
}

static void drop_bad_snapshots(struct ter_recording *recording)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < recording->snapshot_list.count; i++) {
        if (is_good_snapshot(&recording->snapshots[i])) {
            memmove(&recording->snapshots[kept], &recording->snapshots[i],
                    sizeof recording->snapshots[0]);
            kept++;
        }
    }
    recording->snapshot_list.count = kept;
}

static void mend(struct ter_recording *recording)
{
    end_texts(recording);
    mend_list(&recording->sample_list, recording->samples, sizeof recording->samples[0],
              TER_RECORDED_SAMPLES);
    mend_list(&recording->collection_list, recording->collections, sizeof recording->collections[0],
              TER_RECORDED_COLLECTIONS);
    mend_list(&recording->snapshot_list, recording->snapshots, sizeof recording->snapshots[0],
              TER_RECORDED_SNAPSHOTS);
    drop_bad_snapshots(recording);
    if (recording->statistic_count > TER_RECORDED_STATISTICS)
        recording->statistic_count = TER_RECORDED_STATISTICS;
}

/* ---- All of them ---- */

static uint64_t collections_of(const struct ter_recording *recording)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < recording->collection_list.count; i++)
        count += recording->collections[i].count;
    return count;
}

static int by_collections(const void *left, const void *right)
{
    uint64_t a = collections_of(*(struct ter_recording *const *)left);
    uint64_t b = collections_of(*(struct ter_recording *const *)right);
    return (a < b) - (a > b);
}

static int by_start(const void *left, const void *right)
{
    uint64_t a = (*(struct ter_recording *const *)left)->started_ns;
    uint64_t b = (*(struct ter_recording *const *)right)->started_ns;
    return (a > b) - (a < b);
}

void cmd_recordings_init(struct cmd_recordings *recordings, const char *name)
{
    struct ter_recording *all[FILES_MAX];
    size_t count = 0;
    memset(recordings, 0, sizeof *recordings);
    for (unsigned i = 0; i < FILES_MAX; i++) {
        struct ter_recording *recording = read_file(name, i);
        if (recording != NULL) {
            mend(recording);
            all[count++] = recording;
        }
    }
    qsort(all, count, sizeof all[0], by_collections);
    for (; count > CMD_RECORDINGS_SHOWN; recordings->left_out++)
        free(all[--count]);
    qsort(all, count, sizeof all[0], by_start);
    memcpy(recordings->of, all, count * sizeof all[0]);
    recordings->count = count;
}

void cmd_recordings_fini(struct cmd_recordings *recordings)
{
    for (size_t i = 0; i < recordings->count; i++)
        free(recordings->of[i]);
    memset(recordings, 0, sizeof *recordings);
}
