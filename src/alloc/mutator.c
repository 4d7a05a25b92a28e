/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

#include <string.h>

/* ---- Life ---- */

static size_t mutator_bytes(void)
{
    return ter_align_up(sizeof(struct ter_mutator), ter_os_page_size());
}

/*
 * Where no more is known of the C library: blocks of one thread lie side by side, but for what the
 * loader made later and apart.
 */
static void join_thread_data(void *context, const struct ter_os_segment *segment)
{
    struct ter_root_range *range = context;

    if (range->start == 0)
        *range = (struct ter_root_range){segment->start, segment->end};
    if (segment->start - range->start + TER_MIB(1) >= TER_MIB(2))
        return;
    range->start = ter_min(range->start, segment->start);
    range->end = ter_max(range->end, segment->end);
}

/* Clean memory, from one that ended if there is any. */
static ter_status take_memory(struct ter_allocator *allocator, struct ter_mutator **mutator)
{
    ter_status status;
    void *memory;

    ter_allocator_lock(allocator);
    *mutator = allocator->retired;
    if (*mutator != NULL) {
        allocator->retired = (*mutator)->next;
        (*mutator)->next = NULL;
    }
    ter_allocator_unlock(allocator);
    if (*mutator != NULL)
        return TER_OK;
    status = ter_os_allocate(mutator_bytes(), &memory);
    if (status != TER_OK)
        return status;
    ter_os_name((uintptr_t)memory, mutator_bytes(), "terrier:mutator");
    *mutator = memory;
    return TER_OK;
}

/*
 * Somebody may have read just before that a block belongs to a run of this mutator, and be about to
 * look at the run. So the memory stays readable. The runs were flushed and are empty; the rest,
 * which nobody else reads, is cleared for the next mutator.
 */
static void retire_mutator(struct ter_allocator *allocator, struct ter_mutator *mutator)
{
    memset((char *)mutator + sizeof mutator->runs, 0, sizeof *mutator - sizeof mutator->runs);
    mutator->next = allocator->retired;
    allocator->retired = mutator;
}

void ter_mutators_release_retired(struct ter_allocator *allocator)
{
    while (allocator->retired != NULL) {
        struct ter_mutator *mutator = allocator->retired;

        allocator->retired = mutator->next;
        ter_os_release((uintptr_t)mutator, mutator_bytes());
    }
}

static bool is_bound(const struct ter_allocator *allocator, const struct ter_os_thread *thread)
{
    const struct ter_mutator *mutator = allocator->mutators;

    while (mutator != NULL && mutator->thread != thread)
        mutator = mutator->next;
    return mutator != NULL;
}

static ter_status join_allocator(struct ter_allocator *allocator, struct ter_mutator *mutator)
{
    ter_status status = TER_OK;

    ter_allocator_lock(allocator);
    /* Under the lock, which a thread that forks holds: a child must not find the C library's lock
       of its list of libraries held for ever by a thread that is not there. */
    ter_os_check_thread_data();
    if (!ter_os_knows_thread_data())
        ter_os_for_each_tls_block(join_thread_data, &mutator->thread_data);
    if (is_bound(allocator, mutator->thread))
        status = TER_ERROR_INVALID;
    else if (allocator->mutators != NULL)
        status = ter_world_share(allocator);
    if (status == TER_OK) {
        mutator->alone = !allocator->shared;
        mutator->next = allocator->mutators;
        allocator->mutators = mutator;
        ter_mutator_open(mutator);
    } else {
        retire_mutator(allocator, mutator);
    }
    ter_allocator_unlock(allocator);
    return status;
}

/* In the thread itself, while all of it still works. */
static void end_of_thread(struct ter_os_thread *thread)
{
    while (thread->user != NULL) {
        struct ter_mutator *mutator = thread->user;
        struct ter_allocator *allocator = mutator->allocator;

        thread->user = mutator->next_own;
        ter_allocator_lock(allocator);
        ter_mutator_end_locked(mutator);
        ter_allocator_unlock(allocator);
    }
}

static void add_to_own(struct ter_mutator *mutator)
{
    mutator->next_own = mutator->thread->user;
    mutator->thread->user = mutator;
}

static void remove_from_own(struct ter_mutator *mutator)
{
    struct ter_mutator *before = mutator->thread->user;

    if (before == mutator) {
        mutator->thread->user = mutator->next_own;
        return;
    }
    while (before->next_own != mutator)
        before = before->next_own;
    before->next_own = mutator->next_own;
}

ter_status ter_mutator_new(struct ter_allocator *allocator, uintptr_t stack_base,
                           struct ter_mutator **mutator)
{
    struct ter_os_stack stack;
    ter_status status;
    struct ter_os_thread *thread;
    struct ter_mutator *made;

    if (!ter_os_find_stack(&stack) && stack_base == 0)
        return TER_ERROR_SYSTEM;
    if (stack_base == 0)
        stack_base = stack.end;
    status = ter_os_thread_begin(&thread);
    if (status != TER_OK)
        return status;
    ter_os_learn_thread_data();
    ter_os_set_thread_end(end_of_thread);
    status = take_memory(allocator, &made);
    if (status != TER_OK)
        return status;
    ter_os_order_prepare();
    ter_size_class_table_init(made->class_of);
    made->allocator = allocator;
    made->barrier = allocator->barrier;
    made->stack_base = stack_base;
    made->own_stack = stack;
    made->thread = thread;
    status = join_allocator(allocator, made);
    if (status != TER_OK)
        return status;
    add_to_own(made);
    *mutator = made;
    return TER_OK;
}

static void leave_allocator(struct ter_mutator *mutator)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_mutator **link = &allocator->mutators;

    ter_mutator_flush(mutator);
    ter_mutator_give_up_windows(mutator);
    ter_mutator_give_up_reserve(mutator);
    while (*link != mutator)
        link = &(*link)->next;
    *link = mutator->next;
    retire_mutator(allocator, mutator);
}

void ter_mutator_end_locked(struct ter_mutator *mutator)
{
    const struct ter_gate *gate = &mutator->allocator->gate;

    if (gate->ended != NULL)
        gate->ended(gate->context, mutator);
    leave_allocator(mutator);
}

void ter_mutator_free(struct ter_mutator *mutator)
{
    struct ter_allocator *allocator = mutator->allocator;

    if (mutator->thread == ter_os_thread_self())
        remove_from_own(mutator);
    ter_allocator_lock(allocator);
    leave_allocator(mutator);
    ter_allocator_unlock(allocator);
}

/* ---- Small objects ---- */

static struct ter_block_space *space_of_kind(const struct ter_allocator *allocator, unsigned kind)
{
    return ter_block_space_of(ter_allocator_small_space(allocator, kind));
}

/* Under the heap lock, by the mutator's thread or while that is blocked. */
static void fold_counts(struct ter_mutator *mutator)
{
    ter_allocator_count(mutator->allocator, mutator->uncounted);
    __atomic_store_n(&mutator->uncounted, 0, __ATOMIC_RELAXED);
    mutator->allocator->freed_since_collection += mutator->freed_uncounted;
    __atomic_store_n(&mutator->freed_uncounted, 0, __ATOMIC_RELAXED);
}

size_t ter_mutators_uncounted(const struct ter_allocator *allocator)
{
    size_t bytes = 0;

    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        bytes += __atomic_load_n(&m->uncounted, __ATOMIC_RELAXED);
    return bytes;
}

size_t ter_mutators_allocated(const struct ter_allocator *allocator)
{
    return allocator->allocated_since_collection + ter_mutators_uncounted(allocator);
}

/*
 * Of a run that its thread moves meanwhile, the cursor may belong to a newer run than the limit, of
 * another block: then the difference is no number of bytes, and little of the new one is gone.
 */
static size_t left_of(const struct ter_run *run)
{
    uintptr_t limit = __atomic_load_n(&run->limit, __ATOMIC_ACQUIRE);
    uintptr_t left = limit - __atomic_load_n(&run->cursor, __ATOMIC_RELAXED);

    return left > TER_BYTES_IN_BLOCK ? 0 : left;
}

static size_t held_by(const struct ter_mutator *mutator)
{
    size_t bytes = 0;

    for (unsigned kind = 0; kind < mutator->allocator->kind_count; kind++)
        for (unsigned size_class = 0; size_class < TER_SIZE_CLASSES; size_class++)
            bytes += left_of(&mutator->runs[kind][size_class]);
    return bytes;
}

size_t ter_mutators_held(const struct ter_allocator *allocator)
{
    size_t bytes = 0;

    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        bytes += held_by(m);
    return bytes;
}

size_t ter_mutators_handed_out(const struct ter_allocator *allocator)
{
    size_t taken = ter_mutators_allocated(allocator) + allocator->held_at_collection;
    size_t held = ter_mutators_held(allocator);

    return held < taken ? taken - held : 0;
}

static void flush_class(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_run *run = &mutator->runs[kind][size_class];
    struct ter_mutator_slow *slow = &mutator->slow[kind][size_class];

    if (slow->block != 0) {
        /* In a forked child, the thread may have been about to open the run. */
        size_t left = run->limit > run->cursor ? run->limit - run->cursor : 0;

        allocator->allocated_since_collection -= left;
        allocator->allocated_total -= left;
        ter_block_space_return_run(space_of_kind(allocator, kind), slow->block, run);
    }
    *slow = (struct ter_mutator_slow){0};
}

void ter_mutator_flush(struct ter_mutator *mutator)
{
    fold_counts(mutator);
    for (unsigned kind = 0; kind < mutator->allocator->kind_count; kind++)
        for (unsigned size_class = 0; size_class < TER_SIZE_CLASSES; size_class++)
            flush_class(mutator, kind, size_class);
}

void ter_mutator_mark_runs(const struct ter_mutator *mutator, const struct ter_side_table *marks)
{
    for (unsigned kind = 0; kind < mutator->allocator->kind_count; kind++)
        for (unsigned size_class = 0; size_class < TER_SIZE_CLASSES; size_class++) {
            const struct ter_run *run = &mutator->runs[kind][size_class];

            ter_bits_set_strided_shared(marks, run->cursor, run->limit,
                                        ter_size_class_bytes[size_class]);
        }
}

void ter_mutator_leave(struct ter_mutator *mutator, uintptr_t stack_pointer)
{
    ter_os_note_signal_stack(mutator->thread);
    ter_allocator_lock(mutator->allocator);
    mutator->blocked_at = stack_pointer;
    ter_mutator_close(mutator);
    ter_allocator_unlock(mutator->allocator);
}

/* Who suspends has the lock, so it finds the thread outside or back. */
void ter_mutator_return(struct ter_mutator *mutator)
{
    ter_os_suspend_self();
    ter_allocator_lock(mutator->allocator);
    while (TER_UNLIKELY(ter_os_is_suspended(mutator->thread))) {
        ter_allocator_unlock(mutator->allocator);
        ter_os_suspend_self();
        ter_allocator_lock(mutator->allocator);
    }
    mutator->blocked_at = 0;
    ter_mutator_open(mutator);
    ter_allocator_unlock(mutator->allocator);
}

/* The next run of the mutator's block, or of another that has free cells. */
static bool take_run(struct ter_mutator *mutator, struct ter_block_space *space, unsigned kind,
                     unsigned size_class)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_mutator_slow *slow = &mutator->slow[kind][size_class];
    struct ter_run *run = &mutator->runs[kind][size_class];

    if (slow->block == 0)
        slow->block = ter_block_space_take_available(space, kind, size_class);
    while (slow->block != 0) {
        if (ter_block_space_next_run(space, slow->block, allocator->run_bytes, run)) {
            ter_allocator_count(allocator, run->limit - run->cursor);
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
    struct ter_block_space *space = space_of_kind(mutator->allocator, kind);
    struct ter_run *run = &mutator->runs[kind][size_class];
    uintptr_t cell = ter_mutator_take_freed(mutator, kind, size_class);

    if (cell != 0)
        return cell;
    if (run->cursor == run->limit && !take_run(mutator, space, kind, size_class))
        return 0;
    cell = run->cursor;
    __atomic_store_n(&run->cursor, cell + ter_size_class_bytes[size_class], __ATOMIC_RELEASE);
    return cell;
}

/*
 * A heap at its maximum that has a block for some sizes only would be collected whenever the
 * program comes to another size. So the other sizes make do with larger cells until that is worth
 * it.
 */
static uintptr_t make_do(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_allocator *allocator = mutator->allocator;
    size_t bytes = ter_size_class_bytes[size_class];
    uintptr_t cell = 0;

    while (cell == 0 && ++size_class < TER_SIZE_CLASSES)
        cell = take_ready(mutator, kind, size_class);
    if (cell != 0)
        allocator->make_do_bytes -= ter_min(bytes, allocator->make_do_bytes);
    return cell;
}

static uintptr_t take_cell(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_allocator *allocator = mutator->allocator;
    enum ter_admission admission = TER_RETRY;

    fold_counts(mutator);
    ter_allocator_poll_stress(allocator);
    while (admission != TER_REFUSED) {
        bool crowded = admission == TER_CROWDED;
        uintptr_t cell = take_ready(mutator, kind, size_class);

        if (cell == 0 && allocator->make_do_bytes != 0)
            cell = make_do(mutator, kind, size_class);
        if (cell != 0)
            return cell;
        admission = take_fresh_block(mutator, space_of_kind(allocator, kind), kind, size_class);
        if (admission == TER_CROWDED && crowded)
            admission = allocator->gate.refused(allocator->gate.context, TER_BYTES_IN_BLOCK);
    }
    return 0;
}

/*
 * The next run of the mutator's own block, without the lock; 0 when there is none. The collector
 * may stop this thread here.
 */
static uintptr_t refill(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    const struct ter_allocator *allocator = mutator->allocator;
    const struct ter_mutator_slow *slow = &mutator->slow[kind][size_class];
    struct ter_run *run = &mutator->runs[kind][size_class];
    uintptr_t cell;

    if (slow->block == 0 || !ter_block_space_refill(space_of_kind(allocator, kind), slow->block,
                                                    allocator->run_bytes, run))
        return 0;
    cell = run->cursor;
    __atomic_store_n(&mutator->uncounted, mutator->uncounted + (run->limit - cell),
                     __ATOMIC_RELAXED);
    __atomic_store_n(&run->cursor, cell + ter_size_class_bytes[size_class], __ATOMIC_RELEASE);
    return cell;
}

/* Freed cells first: they are in the cache. Under stress all is counted, under the lock. */
static uintptr_t take_unlocked(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    uintptr_t cell;

    if (TER_UNLIKELY(mutator->allocator->stress_interval != 0))
        return 0;
    cell = ter_mutator_take_freed(mutator, kind, size_class);
    return cell != 0 ? cell : refill(mutator, kind, size_class);
}

void *ter_mutator_allocate_slow(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    void *object;
    uintptr_t cell;

    if (TER_UNLIKELY(mutator->allocator->by_policy) &&
        ter_mutator_allocate_small_by_policy(mutator, kind, ter_size_class_bytes[size_class],
                                             &object))
        return object;
    cell = take_unlocked(mutator, kind, size_class);
    if (cell != 0)
        return (void *)cell;
    ter_mutator_require_bound(mutator, "ter_allocate");
    ter_allocator_lock(mutator->allocator);
    cell = take_cell(mutator, kind, size_class);
    ter_allocator_unlock_and_notify(mutator->allocator);
    return (void *)cell;
}

bool ter_mutator_allocate_list(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                               size_t most, void **list)
{
    uintptr_t *last = ter_mutator_allocate(mutator, kind, bytes);
    struct ter_run *run;
    uintptr_t cell, end;
    unsigned size_class;

    *list = last;
    if (last == NULL || bytes > TER_SMALL_MAX_BYTES)
        return last != NULL;
    size_class = mutator->class_of[(bytes + TER_BYTES_IN_GRANULE - 1) >> TER_LOG_BYTES_IN_GRANULE];
    run = &mutator->runs[kind][size_class];
    cell = run->cursor;
    end = ter_min(run->limit, cell + (most - 1) * ter_size_class_bytes[size_class]);
    for (; cell < end; cell += ter_size_class_bytes[size_class]) {
        *last = cell;
        last = (uintptr_t *)cell;
    }
    *last = 0;
    __atomic_store_n(&run->cursor, cell, __ATOMIC_RELEASE);
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
    return ter_mutator_allocate_large_by_policy(mutator, kind,
                                                ter_align_up(bytes, TER_BYTES_IN_GRANULE));
}
