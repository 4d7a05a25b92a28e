/* SPDX-License-Identifier: MIT */
/*
 * The tracers behind the options sft_trace and sft_trace_map: a line of the log for every change,
 * and after it a line for every run of the map, as it is then. Both under the map's lock.
 */
#include "sft/map_state.h"
#include "sft/sft.h"

static void log_change(void *context, const struct ter_sft_change *change)
{
    static const char *const words[] = {
        [TER_SFT_CLAIMED] = "claims",
        [TER_SFT_RELEASED] = "releases",
        [TER_SFT_REFUSED] = "is refused",
    };

    (void)context;
    if (change->event == TER_SFT_ADDED)
        ter_log(TER_LOG_WARNING, "SFT map: %s is added", change->space->name);
    else
        ter_log(TER_LOG_WARNING, "SFT map: %s %s %zu bytes at %#zx%s%s", change->space->name,
                words[change->event], (size_t)change->bytes, (size_t)change->start,
                change->owner != NULL ? ", owned by " : "",
                change->owner != NULL ? change->owner->name : "");
}

static void log_run(void *context, const struct ter_sft *space, uintptr_t start, uintptr_t last)
{
    size_t *runs = context;

    ter_log(TER_LOG_WARNING, "SFT map: now %#zx to %#zx: %s", (size_t)start, (size_t)last,
            space->name);
    ++*runs;
}

static void log_change_and_map(void *context, const struct ter_sft_change *change)
{
    size_t runs = 0;

    log_change(NULL, change);
    if (change->event != TER_SFT_CLAIMED && change->event != TER_SFT_RELEASED)
        return;
    ter_sft_map_visit_runs(context, log_run, &runs);
    if (runs == 0)
        ter_log(TER_LOG_WARNING, "SFT map: now nothing is owned");
}

void ter_sft_log_changes(const struct ter_sft_map *map, bool whole_map)
{
    ter_sft_map_trace(map, whole_map ? log_change_and_map : log_change, (void *)map);
}
