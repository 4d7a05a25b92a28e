/* SPDX-License-Identifier: MIT */
/* Measured numbers of one kind, and what describes them: median, quartiles, ends. */
#ifndef TERRIER_COMMAND_SAMPLE_H
#define TERRIER_COMMAND_SAMPLE_H

struct cmd_sample {
    double *values;
    size_t count;
    size_t capacity;
};

struct cmd_summary {
    double median;
    double min;
    double max;
    double spread; /* from the first to the third quartile, as a part of the median */
};

void cmd_sample_init(struct cmd_sample *sample, size_t capacity);
void cmd_sample_fini(struct cmd_sample *sample);

/* There must be room. */
void cmd_sample_add(struct cmd_sample *sample, double value);

/* Sorts the values. There must be one. */
struct cmd_summary cmd_sample_summary(struct cmd_sample *sample);

#endif
