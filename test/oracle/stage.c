/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#include "faults.h"
#include "heap/heap.h"
#include "world.h"

/* ---- Roots ---- */

static void report_roots(void *context, ter_root_slot_visitor *visit, void *visitor_context)
{
    struct stage *stage = context;
    unsigned count = atomic_load(&stage->world_count);

    for (unsigned i = 0; i < count; i++)
        for (unsigned slot = 0; slot < stage->worlds[i]->exact_roots; slot++)
            if (!fault_strikes(FAULT_LOST_ROOT))
                visit(visitor_context, ter_slot_at((uintptr_t)&stage->worlds[i]->slots[slot]));
    if (stage->kept_by_fault != 0)
        visit(visitor_context, ter_slot_at((uintptr_t)&stage->kept_by_fault));
}

/* Not by the roots: the option check_heap asks for those more often. */
static void count_collection(void *context, const struct ter_collection_event *event)
{
    struct stage *stage = context;

    if (event->phase == TER_PHASE_ROOTS)
        atomic_fetch_add(&stage->collections, 1);
}

void stage_add_world(struct stage *stage, struct world *world)
{
    const uintptr_t *ambiguous = world->slots + world->exact_roots;

    stage->worlds[stage->world_count] = world;
    atomic_fetch_add(&stage->world_count, 1);
    if (world->exact_roots < ROOTS &&
        ter_roots_add_range(stage->heap, ambiguous, world->slots + ROOTS) != TER_OK)
        run_fail(stage->run, "a range of roots was refused");
}

/* ---- Links ---- */

static struct ter_links *links_of(struct stage *stage, bool is_long)
{
    return is_long ? &stage->heap->collector.long_links : &stage->heap->collector.short_links;
}

void stage_link(struct stage *stage, uintptr_t *link, uintptr_t object, bool is_long)
{
    struct ter_allocator *allocator = &stage->heap->collector.allocator;
    ter_status status = TER_OK;
    bool existed = false;

    *link = object;
    if (fault_strikes(FAULT_LINK_KEPT))
        return;
    ter_allocator_lock(allocator);
    status = ter_links_register(links_of(stage, is_long), (uintptr_t)link, object, &existed);
    ter_allocator_unlock(allocator);
    if (status != TER_OK || existed)
        run_fail(stage->run, "a link at %p was refused, or there was one", (void *)link);
}

bool stage_unlink(struct stage *stage, uintptr_t *link, bool is_long)
{
    struct ter_allocator *allocator = &stage->heap->collector.allocator;
    bool was;

    ter_allocator_lock(allocator);
    was = ter_links_unregister(links_of(stage, is_long), (uintptr_t)link);
    ter_allocator_unlock(allocator);
    *link = 0;
    return was || fault_is_planted(FAULT_LINK_KEPT);
}

/* ---- Spaces ---- */

void stage_check_spaces(struct stage *stage)
{
    struct ter_allocator *allocator = &stage->heap->collector.allocator;
    ter_status status;

    ter_allocator_lock(allocator);
    status = ter_collector_check(&stage->heap->collector);
    ter_allocator_unlock(allocator);
    if (status != TER_OK)
        run_fail(stage->run, "the spaces cannot be looked at");
}

/* ---- Life ---- */

#define CALM "stress=0,heap_initial=500M,heap_max=700M,sizing=ratio,soft_limit=none"

/*
 * `calm`: the heap does not collect by itself, for threads that run as they like while roots are
 * exact or objects move (free_running.h). Limits of the machine's control groups are left out:
 * there is a soft limit if the options say so.
 */
static void make_heap(struct stage *stage, bool calm)
{
    const struct settings *settings = &stage->run->settings;
    struct ter_options options;
    char text[400], message[400];

    snprintf(text, sizeof text,
             "plan=%s,heap_max=%s,soft_limit=none,scan_program=0,scan_libraries=0,%s%s%s",
             settings->plan, settings->free_running ? "700M" : "300M", settings->options,
             settings->options[0] == '\0' ? "" : ",", calm ? CALM : "");
    ter_options_init(&options);
    if (ter_options_parse(&options, text, message, sizeof message) != TER_OK)
        run_fail(stage->run, "options %s: %s", text, message);
    options.barriers = 1;
    stage->is_checked = options.check_heap != 0;
    if (ter_heap_new(&options, &stage->heap) != TER_OK)
        run_fail(stage->run, "no heap with options %s", text);
}

static void ask_what_it_does(struct stage *stage, struct ter_mutator *mutator)
{
    ter_collect(mutator);
    stage->collects = atomic_load(&stage->collections) != 0;
    for (unsigned i = 0; i < kind_count; i++) {
        void *memory = ter_allocate(mutator, stage->kind_numbers[i], 64);
        ter_object object = ter_object_at((uintptr_t)memory);
        const struct ter_sft *owner = ter_heap_owner(stage->heap, object.bits);

        if (memory == NULL)
            run_fail(stage->run, "no memory for the first object of kind %s", kinds[i].name);
        stage->moves |= owner->is_movable(owner, object);
        if (kinds[i].uncollectable)
            ter_free(mutator, memory);
    }
}

/* There is no public way yet to say that a tracer reports slots only. */
static void let_move(struct stage *stage, unsigned kind)
{
    struct ter_kind *how = &stage->heap->collector.allocator.kinds[stage->kind_numbers[kind]];

    how->only_slots = true;
    how->never_moves = false;
}

static void add_kind(struct stage *stage, unsigned kind)
{
    if (kinds[kind].add(stage->heap, &stage->kind_numbers[kind]) != TER_OK)
        run_fail(stage->run, "kind %s was refused", kinds[kind].name);
    if (kinds[kind].only_slots)
        let_move(stage, kind);
}

static void open_heap(struct stage *stage, bool calm, struct ter_mutator **mutator)
{
    make_heap(stage, calm);
    ter_heap_on_collection(stage->heap, count_collection, stage);
    ter_heap_report_roots(stage->heap, report_roots, stage);
    ter_heap_scan_stacks(stage->heap, !stage->run->settings.exact);
    for (unsigned i = 0; i < kind_count; i++)
        add_kind(stage, i);
    if (ter_mutator_bind(stage->heap, mutator) != TER_OK)
        run_fail(stage->run, "no mutator for the first thread");
    ask_what_it_does(stage, *mutator);
}

void stage_open(struct stage *stage, struct run *run, struct ter_mutator **mutator)
{
    bool calm = run->settings.free_running && run->settings.exact;

    memset(stage, 0, sizeof *stage);
    stage->run = run;
    TER_CHECK(kind_count <= MOST_KINDS);
    open_heap(stage, calm, mutator);
    if (run->settings.free_running && stage->moves && !calm) {
        ter_mutator_unbind(*mutator);
        stage_close(stage);
        open_heap(stage, true, mutator);
    }
}

void stage_close(struct stage *stage)
{
    ter_heap_report_roots(stage->heap, NULL, NULL);
    ter_heap_free(stage->heap);
}
