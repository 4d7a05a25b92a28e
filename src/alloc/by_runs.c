/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

/* The first run of a size is so long; each later one twice as long, up to the usual length. */
#define FIRST_RUN_BYTES ((size_t)256)

struct run_request {
    struct ter_mutator *mutator;
    struct ter_space *space;
    unsigned kind;
    unsigned size_class;
};

static struct ter_cell_run *run_of(const struct run_request *request)
{
    return &request->mutator->cell_runs[request->kind][request->size_class];
}

static uintptr_t *window_of(const struct run_request *request)
{
    return &request->mutator->windows[TER_SERVICE_SMALL][request->kind];
}

/* Sizes that are seldom asked for do not lie far from their neighbours in time. */
static size_t next_run_bytes(const struct run_request *request)
{
    struct ter_mutator *mutator = request->mutator;
    struct ter_mutator_slow *slow = &mutator->slow[request->kind][request->size_class];

    slow->common = ter_max(slow->common, FIRST_RUN_BYTES / 2) * 2;
    slow->common = ter_min(slow->common, mutator->allocator->cell_run_bytes);
    if (TER_LIKELY(mutator->sampler == NULL))
        return slow->common;
    return ter_sampler_most_bytes(mutator, request->kind, request->size_class, slow->common);
}

/* All of the run but its first cell will be handed out without a question. */
static void note_run_of_block(const struct run_request *request, size_t bytes)
{
    if (TER_UNLIKELY(request->mutator->sampler != NULL))
        ter_sampler_move_cells(request->mutator, request->kind, request->size_class,
                               (ptrdiff_t)(bytes - ter_size_class_bytes[request->size_class]));
}

/* The next cell of a new run of the block; 0 when that has no room. *bytes: of the run. */
static uintptr_t take_from_block(const struct run_request *request, size_t *bytes)
{
    const struct ter_policy *policy = request->space->policy;
    struct ter_cell_run *run = run_of(request);
    uintptr_t cell;
    bool filled;

    ter_os_hold_off_begin(request->mutator->thread);
    filled = policy->fill_run(request->space, window_of(request), request->kind,
                              request->size_class, next_run_bytes(request), run);
    ter_os_hold_off_end(request->mutator->thread);
    if (!filled)
        return 0;
    cell = run->cursor;
    *bytes = run->limit - cell;
    note_run_of_block(request, *bytes);
    __atomic_store_n(&run->cursor, cell + ter_size_class_bytes[request->size_class],
                     __ATOMIC_RELEASE);
    return cell;
}

static bool take_kept_for_runs(const struct run_request *request)
{
    const struct ter_policy *policy = request->space->policy;

    return policy->take_kept != NULL &&
           policy->take_kept(request->space, window_of(request), request->kind,
                             request->mutator->cell_runs[request->kind]);
}

static enum ter_admission take_fresh_for_runs(const struct run_request *request)
{
    struct ter_mutator *mutator = request->mutator;
    const struct ter_gate *gate = &mutator->allocator->gate;
    struct ter_accounting *accounting = &request->space->arena->accounting;
    size_t limit = accounting->limit_bytes;
    enum ter_admission admission = gate->admit(gate->context, TER_BYTES_IN_BLOCK);

    if (admission == TER_CROWDED)
        return gate->refused(gate->context, TER_BYTES_IN_BLOCK);
    if (admission != TER_ADMITTED)
        return admission;
    if (request->space->policy->take_fresh(request->space, window_of(request), request->kind,
                                           mutator->cell_runs[request->kind]) == TER_OK)
        return TER_RETRY;
    /* What was admitted and is not there must not let the heap grow without collections. */
    accounting->limit_bytes = limit;
    return gate->refused(gate->context, TER_BYTES_IN_BLOCK);
}

static uintptr_t take_locked(const struct run_request *request)
{
    struct ter_allocator *allocator = request->mutator->allocator;
    enum ter_admission admission = TER_RETRY;
    size_t bytes;

    ter_mutator_fold_counts(request->mutator);
    ter_allocator_poll_stress(allocator);
    while (admission != TER_REFUSED) {
        uintptr_t cell = take_from_block(request, &bytes);

        if (cell != 0) {
            ter_allocator_count(allocator, bytes);
            return cell;
        }
        if (!take_kept_for_runs(request))
            admission = take_fresh_for_runs(request);
    }
    return 0;
}

static uintptr_t take_run_unlocked(const struct run_request *request)
{
    struct ter_mutator *mutator = request->mutator;
    uintptr_t cell;
    size_t bytes;

    /* In a hurry all comes to where the lock is held. */
    if (TER_UNLIKELY(ter_allocator_is_hurried(mutator->allocator)))
        return 0;
    cell = take_from_block(request, &bytes);
    if (cell != 0)
        __atomic_store_n(&mutator->uncounted, mutator->uncounted + bytes, __ATOMIC_RELAXED);
    return cell;
}

void *ter_mutator_allocate_from_runs(struct ter_mutator *mutator, struct ter_space *space,
                                     unsigned kind, unsigned size_class)
{
    struct run_request request = {mutator, space, kind, size_class};
    struct ter_allocator *allocator = mutator->allocator;
    size_t bytes = ter_size_class_bytes[size_class];
    uintptr_t cell = take_run_unlocked(&request);
    uint64_t start_ns;

    if (cell != 0)
        return (void *)cell;
    ter_mutator_require_bound(mutator, "ter_allocate");
    start_ns = ter_watch_start(allocator->watch);
    ter_mutator_poll_before(mutator);
    ter_allocator_lock(allocator);
    allocator->no_collect = mutator->no_collect;
    cell = take_locked(&request);
    ter_allocator_tell_slow(allocator, kind, bytes, start_ns);
    ter_allocator_unlock_and_notify(allocator);
    return (void *)cell;
}

void ter_mutator_leave_blocks(struct ter_mutator *mutator)
{
    for (unsigned kind = 0; kind < mutator->allocator->kind_count; kind++)
        if (ter_allocator_small_space(mutator->allocator, kind)->policy->fill_run != NULL)
            mutator->windows[TER_SERVICE_SMALL][kind] = 0;
}
