/* SPDX-License-Identifier: MIT */
#include "heap/dumps.h"

#include "heap/heap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct ter_dump_origins ter_heap_origins(const struct ter_heap *heap)
{
    bool has_ledger = heap->collector.allocator.checking != NULL && heap->checking.sites;
    bool has_samples = heap->seeing.samples.collector != NULL;

    return (struct ter_dump_origins){.ledger = has_ledger ? &heap->checking.ledger : NULL,
                                     .samples = has_samples ? &heap->seeing.samples : NULL};
}

/* ---- Files ---- */

/* Under the lock or not: it is taken, or let go while names are asked for. */
static ter_status dump_to(struct ter_heap *heap, int file, bool is_locked)
{
    struct ter_allocator *allocator = &heap->collector.allocator;
    struct ter_dump *dump;
    ter_status status;

    if (!is_locked)
        ter_allocator_lock(allocator);
    status = ter_dump_begin(&dump, &heap->collector, ter_heap_origins(heap), file);
    ter_allocator_unlock(allocator);
    if (dump != NULL)
        status = ter_dump_finish(dump);
    if (is_locked)
        ter_allocator_lock(allocator);
    return status;
}

ter_status ter_heap_dump(struct ter_heap *heap, int file)
{
    ter_status status;
    int error = errno;

    ter_heap_require(heap, "ter_heap_dump");
    status = dump_to(heap, file, false);
    if (status == TER_OK)
        errno = error;
    return status;
}

struct wanted_dump {
    struct ter_heap *heap;
    bool is_locked;
};

static ter_status write_dump(void *context, int file)
{
    const struct wanted_dump *wanted = context;

    return dump_to(wanted->heap, file, wanted->is_locked);
}

static void write_dump_to(struct ter_heap *heap, const char *path, bool is_locked)
{
    struct wanted_dump wanted = {heap, is_locked};

    ter_whole_file(path, "dump", write_dump, &wanted);
}

/* "heap.heapsnapshot" becomes "heap.1.heapsnapshot". */
static void add_number(char *path, size_t size, unsigned number)
{
    char *name = strrchr(path, '/');
    char *dot = strrchr(name == NULL ? path : name, '.');
    char end[TER_OPTION_TEXT_BYTES] = "";
    size_t length = strlen(path);

    if (dot != NULL && dot > path && dot[-1] != '/') {
        length = (size_t)(dot - path);
        snprintf(end, sizeof end, "%s", dot);
    }
    snprintf(path + length, size - length, ".%u%s", number, end);
}

/* ---- When ---- */

static bool may_dump(const struct ter_heap *heap)
{
    const char *pattern = heap->seeing.dump_pattern;

    return pattern[0] != '\0' && ter_heap_speaks(heap, pattern);
}

/* The gate's context is the collector. */
static void dump_asked(void *collector)
{
    struct ter_heap *heap =
        (struct ter_heap *)(void *)((char *)collector - offsetof(struct ter_heap, collector));
    char path[TER_OUTPUT_ABSOLUTE_BYTES + 16];

    if (!may_dump(heap) || heap->collector.collecting || heap->collector.allocator.visiting)
        return;
    ter_output_expand(heap->seeing.dump_pattern, path, TER_OUTPUT_ABSOLUTE_BYTES);
    add_number(path, sizeof path, ++heap->seeing.dumps);
    write_dump_to(heap, path, true);
    /* Whoever allocates here wanted no refusal, or would not have come. */
    heap->collector.allocator.no_collect = false;
}

void ter_heap_begin_dumps(struct ter_heap *heap)
{
    const struct ter_options *options = &heap->options;
    struct ter_seeing *seeing = &heap->seeing;

    if (options->dump[0] == '\0')
        return;
    if (!ter_output_make_absolute(options->dump, seeing->dump_pattern,
                                  sizeof seeing->dump_pattern)) {
        ter_log(TER_LOG_WARNING, "no dump to '%s': this folder has no name", options->dump);
        return;
    }
    heap->collector.allocator.gate.asked = dump_asked;
    if (options->dump_signal != 0)
        ter_heap_listen(heap, (int)options->dump_signal);
}

void ter_heap_write_wanted_dump(struct ter_heap *heap)
{
    char path[TER_OUTPUT_ABSOLUTE_BYTES];

    if (!may_dump(heap))
        return;
    ter_output_expand(heap->seeing.dump_pattern, path, sizeof path);
    heap->seeing.dump_pattern[0] = '\0';
    write_dump_to(heap, path, false);
}

void ter_heap_end_dumps(struct ter_heap *heap)
{
    ter_heap_stop_listening(heap);
}
