/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"
#include "heap/report_format.h"

#include <stdio.h>
#include <string.h>

#define LOCK_PATIENCE_NS UINT64_C(300000000)

/* ---- Doing it ---- */

static void fail_errand(struct ter_errand *errand, const char *why)
{
    snprintf(errand->failure, sizeof errand->failure, "%s", why);
}

static void fail_by_status(struct ter_errand *errand, ter_status status)
{
    if (status == TER_ERROR_SYSTEM && errno != 0)
        fail_errand(errand, strerror(errno));
    else if (status != TER_OK)
        fail_errand(errand, ter_status_message(status));
}

/* False: a thread did not stand. */
static bool collect_for_caller(struct ter_heap *heap, struct ter_obstacle *obstacle)
{
    struct ter_collector *collector = &heap->collector;
    bool collected, stood;

    if (collector->trigger.disabled != 0) {
        fail_errand(&heap->errand, "the program holds collections off");
        return true;
    }
    ter_world_begin_courtesy(&collector->allocator);
    collected = ter_collector_collect(collector, TER_REASON_REQUEST);
    stood = ter_world_end_courtesy(&collector->allocator, obstacle);
    if (stood && !collected)
        fail_errand(&heap->errand, "the program or the plan allows no collection");
    return stood;
}

static bool dump_for_caller(struct ter_heap *heap, struct ter_obstacle *obstacle)
{
    struct ter_allocator *allocator = &heap->collector.allocator;
    struct ter_dump *dump;
    ter_status status;
    bool stood;

    errno = 0;
    ter_world_begin_courtesy(allocator);
    status =
        ter_dump_begin(&dump, &heap->collector, ter_heap_origins(heap), heap->errand.file.file);
    stood = ter_world_end_courtesy(allocator, obstacle);
    ter_allocator_unlock(allocator);
    if (dump != NULL)
        status = ter_dump_finish(dump);
    ter_allocator_lock(allocator);
    if (stood)
        fail_by_status(&heap->errand, status);
    return stood;
}

static void report_for_caller(struct ter_heap *heap)
{
    struct ter_writer writer;

    errno = 0;
    ter_writer_init(&writer, heap->errand.file.file);
    if (heap->errand.verb == TER_INQUIRY_REPORT_JSON)
        ter_report_json(heap, &writer);
    else
        ter_report_text(heap, &writer);
    if (!ter_writer_finish(&writer))
        fail_by_status(&heap->errand, TER_ERROR_SYSTEM);
}

/* The program may have closed the file, which it does not know; the number is another's then. */
static bool has_lost_file(const struct ter_errand *errand)
{
    return ter_inquiry_takes_file(errand->verb) && !ter_os_line_is_open(&errand->file);
}

static bool do_errand(struct ter_heap *heap, struct ter_obstacle *obstacle)
{
    if (has_lost_file(&heap->errand)) {
        fail_errand(&heap->errand, "the program has closed the file");
        return true;
    }
    switch (heap->errand.verb) {
    case TER_INQUIRY_COLLECT: return collect_for_caller(heap, obstacle);
    case TER_INQUIRY_DUMP: return dump_for_caller(heap, obstacle);
    default: report_for_caller(heap); return true;
    }
}

static bool is_heap_busy(const struct ter_heap *heap)
{
    return heap->collector.collecting || heap->collector.allocator.visiting ||
           heap->collector.allocator.standing;
}

static bool needs_standing(enum ter_inquiry_verb verb)
{
    return verb == TER_INQUIRY_COLLECT || verb == TER_INQUIRY_DUMP;
}

/* Under the lock, with an errand that is wanted. */
static bool try_errand(struct ter_heap *heap, bool is_ours, struct ter_obstacle *obstacle)
{
    TER_KEEP_ERRNO;
    struct ter_os_cancel before;

    *obstacle = (struct ter_obstacle){.kind = TER_OBSTACLE_BUSY};
    if (is_heap_busy(heap) ||
        (needs_standing(heap->errand.verb) &&
         !ter_world_would_stop(&heap->collector.allocator, is_ours, obstacle)))
        return false;
    /* The lock was free for a moment, perhaps. */
    if (!heap->errand.wanted || is_heap_busy(heap))
        return !heap->errand.wanted;
    heap->errand.wanted = false;
    before = ter_os_cancel_off();
    if (do_errand(heap, obstacle))
        heap->errand.is_done = true;
    else
        heap->errand.wanted = true;
    ter_os_cancel_back(before);
    return heap->errand.is_done;
}

/* ---- By whom ---- */

static void press_for_errand(struct ter_heap *heap)
{
    atomic_fetch_or_explicit(&heap->collector.allocator.pressed, TER_PRESSED_BY_CALL,
                             memory_order_relaxed);
}

void ter_errand_do_here(struct ter_heap *heap)
{
    struct ter_obstacle obstacle;

    if (heap->errand.wanted)
        (void)try_errand(heap, false, &obstacle);
    /* Whoever allocates here wanted no refusal, or would not have come. */
    heap->collector.allocator.no_collect = false;
}

bool ter_errand_lock(struct ter_heap *heap)
{
    uint64_t end_ns = ter_os_now_ns() + LOCK_PATIENCE_NS;
    _Atomic uint32_t never = 0;

    while (!ter_allocator_try_lock(&heap->collector.allocator)) {
        if (ter_os_now_ns() > end_ns)
            return false;
        ter_os_wait_while(&never, 0, 1);
    }
    return true;
}

void ter_errand_want(struct ter_heap *heap, enum ter_inquiry_verb verb,
                     const struct ter_os_line *file)
{
    heap->errand = (struct ter_errand){.verb = verb, .wanted = true, .file = *file};
    press_for_errand(heap);
}

void ter_errand_withdraw(struct ter_heap *heap)
{
    heap->errand.wanted = false;
}

bool ter_errand_try(struct ter_heap *heap, struct ter_obstacle *obstacle)
{
    bool done = true;

    heap->collector.allocator.no_collect = false;
    if (heap->errand.wanted)
        done = try_errand(heap, true, obstacle);
    if (!done)
        press_for_errand(heap);
    return done;
}

void ter_errand_forked(struct ter_heap *heap)
{
    if (heap->options.live == 0)
        return;
    heap->errand = (struct ter_errand){.wanted = false};
    heap->collector.allocator.is_courteous = false;
    heap->collector.allocator.silent = NULL;
    press_for_errand(heap); /* which starts the child's thread */
}
