/* SPDX-License-Identifier: MIT */
/* Medians and quartiles; between two values they are interpolated. */
#include "terrier.h"

#include "sample.h"

#include <stdlib.h>

void cmd_sample_init(struct cmd_sample *sample, size_t capacity)
{
    sample->values = cmd_new_array(capacity, sizeof sample->values[0]);
    sample->count = 0;
    sample->capacity = capacity;
}

void cmd_sample_fini(struct cmd_sample *sample)
{
    free(sample->values);
    sample->values = NULL;
}

void cmd_sample_add(struct cmd_sample *sample, double value)
{
    if (sample->count == sample->capacity)
        cmd_die(CMD_STATUS_FAILED, "more values than runs");
    sample->values[sample->count++] = value;
}

static int compare_values(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The value below which `part` of the sorted sample lies. */
static double quantile(const struct cmd_sample *sample, double part)
{
    double position = part * (double)(sample->count - 1);
    size_t below = (size_t)position;
    size_t above = below + 1 < sample->count ? below + 1 : below;
    double share = position - (double)below;
    return sample->values[below] * (1 - share) + sample->values[above] * share;
}

struct cmd_summary cmd_sample_summary(struct cmd_sample *sample)
{
    qsort(sample->values, sample->count, sizeof sample->values[0], compare_values);
    struct cmd_summary summary = {
        .median = quantile(sample, 0.5),
        .min = sample->values[0],
        .max = sample->values[sample->count - 1],
    };
    if (summary.median > 0)
        summary.spread = (quantile(sample, 0.75) - quantile(sample, 0.25)) / summary.median;
    return summary;
}
