/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

static struct ter_accounting *accounting_of_malloc(const struct ter_allocator *allocator)
{
    return &allocator->malloc_space->foreign.space.arena->accounting;
}

/* The gate is asked for so much at once, if there is room anyway. */
#define ADMITTED_AT_ONCE TER_KIB(16)

/* There are no larger cells here. */
static enum ter_admission ask(const struct ter_gate *gate, size_t bytes)
{
    enum ter_admission admission = gate->admit(gate->context, bytes);

    return admission == TER_CROWDED ? gate->refused(gate->context, bytes) : admission;
}

/* Asks the gate until it says yes or no. */
static bool is_admitted(const struct ter_gate *gate, size_t bytes)
{
    enum ter_admission admission = TER_RETRY;

    while (admission == TER_RETRY)
        admission = ask(gate, bytes);
    return admission == TER_ADMITTED;
}

static bool reserve_bytes(struct ter_mutator *mutator, size_t bytes)
{
    if (!is_admitted(&mutator->allocator->gate, bytes))
        return false;
    ter_accounting_add_foreign(accounting_of_malloc(mutator->allocator), bytes);
    mutator->reserved_bytes = bytes;
    return true;
}

/* For the program's functions: while the lock is not let go, nothing need be in use meanwhile, and
 * the gate may be asked for some objects at once. */
static bool admit_for_program(const struct ter_allocator *allocator, size_t bytes)
{
    struct ter_malloc_space *space = allocator->malloc_space;

    if (TER_LIKELY(bytes <= space->admitted))
        return true;
    if (bytes < ADMITTED_AT_ONCE &&
        ter_accounting_has_room(accounting_of_malloc(allocator), ADMITTED_AT_ONCE))
        bytes = ADMITTED_AT_ONCE;
    if (!is_admitted(&allocator->gate, bytes))
        return false;
    space->admitted = bytes;
    return true;
}

static bool admit_object(struct ter_mutator *mutator, size_t bytes)
{
    return ter_memory_is_of_program(&mutator->allocator->malloc_space->source)
               ? admit_for_program(mutator->allocator, bytes)
               : reserve_bytes(mutator, bytes);
}

void ter_mutator_give_up_reserve(struct ter_mutator *mutator)
{
    if (mutator->reserved_bytes != 0)
        ter_accounting_subtract_foreign(accounting_of_malloc(mutator->allocator),
                                        mutator->reserved_bytes);
    mutator->reserved_bytes = 0;
}

/* What is asked of whoever gives memory. */
static size_t wanted_bytes(const struct ter_allocator *allocator, unsigned kind, size_t bytes,
                           size_t rounded)
{
    return ter_memory_is_of_program(&allocator->malloc_space->source)
               ? ter_memory_wanted(&allocator->kinds[kind], bytes)
               : rounded;
}

/* It is somebody else's chunk, and the program's functions alone are to give memory. */
static ter_status refuse_chunk(const struct ter_memory_piece *piece)
{
    ter_log(TER_LOG_WARNING,
            "memory at %#zx for an object is in a chunk of another space of the heap: refused",
            (size_t)piece->object);
    return TER_ERROR_INVALID;
}

/* A piece of memory becomes an object, or goes back. */
static ter_status adopt(const struct ter_allocator *allocator, unsigned kind,
                        const struct ter_memory_piece *piece)
{
    struct ter_malloc_space *space = allocator->malloc_space;
    ter_status status = ter_malloc_space_adopt(space, piece, kind);

    if (status == TER_OK)
        return TER_OK;
    ter_memory_give(&space->source, kind, piece);
    return status == TER_ERROR_OWNED && ter_memory_is_of_program(&space->source)
               ? refuse_chunk(piece)
               : status;
}

/* Around the call the lock is let go. */
static ter_status take_malloc_piece(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                                    struct ter_memory_piece *piece)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_memory_source source = allocator->malloc_space->source;
    ter_status status;

    ter_allocator_unlock(allocator);
    status = ter_memory_take(&source, &allocator->kinds[kind], kind, bytes, piece);
    ter_allocator_lock(allocator);
    allocator->no_collect = mutator->no_collect;
    ter_mutator_give_up_reserve(mutator);
    return status;
}

static ter_status take_memory(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                              struct ter_memory_piece *piece)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_malloc_space *space = allocator->malloc_space;
    ter_status status;

    if (!ter_memory_is_of_program(&space->source))
        return take_malloc_piece(mutator, kind, bytes, piece);
    status = ter_memory_take(&space->source, &allocator->kinds[kind], kind, bytes, piece);
    if (status == TER_OK)
        space->admitted -= ter_min(space->admitted, piece->extent);
    return status;
}

static ter_status take_from_malloc(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                                   void **object)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_memory_piece piece;
    ter_status status = take_memory(mutator, kind, bytes, &piece);

    if (status == TER_OK)
        status = adopt(allocator, kind, &piece);
    if (status != TER_OK)
        return status;
    ter_allocator_count(allocator, piece.extent);
    *object = (void *)piece.object;
    return TER_OK;
}

bool ter_mutator_allocate_from_malloc(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                                      size_t rounded, void **object)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_accounting *accounting = accounting_of_malloc(allocator);
    const struct ter_gate *gate = &allocator->gate;
    ter_status status = TER_ERROR_NO_MEMORY;
    size_t limit;

    *object = NULL;
    ter_allocator_lock(allocator);
    allocator->no_collect = mutator->no_collect;
    ter_allocator_poll_stress(allocator);
    for (;;) {
        limit = accounting->limit_bytes;
        if (!admit_object(mutator, rounded))
            break;
        status =
            take_from_malloc(mutator, kind, wanted_bytes(allocator, kind, bytes, rounded), object);
        if (status == TER_OK || status == TER_ERROR_OWNED)
            break;
        /* What was admitted and is not there must not let the heap grow without collections. */
        accounting->limit_bytes = limit;
        if (gate->refused(gate->context, rounded) == TER_REFUSED)
            break;
    }
    ter_allocator_unlock_and_notify(allocator);
    return status != TER_ERROR_OWNED;
}

/* ---- Sizes that change ---- */

/* Under the lock, so that nobody collects while the memory is on its way. */
static bool resize(struct ter_mutator *mutator, uintptr_t *object, size_t more, size_t bytes)
{
    struct ter_accounting *accounting = accounting_of_malloc(mutator->allocator);
    size_t limit = accounting->limit_bytes;
    bool resized;

    if (more != 0 && !admit_for_program(mutator->allocator, more))
        return false;
    resized = ter_malloc_space_resize(mutator->allocator->malloc_space, object, bytes);
    if (resized) {
        mutator->allocator->malloc_space->admitted -= more;
        ter_allocator_count(mutator->allocator, more);
    } else
        accounting->limit_bytes = limit;
    return resized;
}

/* Refused, it is tried again after a collection, if it is to be larger. */
static bool resize_or_collect(struct ter_mutator *mutator, uintptr_t *object, size_t bytes)
{
    const struct ter_allocator *allocator = mutator->allocator;
    const struct ter_gate *gate = &allocator->gate;
    size_t old_bytes =
        ter_foreign_space_object_bytes(&allocator->malloc_space->foreign.space, *object);
    size_t more = ter_align_up(ter_max(bytes, old_bytes) - old_bytes, TER_BYTES_IN_GRANULE);

    while (!resize(mutator, object, more, bytes))
        if (more == 0 || gate->refused(gate->context, more) == TER_REFUSED)
            return false;
    return true;
}

static enum ter_resizing resize_locked(struct ter_mutator *mutator, uintptr_t *object, size_t bytes)
{
    const struct ter_allocator *allocator = mutator->allocator;
    const struct ter_malloc_space *space = allocator->malloc_space;
    unsigned kind = ter_foreign_space_object_kind(&space->foreign.space, *object);
    size_t wanted = ter_memory_wanted(&allocator->kinds[kind], bytes);

    if (wanted == ter_foreign_space_object_bytes(&space->foreign.space, *object) ||
        !ter_malloc_space_can_resize(space, *object, wanted))
        return TER_RESIZE_OTHERWISE;
    return resize_or_collect(mutator, object, wanted) ? TER_RESIZED : TER_RESIZE_REFUSED;
}

enum ter_resizing ter_mutator_resize_in_malloc(struct ter_mutator *mutator,
                                               const struct ter_sft *space, size_t bytes,
                                               void **object)
{
    struct ter_allocator *allocator = mutator->allocator;
    uintptr_t address = (uintptr_t)*object;
    enum ter_resizing resizing;

    if (allocator->malloc_space == NULL ||
        ter_space_of(space) != &allocator->malloc_space->foreign.space || bytes > UINTPTR_MAX / 2)
        return TER_RESIZE_OTHERWISE;
    ter_allocator_lock(allocator);
    allocator->no_collect = mutator->no_collect;
    resizing = resize_locked(mutator, &address, bytes);
    *object = (void *)address;
    ter_allocator_unlock_and_notify(allocator);
    return resizing;
}
