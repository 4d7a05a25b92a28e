/* SPDX-License-Identifier: MIT */
/* Chooses where a report goes; the two formats are in report_text.c and report_json.c. */
#include "heap/heap.h"
#include "see/see.h"
#include "heap/report_format.h"

#include <stdio.h>
#include <string.h>

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

struct wanted_report {
    struct ter_heap *heap;
    enum ter_report_format format;
};

static ter_status write_report(void *context, int file)
{
    const struct wanted_report *wanted = context;

    return ter_heap_report(wanted->heap, file, wanted->format);
}

bool ter_heap_speaks(const struct ter_heap *heap, const char *pattern)
{
    return heap->process == ter_os_process_id() || strstr(pattern, "%p") != NULL;
}

void ter_heap_write_wanted_report(struct ter_heap *heap)
{
    TER_KEEP_ERRNO;
    struct wanted_report wanted = {
        heap, strcmp(heap->options.report, "json") == 0 ? TER_REPORT_JSON : TER_REPORT_TEXT};

    if (strcmp(heap->options.report, "none") == 0 ||
        !ter_heap_speaks(heap, heap->options.report_file))
        return;
    snprintf(heap->options.report, sizeof heap->options.report, "none");
    ter_output_to(heap->options.report_file, "report", write_report, &wanted);
}
