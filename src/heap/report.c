/* SPDX-License-Identifier: MIT */
/* Chooses where a report goes; the two formats are in report_text.c and report_json.c. */
#include "heap/heap.h"
#include "heap/report_format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Room for a number of 32 bits at each %p. */
#define PATH_BYTES (TER_OPTION_TEXT_BYTES * 5)

ter_status ter_heap_report(struct ter_heap *heap, int file, enum ter_report_format format)
{
    TER_KEEP_ERRNO;
    struct ter_os_cancel before;
    struct ter_writer writer;
    bool done;

    ter_heap_require(heap, "ter_heap_report");
    if (format != TER_REPORT_TEXT && format != TER_REPORT_JSON)
        return TER_ERROR_INVALID;
    before = ter_os_cancel_off();
    ter_writer_init(&writer, file);
    ter_allocator_lock(&heap->collector.allocator);
    if (format == TER_REPORT_JSON)
        ter_report_json(heap, &writer);
    else
        ter_report_text(heap, &writer);
    ter_allocator_unlock(&heap->collector.allocator);
    done = ter_writer_finish(&writer);
    ter_os_cancel_back(before);
    return done ? TER_OK : TER_ERROR_SYSTEM;
}

/* Puts the process id for each %p. */
static void expand_path(const char *pattern, char *path, size_t size)
{
    size_t used = 0;

    path[0] = '\0';
    for (; *pattern != '\0' && used + 1 < size; pattern++) {
        if (pattern[0] == '%' && pattern[1] == 'p') {
            int length = snprintf(path + used, size - used, "%u", ter_os_process_id());

            used += length > 0 ? (size_t)length : 0;
            pattern++;
        } else {
            path[used++] = *pattern;
            path[used] = '\0';
        }
    }
}

static void write_to_file(struct ter_heap *heap, enum ter_report_format format)
{
    struct ter_os_cancel before = ter_os_cancel_off();
    char path[PATH_BYTES];
    int file;

    expand_path(heap->options.report_file, path, sizeof path);
    file = ter_os_open_to_append(path);
    if (file < 0 || ter_heap_report(heap, file, format) != TER_OK)
        ter_log(TER_LOG_WARNING, "cannot write the report to '%s': %s", path, strerror(errno));
    if (file >= 0)
        close(file);
    ter_os_cancel_back(before);
}

void ter_heap_write_wanted_report(struct ter_heap *heap)
{
    TER_KEEP_ERRNO;
    enum ter_report_format format =
        strcmp(heap->options.report, "json") == 0 ? TER_REPORT_JSON : TER_REPORT_TEXT;

    bool own = heap->process == ter_os_process_id();

    if (strcmp(heap->options.report, "none") == 0)
        return;
    /* A forked child speaks for itself, or not at all. */
    if (!own && strstr(heap->options.report_file, "%p") == NULL)
        return;
    snprintf(heap->options.report, sizeof heap->options.report, "none");
    if (heap->options.report_file[0] == '\0')
        ter_heap_report(heap, STDERR_FILENO, format);
    else
        write_to_file(heap, format);
}
