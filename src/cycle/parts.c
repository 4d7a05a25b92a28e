/* SPDX-License-Identifier: MIT */
#include "cycle/parts.h"

#define PART_NAME(identifier, name) name,
static const char *const names[TER_PART_COUNT] = {"", TER_PARTS(PART_NAME)};
#undef PART_NAME

const char *ter_part_name(enum ter_part part)
{
    return (unsigned)part < TER_PART_COUNT ? names[part] : "";
}

void ter_part_begin(struct ter_collector *collector, enum ter_part part)
{
    const struct ter_watch *watch = collector->allocator.watch;

    if (collector->part != TER_PART_NONE)
        TER_PROBE3(phase__end, collector, (int)collector->part, names[collector->part]);
    collector->part = part;
    if (part != TER_PART_NONE)
        TER_PROBE3(phase__begin, collector, (int)part, names[part]);
    if (watch != NULL)
        watch->part(watch->context, part);
}

void ter_part_tell_helpers(const struct ter_collector *collector)
{
    const struct ter_watch *watch = collector->allocator.watch;
    const struct ter_workers *workers = &collector->workers;

    for (unsigned i = 0; watch != NULL && i < workers->ready; i++) {
        const struct ter_work_time *time = &workers->tracers[i].time;

        watch->helped(watch->context, time->thread, time->start_ns, time->end_ns);
    }
}
