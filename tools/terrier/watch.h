/* SPDX-License-Identifier: MIT */
/* Watching the collections of programs that are compared: an object is preloaded into them on both
 * sides, and counts in a file in the scratch folder. */
#ifndef TERRIER_COMMAND_WATCH_H
#define TERRIER_COMMAND_WATCH_H

/* What one run showed. */
struct cmd_watch_counts {
    double collections;
    double longest_ns;
    double total_ns;
    double longest_stopped_ns;
    double library_share; /* of the processor's time; negative: no samples */
};

/* Changes this process's environment for all programs that it starts. After cmd_scratch_init(). */
void cmd_watch_init(const char *object_path);

/* Before a run; `sample` asks for the share of the library in the processor's time. */
void cmd_watch_begin(bool sample);
struct cmd_watch_counts cmd_watch_end(void);

#endif
