/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

/* Scanning less than this alone takes no longer than waking others. */
#define WORTH_A_PHASE TER_MIB(1)
/* And each worker that copies begins a block for each kind. */
#define WORTH_COPYING TER_MIB(8)

static size_t tracer_bytes(const struct ter_workers *workers)
{
    return ter_align_up(workers->wanted * sizeof workers->tracers[0], ter_os_page_size());
}

ter_status ter_workers_init(struct ter_workers *workers, struct ter_arena *arena, unsigned count,
                            bool measured)
{
    bool always = count != 0 && !measured;

    if (count == 0)
        count = ter_os_processors();
    *workers = (struct ter_workers){
        .arena = arena, .wanted = (unsigned)ter_min(count - 1, TER_MAX_HELPERS), .always = always};
    ter_worker_threads_init(&workers->threads);
    return TER_OK;
}

static void free_tracers(struct ter_workers *workers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ter_mark_stack_fini(&workers->tracers[i].stack);
    ter_os_release((uintptr_t)workers->tracers, tracer_bytes(workers));
    workers->tracers = NULL;
}

void ter_workers_fini(struct ter_workers *workers)
{
    ter_worker_threads_fini(&workers->threads);
    if (workers->tracers == NULL)
        return;
    free_tracers(workers, workers->wanted);
    ter_packets_fini(&workers->packets);
}

void ter_workers_forget(struct ter_workers *workers)
{
    ter_worker_threads_forget(&workers->threads);
    workers->ready = 0;
}

/*
 * The helper's table, for all of each range's hull, as any word in it may be looked up. Without it
 * there are parallel phases all the same, only slower.
 */
static bool cover_hulls(struct ter_workers *workers, const struct ter_tracer *tracer)
{
    for (size_t i = 0; i < tracer->range_count; i++) {
        const struct ter_range *range = tracer->ranges[i];
        struct ter_workers_hull *covered = &workers->covered[i];
        size_t bytes = atomic_load_explicit(&range->mapped_bytes, memory_order_relaxed);

        if (bytes <= covered->bytes)
            continue;
        if (ter_side_map(&workers->arena->side, TER_SIDE_SET(HELPER_MARK), range->start, bytes) !=
            TER_OK)
            return false;
        *covered = (struct ter_workers_hull){range->start, bytes};
    }
    return true;
}

/* Memory for all that helpers need, once. */
static bool make_tracers(struct ter_workers *workers)
{
    void *memory;
    unsigned made = 0;

    if (workers->tracers != NULL)
        return true;
    if (ter_os_allocate(tracer_bytes(workers), &memory) != TER_OK)
        return false;
    workers->tracers = memory;
    while (made < workers->wanted && ter_mark_stack_init(&workers->tracers[made].stack) == TER_OK)
        made++;
    if (made == workers->wanted && ter_packets_init(&workers->packets) == TER_OK)
        return true;
    free_tracers(workers, made);
    return false;
}

static size_t least_worth(const struct ter_workers *workers, const struct ter_tracer *tracer)
{
    return tracer->loop->moves && !workers->always ? WORTH_COPYING : WORTH_A_PHASE;
}

void ter_workers_prepare(struct ter_workers *workers, const struct ter_tracer *tracer,
                         size_t live_bytes, bool of_all)
{
    workers->ready = 0;
    workers->has_second = false;
    workers->pace.is_chosen = false;
    if (workers->wanted == 0 || live_bytes < least_worth(workers, tracer) || !make_tracers(workers))
        return;
    if (!workers->always && live_bytes != SIZE_MAX && (!of_all || !ter_pace_choose(&workers->pace)))
        return;
    workers->ready = ter_worker_threads_start(&workers->threads, workers->wanted);
    workers->has_second =
        workers->ready == 1 && !tracer->loop->moves && cover_hulls(workers, tracer);
}

void ter_workers_learn(struct ter_workers *workers, uint64_t nanoseconds, size_t live_bytes)
{
    if (workers->pace.is_chosen)
        ter_pace_learn(&workers->pace, nanoseconds, live_bytes);
}

/* ---- A parallel phase ---- */

struct phase {
    struct ter_workers *workers;
    struct ter_tracer *first;
};

static void trace_as_worker(void *context, unsigned worker)
{
    const struct phase *phase = context;
    struct ter_tracer *tracer = worker == 0 ? phase->first : &phase->workers->tracers[worker - 1];

    if (phase->workers->timed)
        tracer->time =
            (struct ter_work_time){.thread = ter_os_thread_number(), .start_ns = ter_os_now_ns()};
    do
        ter_tracer_drain(tracer);
    while (ter_packets_take(&phase->workers->packets, &tracer->stack));
    if (phase->workers->timed)
        tracer->time.end_ns = ter_os_now_ns();
}

/* Everything but the stack, and the tables of marks the other way round. */
static void copy_settings(struct ter_tracer *to, const struct ter_tracer *from, unsigned worker)
{
    struct ter_mark_stack stack = to->stack;

    *to = *from;
    to->worker = worker;
    to->stack = stack;
    to->stack.bottom = to->stack.count = 0;
    to->stack.overflowed = false;
    if (from->marking == TER_MARKING_OF_TWO) {
        to->marks = from->others_marks;
        to->others_marks = from->marks;
    }
}

static void begin_phase(struct ter_workers *workers, struct ter_tracer *tracer)
{
    tracer->packets = &workers->packets;
    tracer->until_packet = tracer->packet_interval = 0;
    tracer->marking = TER_MARKING_OF_MANY;
    if (workers->has_second) {
        tracer->marking = TER_MARKING_OF_TWO;
        tracer->others_marks = workers->arena->side.tables[TER_SIDE_HELPER_MARK].bias;
    }
}

/* What the helper marked becomes the heap's. */
static void end_phase(const struct ter_workers *workers, struct ter_tracer *tracer)
{
    const struct ter_side_table *marks = &workers->arena->side.tables[TER_SIDE_MARK];
    const struct ter_side_table *second = &workers->arena->side.tables[TER_SIDE_HELPER_MARK];

    if (tracer->marking == TER_MARKING_OF_TWO)
        for (size_t i = 0; i < tracer->range_count; i++) {
            uintptr_t start, end = 0;

            while ((start = ter_range_next(tracer->ranges[i], workers->arena, end, &end)) != 0)
                ter_bits_move(second, marks, start, end);
        }
    tracer->packets = NULL;
    tracer->marking = TER_MARKING_ALONE;
    tracer->others_marks = 0;
}

void ter_workers_trim(struct ter_workers *workers)
{
    const struct ter_side_table *second = &workers->arena->side.tables[TER_SIDE_HELPER_MARK];
    size_t page = ter_os_page_size();

    for (size_t i = 0; i < TER_ARRAY_LENGTH(workers->covered); i++) {
        const struct ter_workers_hull *hull = &workers->covered[i];
        struct ter_side_extent extent;
        uintptr_t start, end;

        if (hull->bytes == 0)
            continue;
        extent = ter_side_extent_of(second, hull->start, hull->start + hull->bytes);
        start = ter_align_up(extent.first, page);
        end = ter_align_down(extent.last + 1, page);
        if (start < end)
            (void)ter_os_decommit(start, end - start);
    }
}

void ter_workers_drain(struct ter_workers *workers, struct ter_tracer *tracer)
{
    struct phase phase = {workers, tracer};

    if (workers->ready == 0) {
        ter_tracer_drain(tracer);
        return;
    }
    begin_phase(workers, tracer);
    for (unsigned i = 0; i < workers->ready; i++)
        copy_settings(&workers->tracers[i], tracer, i + 1);
    ter_packets_begin(&workers->packets, workers->ready + 1);
    ter_worker_threads_run(&workers->threads, trace_as_worker, &phase);
    end_phase(workers, tracer);
    for (unsigned i = 0; i < workers->ready; i++) {
        tracer->stack.overflowed |= workers->tracers[i].stack.overflowed;
        ter_mark_stack_trim(&workers->tracers[i].stack);
    }
    ter_mark_stack_trim(&workers->packets.stack);
}
