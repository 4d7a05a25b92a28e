/* SPDX-License-Identifier: MIT */
/* The tracer behind the option sft_trace: a line of the log for every change. */
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

void ter_sft_log_changes(const struct ter_sft_map *map)
{
    ter_sft_map_trace(map, log_change, NULL);
}
