/* SPDX-License-Identifier: MIT */
#include "heap/profiles.h"

#include <terrier/profile.h>

#include "heap/heap.h"

#include <errno.h>

#define USUAL_INTERVAL TER_KIB(512)

static struct ter_samples *samples_of(struct ter_heap *heap)
{
    return &heap->seeing.samples;
}

static bool takes_samples(struct ter_heap *heap)
{
    return samples_of(heap)->collector != NULL;
}

/* ---- Calls of the program ---- */

void ter_heap_on_sample(struct ter_heap *heap, ter_frames_function *function, void *context)
{
    struct ter_samples *samples = samples_of(heap);

    ter_heap_require(heap, "ter_heap_on_sample");
    ter_allocator_lock(&heap->collector.allocator);
    samples->function = function;
    samples->context = context;
    ter_allocator_unlock(&heap->collector.allocator);
}

static ter_status write_profile(void *context, int file)
{
    struct ter_heap *heap = context;
    struct ter_profile *profile;
    ter_status status;

    ter_allocator_lock(&heap->collector.allocator);
    status = ter_profile_begin(&profile, samples_of(heap));
    ter_allocator_unlock(&heap->collector.allocator);
    return status == TER_OK ? ter_profile_finish(profile, file) : status;
}

ter_status ter_heap_profile(struct ter_heap *heap, int file)
{
    ter_status status;
    int error = errno;

    ter_heap_require(heap, "ter_heap_profile");
    if (!takes_samples(heap))
        return TER_ERROR_INVALID;
    status = write_profile(heap, file);
    if (status == TER_OK)
        errno = error;
    return status;
}

static ter_status write_growth(void *context, int file)
{
    struct ter_heap *heap = context;
    struct ter_growth_report *report;
    ter_status status;

    ter_allocator_lock(&heap->collector.allocator);
    status = ter_growth_report_begin(&report, &heap->seeing.growth);
    ter_allocator_unlock(&heap->collector.allocator);
    return status == TER_OK ? ter_growth_report_finish(report, file) : status;
}

/* ---- The options ---- */

static size_t interval_of(const struct ter_options *options)
{
    uint64_t interval = options->profile_interval;

    if (interval == 0 && (options->profile[0] != '\0' || options->growth[0] != '\0'))
        interval = USUAL_INTERVAL;
    return interval > SIZE_MAX ? SIZE_MAX : (size_t)interval;
}

/* The name that an option has, from any folder. */
static void keep_pattern(const char *option, const char *what, char *pattern)
{
    if (option[0] == '\0' || ter_output_make_absolute(option, pattern, TER_OUTPUT_ABSOLUTE_BYTES))
        return;
    ter_log(TER_LOG_WARNING, "no %s to '%s': this folder has no name", what, option);
    pattern[0] = '\0';
}

void ter_heap_begin_profile(struct ter_heap *heap)
{
    const struct ter_options *options = &heap->options;
    struct ter_seeing *seeing = &heap->seeing;

    if (interval_of(options) == 0)
        return;
    keep_pattern(options->profile, "profile", seeing->profile_pattern);
    keep_pattern(options->growth, "growth", seeing->growth_pattern);
    ter_samples_begin(&seeing->samples, &heap->collector, interval_of(options));
    if (seeing->growth_pattern[0] != '\0')
        ter_growth_begin(&seeing->growth, &seeing->samples);
}

/* Once. */
static void write_file(struct ter_heap *heap, char *pattern, const char *what,
                       ter_output_function *write)
{
    char path[TER_OUTPUT_ABSOLUTE_BYTES];

    if (pattern[0] == '\0' || !ter_heap_speaks(heap, pattern))
        return;
    ter_output_expand(pattern, path, sizeof path);
    pattern[0] = '\0';
    ter_whole_file(path, what, write, heap);
}

void ter_heap_write_wanted_profile(struct ter_heap *heap)
{
    write_file(heap, heap->seeing.profile_pattern, "profile", write_profile);
    write_file(heap, heap->seeing.growth_pattern, "growth", write_growth);
}

void ter_heap_end_profile(struct ter_heap *heap)
{
    ter_growth_fini(&heap->seeing.growth);
    ter_samples_fini(samples_of(heap));
}
