/* SPDX-License-Identifier: MIT */
#include "space/space.h"

_Static_assert(sizeof(struct ter_malloc_dead) <= TER_BYTES_IN_GRANULE, "fits any object");

/* Memory beside objects belongs to others, whoever owns the chunk. */
static bool covers_object(const struct ter_sft *sft, uintptr_t word)
{
    return ter_outside_space_find(ter_outside_space_of(sft), word) != 0;
}

ter_status ter_malloc_space_new(struct ter_ground *ground, const struct ter_kind *kinds,
                                struct ter_malloc_space **space)
{
    struct ter_sft functions = ter_outside_space_functions(TER_SPACE_MALLOC, "malloc");
    struct ter_outside_space *common;
    ter_status status;

    functions.is_in_space = covers_object;
    status = ter_outside_space_new(ground, &functions, kinds, &common);
    if (status == TER_OK)
        *space = (struct ter_malloc_space *)(void *)common;
    return status;
}

/* ---- Objects ---- */

static bool is_uncollectable_object(const struct ter_malloc_space *space, uintptr_t object)
{
    const struct ter_outside_space *common = &space->outside;

    return common->kinds[ter_outside_kind(&common->ground->outside, object)].uncollectable;
}

ter_status ter_malloc_space_adopt(struct ter_malloc_space *space, uintptr_t object, size_t bytes,
                                  unsigned kind)
{
    struct ter_outside_space *common = &space->outside;
    struct ter_ground *ground = common->ground;
    ter_status status =
        ter_outside_use(&ground->outside, &ground->map, &common->set, object, bytes, NULL);

    if (status != TER_OK)
        return status;
    ter_accounting_add_outside(&ground->accounting, bytes);
    space->uncollectable += common->kinds[kind].uncollectable;
    ter_outside_add(&ground->outside, object, bytes, kind);
    return TER_OK;
}

/* From here on it is no object; its chunks and its memory are still kept. */
static size_t retire(struct ter_malloc_space *space, uintptr_t object)
{
    struct ter_ground *ground = space->outside.ground;
    size_t bytes;

    /* What was freed before may have been the last of its chunk. */
    TER_CHECK(ter_outside_chunk_of(&ground->outside, object) != NULL);
    space->uncollectable -= is_uncollectable_object(space, object);
    bytes = ter_outside_remove(&ground->outside, object);
    ter_accounting_subtract_outside(&ground->accounting, bytes);
    return bytes;
}

static void give_to_malloc(struct ter_malloc_space *space, uintptr_t memory, size_t bytes)
{
    struct ter_ground *ground = space->outside.ground;

    ter_outside_let_go(&ground->outside, &ground->map, &space->outside.set, memory, bytes);
    ter_os_malloc_free((void *)memory);
}

size_t ter_malloc_space_free(struct ter_malloc_space *space, uintptr_t object)
{
    size_t bytes = retire(space, object);

    give_to_malloc(space, object, bytes);
    return bytes;
}

/* ---- Collection ---- */

void ter_malloc_space_prepare(struct ter_malloc_space *space)
{
    ter_outside_clear_marks(&space->outside.set);
}

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

    if (!ter_outside_is_marked(&sweep->space->outside.ground->outside, object)) {
        bury(sweep->space, object);
        return;
    }
    sweep->live->objects++;
    if (kind->scan == TER_SCAN_NONE)
        sweep->live->atomic_bytes += bytes;
    else
        sweep->live->scanned_bytes += bytes;
}

void ter_malloc_space_sweep(struct ter_malloc_space *space, struct ter_live *live)
{
    struct sweep sweep = {space, live};

    ter_outside_space_for_each(&space->outside, sweep_object, &sweep);
}

void ter_malloc_space_free_dead(struct ter_malloc_space *space)
{
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

void ter_malloc_space_fini(struct ter_malloc_space *space)
{
    ter_outside_space_for_each(&space->outside, bury_any, space);
    ter_malloc_space_free_dead(space);
}
