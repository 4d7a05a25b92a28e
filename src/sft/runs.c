/* SPDX-License-Identifier: MIT */
/* A map as a list of runs. Only groups of entries that own anything are looked at. */
#include "sft/map_state.h"

struct run {
    const struct ter_sft_map *map;
    ter_sft_run_visitor *visit;
    void *context;
    const struct ter_sft *space; /* of the run that is open; EMPTY: none is */
    uintptr_t first;             /* its first region */
};

/* Region `index` begins something else than what is open. */
static void begin_run(struct run *run, const struct ter_sft *space, uintptr_t index)
{
    const struct ter_sft_map *map = run->map;

    if (!ter_sft_is_empty(run->space))
        run->visit(run->context, run->space, run->first << map->log_region_bytes,
                   (index << map->log_region_bytes) - 1);
    run->space = space;
    run->first = index;
}

/* Gives the end of the group. */
static uintptr_t visit_group(struct run *run, uintptr_t group)
{
    uintptr_t first = group << TER_SFT_LOG_GROUP;
    uintptr_t end = ter_min(first + ((uintptr_t)1 << TER_SFT_LOG_GROUP), run->map->beyond);

    for (uintptr_t index = first; index < end; index++) {
        const struct ter_sft *space = ter_sft_map_entry(run->map, index);

        if (space != run->space)
            begin_run(run, space, index);
    }
    return end;
}

void ter_sft_map_visit_runs(const struct ter_sft_map *map, ter_sft_run_visitor *visit,
                            void *context)
{
    const struct ter_sft_groups *groups = &map->state->groups;
    const struct ter_sft *empty = ter_sft_map_empty(map);
    struct run run = {map, visit, context, empty, 0};
    uintptr_t end = 0; /* of what was looked at */
    uintptr_t group = ter_sft_groups_next(groups, 0);

    for (; group != TER_SFT_NO_GROUP; group = ter_sft_groups_next(groups, group + 1)) {
        if (group << TER_SFT_LOG_GROUP != end)
            begin_run(&run, empty, end);
        end = visit_group(&run, group);
    }
    begin_run(&run, empty, end);
}

void ter_sft_map_for_each_run(const struct ter_sft_map *map, ter_sft_run_visitor *visit,
                              void *context)
{
    TER_REQUIRE(visit != NULL, "ter_sft_map_for_each_run: there is no function to call");
    ter_lock_acquire_for(&map->state->lock, "ter_sft_map_for_each_run");
    ter_sft_map_visit_runs(map, visit, context);
    ter_lock_release(&map->state->lock);
}

/* ---- Text ---- */

static void add_run(void *context, const struct ter_sft *space, uintptr_t start, uintptr_t last)
{
    struct ter_text *text = context;

    ter_text_print(text, "%#zx to %#zx: ", (size_t)start, (size_t)last);
    ter_text_add_name(text, space->name);
    ter_text_print(text, "\n");
}

size_t ter_sft_map_print(const struct ter_sft_map *map, char *text, size_t size)
{
    struct ter_text out;

    ter_text_init(&out, text, size);
    ter_text_print(&out, "%s map of %#zx to %#zx, %zu bytes an entry\n",
                   ter_sft_map_kind_name(map->kind), (size_t)map->start, (size_t)map->last,
                   (size_t)1 << map->log_region_bytes);
    ter_sft_map_for_each_run(map, add_run, &out);
    return out.length;
}
