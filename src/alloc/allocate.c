/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

/* ---- Small objects ---- */

/* Most bytes of a run that begins with the cell that is wanted now. */
static size_t most_of_run(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    size_t bytes = mutator->allocator->cell_run_bytes;

    if (TER_LIKELY(mutator->sampler == NULL))
        return bytes;
    return ter_sampler_most_bytes(mutator, kind, size_class, bytes);
}

/* All of the run but its first cell will be handed out without a question. */
static void note_run(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    const struct ter_cell_run *run = &mutator->cell_runs[kind][size_class];

    if (TER_UNLIKELY(mutator->sampler != NULL))
        ter_sampler_move_cells(
            mutator, kind, size_class,
            (ptrdiff_t)(run->limit - run->cursor - ter_size_class_bytes[size_class]));
}

/* The next run of the mutator's block, or of another that has free cells. */
static bool take_run(struct ter_mutator *mutator, struct ter_block_space *space, unsigned kind,
                     unsigned size_class)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_mutator_slow *slow = &mutator->slow[kind][size_class];
    struct ter_cell_run *run = &mutator->cell_runs[kind][size_class];

    if (slow->block == 0)
        slow->block = ter_block_space_take_available(space, kind, size_class);
    while (slow->block != 0) {
        if (ter_block_space_next_run(space, slow->block, most_of_run(mutator, kind, size_class),
                                     ter_mutator_is_alone(mutator), run)) {
            ter_allocator_count(allocator, run->limit - run->cursor);
            note_run(mutator, kind, size_class);
            return true;
        }
        slow->block = ter_block_space_take_available(space, kind, size_class);
    }
    return false;
}

static enum ter_admission take_fresh_block(struct ter_mutator *mutator,
                                           struct ter_block_space *space, unsigned kind,
                                           unsigned size_class)
{
    const struct ter_gate *gate = &mutator->allocator->gate;
    enum ter_admission admission = gate->admit(gate->context, TER_BYTES_IN_BLOCK);
    uintptr_t block;

    if (admission != TER_ADMITTED)
        return admission;
    if (ter_block_space_take_fresh(space, kind, size_class, &block) != TER_OK)
        return gate->refused(gate->context, TER_BYTES_IN_BLOCK);
    mutator->slow[kind][size_class].block = block;
    return TER_RETRY;
}

/* A cell of exactly this class for which nobody need be asked. */
static uintptr_t take_ready(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_block_space *space = ter_allocator_cells_of(mutator->allocator, kind);
    struct ter_cell_run *run = &mutator->cell_runs[kind][size_class];
    uintptr_t cell = ter_mutator_take_freed(mutator, kind, size_class);

    if (cell != 0)
        return cell;
    ter_mutator_use(mutator, kind, size_class);
    if (run->cursor == run->limit && !take_run(mutator, space, kind, size_class))
        return 0;
    cell = run->cursor;
    __atomic_store_n(&run->cursor, cell + ter_size_class_bytes[size_class], __ATOMIC_RELEASE);
    return cell;
}

/* The same of a block that was for another kind. */
static uintptr_t take_from_others(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_block_space *space = ter_allocator_cells_of(mutator->allocator, kind);
    uintptr_t block = ter_block_space_take_others(space, kind, size_class);

    if (block == 0)
        return 0;
    ter_mutator_use(mutator, kind, size_class);
    mutator->slow[kind][size_class].block = block;
    return take_ready(mutator, kind, size_class);
}

/*
 * A heap at its maximum that has a block for some sizes or kinds only would be collected whenever
 * the program comes to another. So the others take from blocks of another kind, or make do with
 * larger cells, until that is worth it.
 */
static uintptr_t make_do(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_allocator *allocator = mutator->allocator;
    size_t bytes = ter_size_class_bytes[size_class];
    unsigned larger = size_class;
    uintptr_t cell = take_from_others(mutator, kind, size_class);

    while (cell == 0 && ++larger < TER_SIZE_CLASSES)
        cell = take_ready(mutator, kind, larger);
    while (cell == 0 && ++size_class < TER_SIZE_CLASSES)
        cell = take_from_others(mutator, kind, size_class);
    if (cell != 0)
        allocator->make_do_bytes -= ter_min(bytes, allocator->make_do_bytes);
    return cell;
}

static uintptr_t take_cell(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_allocator *allocator = mutator->allocator;
    enum ter_admission admission = TER_RETRY;

    ter_mutator_fold_counts(mutator);
    ter_allocator_poll_stress(allocator);
    if (TER_UNLIKELY(allocator->logs))
        allocator->gate.aged(allocator->gate.context);
    while (admission != TER_REFUSED) {
        bool crowded = admission == TER_CROWDED;
        uintptr_t cell = take_ready(mutator, kind, size_class);

        if (cell == 0 && allocator->make_do_bytes != 0)
            cell = make_do(mutator, kind, size_class);
        if (cell != 0)
            return cell;
        admission =
            take_fresh_block(mutator, ter_allocator_cells_of(allocator, kind), kind, size_class);
        if (admission == TER_CROWDED && crowded)
            admission = allocator->gate.refused(allocator->gate.context, TER_BYTES_IN_BLOCK);
    }
    return 0;
}

/*
 * A thread has a block of its own for a size once it has taken so many bytes of the common runs: a
 * thread that allocates little would hold much for it. Large cells are few in a block.
 */
static size_t most_in_common(unsigned size_class)
{
    return ter_max(TER_KIB(4), 8 * (size_t)ter_size_class_bytes[size_class]);
}

/* Whose runs serve the mutator, under the lock: its own or the common ones. */
static struct ter_mutator *serving(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_mutator *common = mutator->allocator->common;
    struct ter_mutator_slow *slow = &mutator->slow[kind][size_class];

    if (common == NULL || slow->block != 0 || slow->common >= most_in_common(size_class))
        return mutator;
    slow->common += ter_size_class_bytes[size_class];
    ter_mutator_fold_counts(mutator);
    return common;
}

/* While stops are held off, so that a collector finds it done or not begun. */
static bool refill_held(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    const struct ter_allocator *allocator = mutator->allocator;
    uintptr_t block = mutator->slow[kind][size_class].block;

    return block != 0 && ter_block_space_refill(ter_allocator_cells_of(allocator, kind), block,
                                                most_of_run(mutator, kind, size_class),
                                                ter_mutator_is_alone(mutator),
                                                &mutator->cell_runs[kind][size_class]);
}

static void count_unlocked(struct ter_mutator *mutator, size_t bytes)
{
    __atomic_store_n(&mutator->uncounted, mutator->uncounted + bytes, __ATOMIC_RELAXED);
}

/* The next run of the mutator's own block, without the lock; 0 when there is none. */
static uintptr_t refill(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_cell_run *run = &mutator->cell_runs[kind][size_class];
    uintptr_t cell;
    bool filled;

    ter_os_hold_off_begin(mutator->thread);
    filled = refill_held(mutator, kind, size_class);
    ter_os_hold_off_end(mutator->thread);
    if (!filled)
        return 0;
    note_run(mutator, kind, size_class);
    cell = run->cursor;
    count_unlocked(mutator, run->limit - cell);
    __atomic_store_n(&run->cursor, cell + ter_size_class_bytes[size_class], __ATOMIC_RELEASE);
    return cell;
}

/* Freed cells first: they are in the cache. In a hurry all comes to where the lock is held. */
static uintptr_t take_unlocked(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    uintptr_t cell;

    if (TER_UNLIKELY(ter_allocator_is_hurried(mutator->allocator)))
        return 0;
    cell = ter_mutator_take_freed(mutator, kind, size_class);
    return cell != 0 ? cell : refill(mutator, kind, size_class);
}

/*
 * Where cells are old from the beginning: what the mutator got, and the run behind. Else a cell
 * that the program freed and gets again is old if what lay there was.
 */
static void log_cell(struct ter_mutator *mutator, unsigned kind, unsigned size_class,
                     uintptr_t cell)
{
    const struct ter_block_space *space = ter_allocator_cells_of(mutator->allocator, kind);

    if (!space->ages || ter_space_is_old(&space->space, cell))
        ter_stores_log_born_old(mutator, cell);
    if (!space->ages)
        ter_stores_log_run(mutator, &mutator->cell_runs[kind][size_class]);
}

static void *hand_out(struct ter_mutator *mutator, unsigned kind, unsigned size_class,
                      uintptr_t cell)
{
    if (TER_UNLIKELY(mutator->allocator->logs) && cell != 0)
        log_cell(mutator, kind, size_class, cell);
    return (void *)cell;
}

/* Where the lock is taken. */
static uintptr_t take_cell_locked(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_allocator *allocator = mutator->allocator;
    size_t bytes = ter_size_class_bytes[size_class];
    uint64_t start_ns = ter_watch_start(allocator->watch);
    uintptr_t cell;

    ter_mutator_poll_before(mutator);
    ter_allocator_lock(allocator);
    allocator->no_collect = mutator->no_collect;
    cell = take_cell(serving(mutator, kind, size_class), kind, size_class);
    ter_allocator_tell_slow(allocator, kind, bytes, start_ns);
    ter_allocator_unlock_and_notify(allocator);
    return cell;
}

static void *allocate_small(struct ter_mutator *mutator, unsigned kind, unsigned size_class,
                            size_t bytes)
{
    void *object;
    uintptr_t cell;

    ter_mutator_use(mutator, kind, size_class);
    if (TER_UNLIKELY(mutator->allocator->by_policy) &&
        ter_mutator_allocate_small_by_policy(mutator, kind, size_class, bytes, &object))
        return object;
    cell = take_unlocked(mutator, kind, size_class);
    if (cell != 0)
        return hand_out(mutator, kind, size_class, cell);
    ter_mutator_require_bound(mutator, "ter_allocate");
    cell = take_cell_locked(mutator, kind, size_class);
    return hand_out(mutator, kind, size_class, cell);
}

static TER_COLD void *allocate_small_sampled(struct ter_mutator *mutator, unsigned kind,
                                             unsigned size_class, size_t bytes)
{
    bool chosen = ter_sampler_count_cell(mutator, kind, size_class);
    void *object = allocate_small(mutator, kind, size_class, bytes);

    if (chosen)
        ter_sampling_tell(mutator, (uintptr_t)object, kind, ter_size_class_bytes[size_class]);
    return object;
}

void *ter_mutator_allocate_slow(struct ter_mutator *mutator, unsigned kind, unsigned size_class,
                                size_t bytes)
{
    if (TER_UNLIKELY(mutator->sampler != NULL))
        return allocate_small_sampled(mutator, kind, size_class, bytes);
    return allocate_small(mutator, kind, size_class, bytes);
}

/* ---- Lists ---- */

/* What is left of the run, up to `bytes`, behind *last; how much it was. */
static size_t link_run(struct ter_mutator *mutator, unsigned kind, unsigned size_class,
                       size_t bytes, uintptr_t **last)
{
    struct ter_cell_run *run = &mutator->cell_runs[kind][size_class];
    uintptr_t start = run->cursor, cell = start;
    uintptr_t end = ter_min(run->limit, start + bytes);

    for (; cell < end; cell += ter_size_class_bytes[size_class]) {
        **last = cell;
        *last = (uintptr_t *)cell;
    }
    **last = 0;
    __atomic_store_n(&run->cursor, cell, __ATOMIC_RELEASE);
    return cell - start;
}

/* What is left of so many bytes of cells that nobody is to look at. */
static size_t most_of_list(struct ter_mutator *mutator, unsigned kind, unsigned size_class,
                           size_t bytes)
{
    size_t cell_bytes = ter_size_class_bytes[size_class];

    if (TER_LIKELY(mutator->sampler == NULL))
        return bytes;
    return ter_sampler_most_bytes(mutator, kind, size_class, bytes + cell_bytes) - cell_bytes;
}

/* Up to `bytes` of the next cells of the mutator's own block, without the lock, behind *last. */
static size_t link_block(struct ter_mutator *mutator, unsigned kind, unsigned size_class,
                         size_t bytes, uintptr_t **last)
{
    const struct ter_allocator *allocator = mutator->allocator;
    const struct ter_mutator_slow *slow = &mutator->slow[kind][size_class];
    size_t taken = 0;

    bytes = most_of_list(mutator, kind, size_class, bytes);
    if (bytes == 0 || TER_UNLIKELY(ter_allocator_is_hurried(allocator)))
        return 0;
    ter_os_hold_off_begin(mutator->thread);
    if (slow->block != 0)
        taken = ter_block_space_take_list(ter_allocator_cells_of(allocator, kind), slow->block,
                                          bytes, ter_mutator_is_alone(mutator), last);
    ter_os_hold_off_end(mutator->thread);
    count_unlocked(mutator, taken);
    if (TER_UNLIKELY(mutator->sampler != NULL))
        ter_sampler_move_cells(mutator, kind, size_class, (ptrdiff_t)taken);
    return taken;
}

/* From the block alone, where nothing else is at hand that would have to come first. */
static bool take_list(struct ter_mutator *mutator, unsigned kind, unsigned size_class, size_t bytes,
                      void **list)
{
    const struct ter_cell_run *run = &mutator->cell_runs[kind][size_class];
    const struct ter_mutator_slow *slow = &mutator->slow[kind][size_class];
    uintptr_t *last = (uintptr_t *)list;

    return run->cursor == run->limit && slow->freed == 0 && slow->block != 0 &&
           link_block(mutator, kind, size_class, bytes, &last) != 0;
}

bool ter_mutator_allocate_list(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                               size_t most, void **list)
{
    unsigned size_class;
    uintptr_t *last;

    *list = NULL;
    if (bytes > TER_SMALL_MAX_BYTES || most == 1) {
        *list = ter_mutator_allocate(mutator, kind, bytes);
        return *list != NULL;
    }
    size_class = mutator->class_of[(bytes + TER_BYTES_IN_GRANULE - 1) >> TER_LOG_BYTES_IN_GRANULE];
    bytes = most * ter_size_class_bytes[size_class];
    if (take_list(mutator, kind, size_class, bytes, list))
        return true;
    last = ter_mutator_allocate(mutator, kind, ter_size_class_bytes[size_class]);
    *list = last;
    if (last == NULL)
        return false;
    bytes -= ter_size_class_bytes[size_class];
    bytes -= link_run(mutator, kind, size_class, bytes, &last);
    if (bytes != 0)
        link_block(mutator, kind, size_class, bytes, &last);
    return true;
}

/* ---- Large objects ---- */

/*
 * What the machine can never hold is refused at once: addresses are plenty, so it would be granted,
 * and the process killed when it used them. Smaller requests are not worth the question.
 */
#define WORTH_ASKING TER_MIB(64)

bool ter_allocator_can_hold(size_t bytes)
{
    return bytes < WORTH_ASKING || (bytes <= UINTPTR_MAX / 2 && ter_os_can_promise(bytes));
}

void *ter_mutator_allocate_large(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    ter_mutator_require_bound(mutator, "ter_allocate");
    /* Also, near the top of the address space the rounding below would wrap. */
    if (!ter_allocator_can_hold(bytes))
        return NULL;
    return ter_mutator_allocate_large_by_policy(mutator, kind, bytes);
}
