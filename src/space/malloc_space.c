/* SPDX-License-Identifier: MIT */
#include "space/space.h"

/* Memory beside objects belongs to others, whoever owns the chunk. */
static bool covers_object(const struct ter_sft *sft, uintptr_t word)
{
    return !ter_object_is_none(ter_foreign_space_find_object(sft, word));
}

/* ---- Objects ---- */

ter_status ter_malloc_space_adopt(struct ter_malloc_space *space,
                                  const struct ter_memory_piece *piece, unsigned kind)
{
    const struct ter_space *common = &space->foreign.space;
    struct ter_arena *arena = common->arena;
    ter_status status = ter_foreign_use(&arena->foreign, &arena->map, &space->foreign.set,
                                        piece->object, piece->extent, NULL);

    if (status != TER_OK)
        return status;
    ter_accounting_add_foreign(&arena->accounting, piece->extent);
    space->uncollectable += common->kinds[kind].uncollectable;
    ter_foreign_add_within(&arena->foreign, piece->object, piece->extent, kind, piece->margin);
    return TER_OK;
}

/* The object's piece; it stays an object. */
static struct ter_memory_piece piece_of(const struct ter_malloc_space *space, uintptr_t object)
{
    const struct ter_foreign *foreign = &space->foreign.space.arena->foreign;

    return (struct ter_memory_piece){.object = object,
                                     .extent = ter_foreign_bytes(foreign, object),
                                     .margin = ter_foreign_margin(foreign, object)};
}

/* From here on it does not count as an object; its chunks and its memory are still kept. */
static void retire(struct ter_malloc_space *space, unsigned kind, size_t extent)
{
    struct ter_arena *arena = space->foreign.space.arena;

    space->uncollectable -= space->foreign.space.kinds[kind].uncollectable;
    ter_accounting_subtract_foreign(&arena->accounting, extent);
}

static void let_piece_go(struct ter_malloc_space *space, const struct ter_memory_piece *piece)
{
    struct ter_arena *arena = space->foreign.space.arena;

    ter_foreign_let_go(&arena->foreign, &arena->map, &space->foreign.set, piece->object,
                       piece->extent);
}

static size_t free_malloc_object(struct ter_space *common, uintptr_t object)
{
    struct ter_malloc_space *space = ter_malloc_space_of(common);
    const struct ter_foreign *foreign = &common->arena->foreign;
    struct ter_memory_piece piece;
    unsigned kind;

    /* What was freed before may have been the last of its chunk. */
    TER_CHECK(ter_foreign_chunk_of(foreign, object) != NULL);
    kind = ter_foreign_kind(foreign, object);
    piece = piece_of(space, object);
    retire(space, kind, piece.extent);
    ter_foreign_remove(foreign, object);
    let_piece_go(space, &piece);
    ter_memory_give(&space->source, kind, &piece);
    return piece.extent;
}

/* ---- Sizes that change ---- */

bool ter_malloc_space_can_resize(const struct ter_malloc_space *space, uintptr_t object,
                                 size_t bytes)
{
    struct ter_memory_piece piece = piece_of(space, object);

    return ter_memory_can_resize(&space->source, &piece, bytes);
}

/*
 * Its memory was given another size, and there is no memory to describe it there: it gets the old
 * one again. That an allocator moves what becomes smaller, and it cannot be described there either,
 * is the end.
 */
static void undo_resize(struct ter_malloc_space *space, unsigned kind,
                        const struct ter_memory_piece *old, struct ter_memory_piece *piece)
{
    const struct ter_kind *how = &space->foreign.space.kinds[kind];
    bool undone =
        ter_memory_resize(&space->source, how, kind, old->extent - old->margin.slack, piece);

    TER_REQUIRE(undone && piece->object == old->object,
                "ter_reallocate: resize moved %#zx to %#zx, which the heap has no memory to "
                "describe, and not back",
                (size_t)old->object, (size_t)piece->object);
}

bool ter_malloc_space_resize(struct ter_malloc_space *space, uintptr_t *object, size_t bytes)
{
    const struct ter_space *common = &space->foreign.space;
    const struct ter_foreign *foreign = &common->arena->foreign;
    unsigned kind = ter_foreign_kind(foreign, *object);
    struct ter_memory_piece old = piece_of(space, *object), piece = old;
    bool resized;

    retire(space, kind, old.extent);
    ter_foreign_remove(foreign, *object);
    resized = ter_memory_resize(&space->source, &common->kinds[kind], kind, bytes, &piece);
    if (resized && ter_malloc_space_adopt(space, &piece, kind) != TER_OK) {
        undo_resize(space, kind, &old, &piece);
        resized = false;
    }
    /* The old place has its chunks until now, so it can be described again. */
    if (!resized)
        TER_CHECK(ter_malloc_space_adopt(space, &old, kind) == TER_OK);
    let_piece_go(space, &old);
    *object = piece.object;
    return resized;
}

/* ---- Whose memory it is ---- */

void ter_malloc_space_set_memory(struct ter_malloc_space *space,
                                 const struct ter_memory_functions *functions)
{
    static const struct ter_memory_source none;

    space->source = none;
    if (functions == NULL)
        return;
    space->source.functions = *functions;
    space->foreign.space.arena->foreign.exact = true;
}

/* ---- Collection ---- */

static void bury(struct ter_malloc_space *space, const struct ter_foreign_found *found)
{
    retire(space, found->kind, found->bytes);
    ter_foreign_bury(&space->foreign.space.arena->foreign, found->object);
}

struct sweep {
    struct ter_malloc_space *space;
    struct ter_live *live;
};

static void sweep_object(void *context, const struct ter_foreign_found *found)
{
    const struct sweep *sweep = context;

    if (found->is_marked)
        ter_live_count(sweep->live, sweep->space->foreign.space.kinds[found->kind].scan, 1,
                       found->bytes);
    else
        bury(sweep->space, found);
}

/* What is not marked is no object any more. */
static void sweep_objects(struct ter_space *space, struct ter_live *live)
{
    struct sweep sweep = {ter_malloc_space_of(space), live};

    sweep.space->admitted = 0;
    ter_foreign_for_each(&space->arena->foreign, &sweep.space->foreign.set, sweep_object, &sweep);
}

/* Gives back the memory of what a sweep found dead; chunks without objects are released. */
static void free_dead(struct ter_space *common)
{
    struct ter_malloc_space *space = ter_malloc_space_of(common);
    struct ter_foreign_digging digging = {NULL, 0};
    struct ter_foreign_grave grave;

    while (ter_foreign_dig_up(&common->arena->foreign, &space->foreign.set, &digging, &grave)) {
        struct ter_memory_piece piece = {grave.object, grave.bytes, grave.margin};

        let_piece_go(space, &piece);
        ter_memory_give(&space->source, grave.kind, &piece);
    }
}

static void bury_any(void *context, const struct ter_foreign_found *found)
{
    bury(context, found);
}

/* Frees every object. */
static void free_all_objects(struct ter_space *space)
{
    struct ter_malloc_space *malloc_space = ter_malloc_space_of(space);

    ter_foreign_for_each(&space->arena->foreign, &malloc_space->foreign.set, bury_any,
                         malloc_space);
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
    .help = "objects in malloc's memory or the program's, emptied by the sweep",
    .record_bytes = sizeof(struct ter_malloc_space),
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
