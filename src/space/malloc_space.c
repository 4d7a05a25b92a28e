/* SPDX-License-Identifier: MIT */
#include "space/space.h"

_Static_assert(sizeof(struct ter_malloc_dead) <= TER_BYTES_IN_GRANULE, "fits any object");

/* Memory beside objects belongs to others, whoever owns the chunk. */
static bool covers_object(const struct ter_sft *sft, uintptr_t word)
{
    return ter_foreign_space_find(ter_foreign_space_of(ter_space_of(sft)), word) != 0;
}

/* ---- Objects ---- */

static bool is_uncollectable_object(const struct ter_malloc_space *space, uintptr_t object)
{
    const struct ter_space *common = &space->foreign.space;

    return common->kinds[ter_foreign_kind(&common->arena->foreign, object)].uncollectable;
}

ter_status ter_malloc_space_adopt(struct ter_malloc_space *space, uintptr_t object, size_t bytes,
                                  unsigned kind)
{
    const struct ter_space *common = &space->foreign.space;
    struct ter_arena *arena = common->arena;
    ter_status status =
        ter_foreign_use(&arena->foreign, &arena->map, &space->foreign.set, object, bytes, NULL);

    if (status != TER_OK)
        return status;
    ter_accounting_add_foreign(&arena->accounting, bytes);
    space->uncollectable += common->kinds[kind].uncollectable;
    ter_foreign_add(&arena->foreign, object, bytes, kind);
    return TER_OK;
}

/* From here on it is no object; its chunks and its memory are still kept. */
static size_t retire(struct ter_malloc_space *space, uintptr_t object)
{
    struct ter_arena *arena = space->foreign.space.arena;
    size_t bytes;

    /* What was freed before may have been the last of its chunk. */
    TER_CHECK(ter_foreign_chunk_of(&arena->foreign, object) != NULL);
    space->uncollectable -= is_uncollectable_object(space, object);
    bytes = ter_foreign_remove(&arena->foreign, object);
    ter_accounting_subtract_foreign(&arena->accounting, bytes);
    return bytes;
}

static void give_to_malloc(struct ter_malloc_space *space, uintptr_t memory, size_t bytes)
{
    struct ter_arena *arena = space->foreign.space.arena;

    ter_foreign_let_go(&arena->foreign, &arena->map, &space->foreign.set, memory, bytes);
    ter_os_malloc_free((void *)memory);
}

static size_t free_malloc_object(struct ter_space *common, uintptr_t object)
{
    struct ter_malloc_space *space = ter_malloc_space_of(common);
    size_t bytes = retire(space, object);

    give_to_malloc(space, object, bytes);
    return bytes;
}

/* ---- Collection ---- */

static void bury(struct ter_malloc_space *space, uintptr_t object)
{
    size_t bytes = retire(space, object);

    *(struct ter_malloc_dead *)object = (struct ter_malloc_dead){space->dead, bytes};
    space->dead = object;
}

struct sweep {
    struct ter_malloc_space *space;
    struct ter_live *live;
};

static void sweep_object(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    const struct sweep *sweep = context;

    if (ter_foreign_is_marked(&sweep->space->foreign.space.arena->foreign, object))
        ter_live_count(sweep->live, kind->scan, 1, bytes);
    else
        bury(sweep->space, object);
}

/* What is not marked is no object any more. */
static void sweep_objects(struct ter_space *space, struct ter_live *live)
{
    struct sweep sweep = {ter_malloc_space_of(space), live};

    ter_foreign_space_for_each(space, sweep_object, &sweep);
}

/* Gives the memory of what a sweep found dead to malloc; chunks without objects are released. */
static void free_dead(struct ter_space *common)
{
    struct ter_malloc_space *space = ter_malloc_space_of(common);

    while (space->dead != 0) {
        const struct ter_malloc_dead *dead = (const struct ter_malloc_dead *)space->dead;
        uintptr_t memory = space->dead;

        space->dead = dead->next;
        give_to_malloc(space, memory, dead->bytes);
    }
}

static void bury_any(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    (void)bytes, (void)kind;
    bury(context, object);
}

/* Frees every object. */
static void free_all_objects(struct ter_space *space)
{
    ter_foreign_space_for_each(space, bury_any, ter_malloc_space_of(space));
    free_dead(space);
}

/* ---- Looking at it ---- */

static bool has_uncollectable_objects(const struct ter_space *space)
{
    return ter_malloc_space_of(space)->uncollectable != 0;
}

/* What was freed by hand or by a sweep may be anything of malloc's now. */
static bool may_be_gone(const struct ter_space *space, uintptr_t word)
{
    (void)space, (void)word;
    return true;
}

const struct ter_policy ter_policy_malloc = {
    TER_FOREIGN_SPACE_POLICY,
    .help = "objects in malloc's memory, emptied by the sweep",
    .record_bytes = sizeof(struct ter_malloc_space),
    .gone_bytes = sizeof(struct ter_malloc_dead),
    .functions = {.kind = TER_SPACE_MALLOC,
                  .name = "malloc",
                  .find_object_from_interior = ter_foreign_space_find_object,
                  .is_live = ter_foreign_space_is_object_marked,
                  .is_reachable = ter_foreign_space_is_object_marked,
                  .is_sane = ter_foreign_space_is_object_marked,
                  .is_in_space = covers_object,
                  .init_object_metadata = ter_foreign_space_init_object,
                  .print_object = ter_foreign_space_print},
    .fini = free_all_objects,
    .for_each_parcel = ter_foreign_space_for_each_parcel,
    .free = free_malloc_object,
    .release = sweep_objects,
    .resumed = free_dead,
    .has_uncollectable = has_uncollectable_objects,
    .is_gone = may_be_gone,
};
