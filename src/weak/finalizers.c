/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

#include <string.h>

void ter_finalizers_init(struct ter_finalizers *finalizers)
{
    *finalizers = (struct ter_finalizers){0};
    ter_weak_table_init(&finalizers->waiting, sizeof(struct ter_finalizer));
    ter_weak_bound_init(&finalizers->bound);
}

static size_t queue_bytes(size_t capacity)
{
    return ter_align_up(capacity * sizeof(struct ter_finalizer), ter_os_page_size());
}

void ter_finalizers_fini(struct ter_finalizers *finalizers)
{
    ter_weak_table_fini(&finalizers->waiting);
    if (finalizers->ready_capacity != 0)
        ter_os_release((uintptr_t)finalizers->ready, queue_bytes(finalizers->ready_capacity));
    ter_finalizers_init(finalizers);
}

/* `record` is none of the table's own, which change places. */
static void take_out(struct ter_finalizers *finalizers, const struct ter_finalizer *record)
{
    finalizers->waiting_with_data -= record->data != NULL;
    ter_weak_table_remove(&finalizers->waiting, record->object);
}

ter_status ter_finalizers_register(struct ter_finalizers *finalizers,
                                   const struct ter_finalizer *wanted, struct ter_finalizer *old)
{
    struct ter_finalizer *record = ter_weak_table_find(&finalizers->waiting, wanted->object);

    *old = record == NULL ? (struct ter_finalizer){0} : *record;
    if (wanted->function == NULL) {
        if (record != NULL)
            take_out(finalizers, old);
        return TER_OK;
    }
    record = ter_weak_table_insert(&finalizers->waiting, wanted->object);
    if (record == NULL)
        return TER_ERROR_NO_MEMORY;
    finalizers->waiting_with_data += wanted->data != NULL;
    finalizers->waiting_with_data -= old->data != NULL;
    *record = *wanted;
    return TER_OK;
}

static void reach_data(void *finalizer, void *context)
{
    const struct ter_reach *reach = context;
    struct ter_finalizer *record = finalizer;

    record->data = (void *)reach->reach(reach->context, (uintptr_t)record->data);
}

static void reach_object_of(struct ter_finalizer *record, const struct ter_reach *reach)
{
    record->object = reach->reach(reach->context, record->object);
}

static size_t first_to_reach(const struct ter_finalizers *finalizers, const struct ter_reach *reach)
{
    size_t first = finalizers->ready_first;

    return reach->recent ? ter_max(first, finalizers->ready_old) : first;
}

void ter_finalizers_reach(struct ter_finalizers *finalizers, const struct ter_reach *reach)
{
    if (finalizers->waiting_with_data != 0)
        ter_weak_table_walk(&finalizers->waiting, reach->recent, reach_data, (void *)reach);
    for (size_t i = first_to_reach(finalizers, reach); i < finalizers->ready_end; i++) {
        reach_object_of(&finalizers->ready[i], reach);
        reach_data(&finalizers->ready[i], (void *)reach);
    }
}

/* ---- The queue ---- */

/* To the start of the memory: the entries of the queue, and `beyond` behind its end. */
static void move_to_start(struct ter_finalizers *finalizers, size_t beyond)
{
    size_t count = ter_finalizers_ready(finalizers);

    if (finalizers->ready_first == 0)
        return;
    memmove(finalizers->ready, finalizers->ready + finalizers->ready_first,
            (count + beyond) * sizeof finalizers->ready[0]);
    finalizers->ready_old -= ter_min(finalizers->ready_old, finalizers->ready_first);
    finalizers->ready_first = 0;
    finalizers->ready_end = count;
}

/* Room for `more` behind the end of the queue and the `beyond` entries that are there already. */
static bool reserve_queue(struct ter_finalizers *finalizers, size_t beyond, size_t more)
{
    size_t capacity = ter_max(finalizers->ready_capacity, 128);
    void *memory = finalizers->ready;
    ter_status status;

    if (finalizers->ready_end + beyond + more <= finalizers->ready_capacity)
        return true;
    move_to_start(finalizers, beyond);
    while (capacity < finalizers->ready_end + beyond + more)
        capacity *= 2;
    if (capacity == finalizers->ready_capacity)
        return true;
    status =
        ter_os_reallocate(&memory, queue_bytes(finalizers->ready_capacity), queue_bytes(capacity));
    if (status != TER_OK)
        return false;
    finalizers->ready = memory;
    finalizers->ready_capacity = capacity;
    return true;
}

bool ter_finalizers_take(struct ter_finalizers *finalizers, struct ter_finalizer *finalizer)
{
    if (ter_finalizers_ready(finalizers) == 0)
        return false;
    *finalizer = finalizers->ready[finalizers->ready_first];
    /* What was taken keeps nothing: the queue is not scanned, but it is read by reach. */
    finalizers->ready[finalizers->ready_first++] = (struct ter_finalizer){0};
    return true;
}

ter_status ter_finalizers_queue_all(struct ter_finalizers *finalizers)
{
    if (!reserve_queue(finalizers, 0, finalizers->waiting.count))
        return TER_ERROR_NO_MEMORY;
    for (size_t bucket = 0; bucket < finalizers->waiting.capacity; bucket++) {
        const struct ter_finalizer *record = ter_weak_table_at(&finalizers->waiting, bucket);

        if (record == NULL)
            continue;
        finalizers->ready[finalizers->ready_end++] = *record;
        finalizers->found++;
    }
    ter_weak_table_fini(&finalizers->waiting);
    finalizers->waiting_with_data = 0;
    return TER_OK;
}

/* ---- After marking ---- */

static bool is_object_reached(const struct ter_reach *reach, const struct ter_finalizer *record)
{
    return reach->is_reached(reach->context, record->object);
}

struct gathering {
    struct ter_finalizers *finalizers;
    const struct ter_reach *reach;
    size_t count;
    bool complete; /* there was memory for all */
};

static void gather_if_unreached(void *record, void *context)
{
    struct gathering *gathering = context;
    struct ter_finalizers *finalizers = gathering->finalizers;

    if (!gathering->complete || is_object_reached(gathering->reach, record))
        return;
    gathering->complete = reserve_queue(finalizers, gathering->count, 1);
    if (gathering->complete)
        finalizers->ready[finalizers->ready_end + gathering->count++] =
            *(const struct ter_finalizer *)record;
}

/*
 * Copies what was not reached to behind the end of the queue, where nobody looks yet: the one walk
 * over all that wait. Without memory *count is less than it should be.
 */
static bool gather_unreached(struct ter_finalizers *finalizers, const struct ter_reach *reach,
                             size_t *count)
{
    struct gathering gathering = {finalizers, reach, 0, true};

    ter_weak_table_walk(&finalizers->waiting, reach->recent, gather_if_unreached, &gathering);
    *count = gathering.count;
    return gathering.complete;
}

/* What an unreached object leads to is finalized after it: reached here, it stays for next time. */
static void reach_what_comes_later(const struct ter_finalizer *gathered, size_t count,
                                   const struct ter_reach *reach)
{
    for (const struct ter_finalizer *record = gathered; record < gathered + count; record++) {
        if (is_object_reached(reach, record))
            continue;
        if (record->order == TER_FINALIZER_NORMAL || record->order == TER_FINALIZER_UNREACHABLE)
            reach->reach_children(reach->context, record->object);
        else if (record->order == TER_FINALIZER_IGNORE_SELF)
            reach->reach_children_but_self(reach->context, record->object);
    }
}

static void exchange(struct ter_finalizer *one, struct ter_finalizer *other)
{
    struct ter_finalizer copy = *one;

    *one = *other;
    *other = copy;
}

/*
 * Of the `count` gathered, those not reached yet are queued; when `unreachable`, those of that
 * order and only those. All is decided before any of it is reached, so that order is no chance.
 * How many were queued.
 */
static size_t queue_unreached(struct ter_finalizers *finalizers, size_t count,
                              const struct ter_reach *reach, bool unreachable)
{
    struct ter_finalizer *gathered = finalizers->ready + finalizers->ready_end;
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        if ((gathered[i].order == TER_FINALIZER_UNREACHABLE) != unreachable ||
            is_object_reached(reach, &gathered[i]))
            continue;
        take_out(finalizers, &gathered[i]);
        exchange(&gathered[found++], &gathered[i]);
    }
    finalizers->found += found;
    finalizers->ready_end += found;
    for (size_t i = 0; i < found; i++)
        reach_object_of(&gathered[i], reach);
    reach->settle(reach->context);
    return found;
}

static void reach_waiting_object(void *record, void *context)
{
    const struct ter_reach *reach = context;

    reach->reach(reach->context, ((const struct ter_finalizer *)record)->object);
}

static void reach_waiting(struct ter_finalizers *finalizers, const struct ter_reach *reach)
{
    ter_weak_table_walk(&finalizers->waiting, reach->recent, reach_waiting_object, (void *)reach);
    reach->settle(reach->context);
}

static void process_waiting(struct ter_finalizers *finalizers, const struct ter_reach *reach)
{
    size_t count;

    if (!gather_unreached(finalizers, reach, &count)) {
        ter_log(TER_LOG_WARNING, "no memory for the finalizer queue: finalizers wait");
        reach_waiting(finalizers, reach);
        return;
    }
    if (count == 0)
        return;
    reach_what_comes_later(finalizers->ready + finalizers->ready_end, count, reach);
    reach->settle(reach->context);
    count -= queue_unreached(finalizers, count, reach, false);
    queue_unreached(finalizers, count, reach, true);
}

void ter_finalizers_process(struct ter_finalizers *finalizers, const struct ter_reach *reach)
{
    if (finalizers->waiting.count == 0)
        return;
    process_waiting(finalizers, reach);
    if (reach->moves)
        ter_weak_table_rekey(&finalizers->waiting, reach->recent, reach->now_at, reach->context);
}

void ter_finalizers_settle(struct ter_finalizers *finalizers)
{
    finalizers->ready_old = finalizers->ready_end;
    ter_weak_table_settle(&finalizers->waiting);
}

static void follow_data(void *finalizer, void *context)
{
    const struct ter_reach *reach = context;
    struct ter_finalizer *record = finalizer;

    record->data = (void *)reach->now_at(reach->context, (uintptr_t)record->data);
}

void ter_finalizers_follow(struct ter_finalizers *finalizers, const struct ter_reach *reach)
{
    for (size_t i = finalizers->ready_first; i < finalizers->ready_end; i++) {
        struct ter_finalizer *record = &finalizers->ready[i];

        record->object = reach->now_at(reach->context, record->object);
        follow_data(record, (void *)reach);
    }
    ter_weak_table_walk(&finalizers->waiting, false, follow_data, (void *)reach);
    ter_weak_table_rekey(&finalizers->waiting, false, reach->now_at, reach->context);
}

/* ---- Looking ---- */

void ter_finalizers_visit(const struct ter_finalizers *finalizers, struct ter_tracer *tracer)
{
    size_t end = atomic_load_explicit(&finalizers->ready_end, memory_order_relaxed);

    for (size_t bucket = 0; bucket < finalizers->waiting.capacity; bucket++) {
        const struct ter_finalizer *record = ter_weak_table_at(&finalizers->waiting, bucket);

        if (record != NULL)
            ter_tracer_word(tracer, (uintptr_t)record->data);
    }
    for (size_t i = atomic_load_explicit(&finalizers->ready_first, memory_order_relaxed); i < end;
         i++) {
        ter_tracer_word(tracer, finalizers->ready[i].object);
        ter_tracer_word(tracer, (uintptr_t)finalizers->ready[i].data);
    }
}
