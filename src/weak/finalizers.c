/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

#include <string.h>

void ter_finalizers_init(struct ter_finalizers *finalizers)
{
    *finalizers = (struct ter_finalizers){0};
    ter_weak_table_init(&finalizers->waiting, sizeof(struct ter_finalizer));
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

ter_status ter_finalizers_register(struct ter_finalizers *finalizers,
                                   const struct ter_finalizer *wanted, struct ter_finalizer *old)
{
    struct ter_finalizer *record = ter_weak_table_find(&finalizers->waiting, wanted->object);

    *old = record == NULL ? (struct ter_finalizer){0} : *record;
    if (wanted->function == NULL) {
        ter_weak_table_remove(&finalizers->waiting, wanted->object);
        return TER_OK;
    }
    record = ter_weak_table_insert(&finalizers->waiting, wanted->object);
    if (record == NULL)
        return TER_ERROR_NO_MEMORY;
    *record = *wanted;
    return TER_OK;
}

static void reach_data(struct ter_finalizer *record, const struct ter_reach *reach)
{
    record->data = (void *)reach->reach(reach->context, (uintptr_t)record->data);
}

static void reach_object_of(struct ter_finalizer *record, const struct ter_reach *reach)
{
    record->object = reach->reach(reach->context, record->object);
}

void ter_finalizers_reach(struct ter_finalizers *finalizers, const struct ter_reach *reach)
{
    for (size_t bucket = 0; bucket < finalizers->waiting.capacity; bucket++) {
        struct ter_finalizer *record = ter_weak_table_at(&finalizers->waiting, bucket);

        if (record != NULL)
            reach_data(record, reach);
    }
    for (size_t i = finalizers->ready_first; i < finalizers->ready_end; i++) {
        reach_object_of(&finalizers->ready[i], reach);
        reach_data(&finalizers->ready[i], reach);
    }
}

/* ---- The queue ---- */

/* Room for `more` at the end of the queue. */
static bool reserve_queue(struct ter_finalizers *finalizers, size_t more)
{
    size_t count = ter_finalizers_ready(finalizers);
    size_t capacity = ter_max(finalizers->ready_capacity, 128);
    void *memory = finalizers->ready;
    ter_status status;

    if (finalizers->ready_end + more <= finalizers->ready_capacity)
        return true;
    if (finalizers->ready_first != 0)
        memmove(finalizers->ready, finalizers->ready + finalizers->ready_first,
                count * sizeof finalizers->ready[0]);
    finalizers->ready_first = 0;
    finalizers->ready_end = count;
    while (capacity < count + more)
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
    if (!reserve_queue(finalizers, finalizers->waiting.count))
        return TER_ERROR_NO_MEMORY;
    for (size_t bucket = 0; bucket < finalizers->waiting.capacity; bucket++) {
        const struct ter_finalizer *record = ter_weak_table_at(&finalizers->waiting, bucket);

        if (record == NULL)
            continue;
        finalizers->ready[finalizers->ready_end++] = *record;
        finalizers->found++;
    }
    ter_weak_table_fini(&finalizers->waiting);
    return TER_OK;
}

/* ---- After marking ---- */

static bool is_object_reached(const struct ter_reach *reach, const struct ter_finalizer *record)
{
    return reach->is_reached(reach->context, record->object);
}

/* What an unreached object leads to is finalized after it: reached here, it stays for next time. */
static void reach_what_comes_later(const struct ter_finalizers *finalizers,
                                   const struct ter_reach *reach)
{
    for (size_t bucket = 0; bucket < finalizers->waiting.capacity; bucket++) {
        const struct ter_finalizer *record = ter_weak_table_at(&finalizers->waiting, bucket);

        if (record == NULL || is_object_reached(reach, record))
            continue;
        if (record->order == TER_FINALIZER_NORMAL || record->order == TER_FINALIZER_UNREACHABLE)
            reach->reach_children(reach->context, record->object);
        else if (record->order == TER_FINALIZER_IGNORE_SELF)
            reach->reach_children_but_self(reach->context, record->object);
    }
}

static size_t count_unreached(const struct ter_finalizers *finalizers,
                              const struct ter_reach *reach)
{
    size_t count = 0;

    for (size_t bucket = 0; bucket < finalizers->waiting.capacity; bucket++) {
        const struct ter_finalizer *record = ter_weak_table_at(&finalizers->waiting, bucket);

        count += record != NULL && !is_object_reached(reach, record);
    }
    return count;
}

/* Queues what was not reached; when `unreachable`, the records of that order and only those. */
static void queue_unreached(struct ter_finalizers *finalizers, const struct ter_reach *reach,
                            bool unreachable)
{
    size_t bucket = 0;

    while (bucket < finalizers->waiting.capacity) {
        const struct ter_finalizer *record = ter_weak_table_at(&finalizers->waiting, bucket);

        if (record == NULL || is_object_reached(reach, record) ||
            (record->order == TER_FINALIZER_UNREACHABLE) != unreachable) {
            bucket++;
            continue;
        }
        finalizers->ready[finalizers->ready_end++] = *record;
        finalizers->found++;
        ter_weak_table_remove(&finalizers->waiting, record->object);
    }
}

static void reach_waiting(const struct ter_finalizers *finalizers, const struct ter_reach *reach)
{
    for (size_t bucket = 0; bucket < finalizers->waiting.capacity; bucket++) {
        const struct ter_finalizer *record = ter_weak_table_at(&finalizers->waiting, bucket);

        if (record != NULL)
            reach->reach(reach->context, record->object);
    }
}

static void process_waiting(struct ter_finalizers *finalizers, const struct ter_reach *reach)
{
    size_t first = ter_finalizers_ready(finalizers);

    reach_what_comes_later(finalizers, reach);
    if (!reserve_queue(finalizers, count_unreached(finalizers, reach))) {
        ter_log(TER_LOG_WARNING, "no memory for the finalizer queue: finalizers wait");
        reach_waiting(finalizers, reach);
        return;
    }
    /* All that is found now is decided before any of it is reached, so that order is no chance. */
    queue_unreached(finalizers, reach, false);
    for (size_t i = finalizers->ready_first + first; i < finalizers->ready_end; i++)
        reach_object_of(&finalizers->ready[i], reach);
    first = finalizers->ready_end;
    queue_unreached(finalizers, reach, true);
    for (size_t i = first; i < finalizers->ready_end; i++)
        reach_object_of(&finalizers->ready[i], reach);
}

void ter_finalizers_process(struct ter_finalizers *finalizers, const struct ter_reach *reach)
{
    if (finalizers->waiting.count == 0)
        return;
    process_waiting(finalizers, reach);
    ter_weak_table_rekey(&finalizers->waiting, reach->now_at, reach->context);
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
