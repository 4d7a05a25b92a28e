/* SPDX-License-Identifier: MIT */
/* Life of a heap and of its mutators. */
#include "heap/heap.h"

#include <stdio.h>
#include <string.h>

/* Collections that a report lists one by one. */
#define LOG_CAPACITY 4096u

/* Places below a limit that are looked for when others are faster every time. */
#define PLACE_ATTEMPTS 4u

static size_t heap_bytes(void)
{
    return ter_align_up(sizeof(struct ter_heap), ter_os_page_size());
}

static void passed(void *context, const struct ter_passage *passage)
{
    const struct ter_collection *collection = passage->collection;
    struct ter_heap *heap = context;

    if (passage->phase != TER_PHASE_ENDED)
        return;
    ter_figures_add(&heap->figures, collection);
    ter_log(TER_LOG_TRACE,
            "collection %llu: pause %.3f ms of %.3f ms, %zu KiB live, %zu KiB in use",
            (unsigned long long)collection->number, (double)collection->pause_ns / 1e6,
            (double)collection->total_ns / 1e6,
            (collection->live.scanned_bytes + collection->live.atomic_bytes) >> 10,
            collection->used_after_bytes >> 10);
    ter_heap_map_after(heap, collection->number);
}

static void add_builtin_kinds(struct ter_collector *collector)
{
    static const struct ter_kind builtin[] = {
        [TER_KIND_ATOMIC] = {.scan = TER_SCAN_NONE},
        [TER_KIND_NORMAL] = {.scan = TER_SCAN_AMBIGUOUS, .zeroed = true},
        [TER_KIND_UNCOLLECTABLE] = {.scan = TER_SCAN_AMBIGUOUS,
                                    .zeroed = true,
                                    .uncollectable = true},
        [TER_KIND_ATOMIC_UNCOLLECTABLE] = {.scan = TER_SCAN_NONE, .uncollectable = true},
    };
    unsigned index;

    for (size_t i = 0; i < TER_ARRAY_LENGTH(builtin); i++)
        TER_CHECK(ter_collector_add_kind(collector, &builtin[i], &index) == TER_OK && index == i);
}

/* A limit beyond the address space is the whole of it. */
static size_t saturate(uint64_t number)
{
    return number > SIZE_MAX ? SIZE_MAX : (size_t)number;
}

/* "auto" is the name of no form. */
static void choose_map(const char *name, struct ter_arena_settings *settings)
{
    static const enum ter_sft_map_kind kinds[] = {TER_SFT_SPACE_MAP, TER_SFT_DENSE_MAP,
                                                  TER_SFT_SPARSE_MAP};

    for (size_t i = 0; i < TER_ARRAY_LENGTH(kinds); i++)
        if (strcmp(name, ter_sft_map_kind_name(kinds[i])) == 0) {
            settings->choose_map = true;
            settings->map = kinds[i];
        }
}

/*
 * The arena asks the kernel with a hint, and the kernel may answer with another range: beyond the
 * layout's limit, when somebody else took the placement meanwhile. Then another one is looked for,
 * and likewise where a placement by need is taken.
 */
static ter_status init_at_a_placement(struct ter_heap *heap,
                                      struct ter_collector_settings *settings)
{
    unsigned attempt = 0, placement = 0;

    while (attempt < PLACE_ATTEMPTS) {
        ter_status status =
            ter_heap_choose_layout(&heap->options, &placement, &settings->arena.layout);

        if (status == TER_OK)
            status = ter_collector_init(&heap->collector, settings);
        if (status == TER_ERROR_OWNED) {
            memset(&heap->collector, 0, sizeof heap->collector);
            continue; /* there are only so many */
        }
        if (status != TER_OK)
            return status;
        attempt++;
        if (ter_layout_validate(&heap->collector.arena.layout) == NULL) {
            ter_heap_check_room(&heap->options, &heap->collector.arena.layout);
            return TER_OK;
        }
        ter_collector_fini(&heap->collector);
        memset(&heap->collector, 0, sizeof heap->collector);
    }
    return TER_ERROR_NO_ADDRESS_SPACE;
}

static bool has_exact_stacks(const struct ter_options *options)
{
    return strcmp(options->stacks, "exact") == 0;
}

/* An option that is 0, 1, or 2 for what is usual. */
static bool is_on(uint64_t value, bool usual)
{
    return value == 2 ? usual : value != 0;
}

static bool has_barriers(const struct ter_options *options)
{
    return is_on(options->barriers, has_exact_stacks(options));
}

/* Does the plan want safepoints, so that young objects can be collected by themselves? */
static bool wants_safepoints(const struct ter_options *options)
{
    const struct ter_plan *plan = ter_plan_named(options->plan);

    return plan != NULL && plan->barrier == TER_BARRIER_LOGGED && has_barriers(options);
}

static bool has_safepoints(const struct ter_options *options)
{
    if (strcmp(options->stop, "auto") == 0)
        return has_exact_stacks(options) || wants_safepoints(options);
    return has_exact_stacks(options) || strcmp(options->stop, "safepoints") == 0;
}

static enum ter_sizing sizing_named(const char *name)
{
    if (strcmp(name, "fixed") == 0)
        return TER_SIZING_FIXED;
    return strcmp(name, "adaptive") == 0 ? TER_SIZING_ADAPTIVE : TER_SIZING_RATIO;
}

/* For plan=auto: young objects by themselves, where roots are exact, so that they may move. */
static void choose_plan(struct ter_options *options, struct ter_collector_settings *settings)
{
    const char *name = "mark-sweep";

    if (settings->plan != NULL)
        return;
    if (settings->exact_stacks && ter_collector_can_age(ter_plan_named("young-immix"), settings))
        name = "young-immix";
    snprintf(options->plan, sizeof options->plan, "%s", name);
    settings->plan = ter_plan_named(name);
}

static ter_status init_collector(struct ter_heap *heap)
{
    const struct ter_options *options = &heap->options;
    bool exact = has_exact_stacks(options);
    struct ter_collector_settings settings = {
        .initial_bytes = saturate(options->heap_initial),
        .max_bytes = saturate(options->heap_max),
        .free_space_divisor = saturate(options->free_space_divisor),
        .sizing = sizing_named(options->sizing),
        .stress_interval = ter_heap_stress_interval(options),
        .stress_polls = saturate(options->stress_polls),
        .exact_stacks = exact,
        .safepoints = has_safepoints(options),
        .barriers = has_barriers(options),
        .young_bytes = saturate(options->young_bytes),
        .young_pause_ns = options->young_pause * 1000,
        .scan_program = is_on(options->scan_program, !exact),
        .scan_libraries = is_on(options->scan_libraries, !exact),
        .markers = exact && options->markers == 0 ? 1 : (unsigned)options->markers,
        .markers_measured = options->markers_measured != 0,
        .plan = ter_plan_named(options->plan),
        .malloc_objects = strcmp(options->objects, "malloc") == 0,
        .vm_space = options->vm_space != 0,
        .trim = options->give_back != 0,
    };

    choose_plan(&heap->options, &settings);
    settings.arena.huge_pages = options->huge_pages != 0;
    settings.arena.populate = options->populate != 0;
    settings.arena.log_whole_map = options->sft_trace_map != 0;
    settings.arena.log_map = options->sft_trace != 0 || options->sft_trace_map != 0;
    choose_map(options->sft_map, &settings.arena);
    return init_at_a_placement(heap, &settings);
}

static ter_status init_heap(struct ter_heap *heap, const struct ter_options *options)
{
    bool reports = strcmp(options->report, "none") != 0;
    const struct ter_layout *layout = &heap->collector.arena.layout;
    ter_status status;

    heap->options = *options;
    heap->born_ns = ter_os_now_ns();
    heap->process = ter_os_process_id();
    ter_log_set_level((enum ter_log_level)options->log);
    status = ter_figures_init(&heap->figures, reports ? LOG_CAPACITY : 0);
    if (status != TER_OK)
        return status;
    status = init_collector(heap);
    if (status == TER_OK) {
        add_builtin_kinds(&heap->collector);
        heap->callbacks = (struct ter_callbacks){.passed = passed, .context = heap};
        ter_callbacks_add(&heap->collector.callbacks, &heap->callbacks);
        if (options->check_barriers != 0)
            ter_heap_check_barriers(heap);
        ter_heap_begin_checks(heap);
        ter_heap_begin_seeing(heap);
        ter_heap_begin_dumps(heap);
        ter_heap_begin_profile(heap);
        status = ter_directory_add(heap, layout->heap_start, ter_layout_heap_bytes(layout),
                                   ter_heap_taken_bytes(layout));
        if (status != TER_OK) {
            ter_heap_end_profile(heap);
            ter_heap_end_dumps(heap);
            ter_heap_end_seeing(heap);
            ter_collector_fini(&heap->collector);
        } else {
            ter_fork_prepare_once();
            ter_os_set_parking(true);
            ter_heap_watch_touches(heap);
            ter_heap_read_soft_limit(options);
            ter_answerer_add(heap);
        }
    }
    if (status != TER_OK)
        ter_figures_fini(&heap->figures);
    return status;
}

/* The defaults, changed by what the program wishes, changed by the environment. */
static ter_status read_options(const char *wishes, struct ter_options *options)
{
    char message[TER_OPTION_TEXT_BYTES * 2];
    ter_status status;

    ter_options_init(options);
    status = ter_options_parse(options, wishes, message, sizeof message);
    if (status != TER_OK) {
        ter_log(TER_LOG_WARNING, "ter_heap_new_with: %s", message);
        return status;
    }
    status = ter_options_read_environment(options, message, sizeof message);
    if (status != TER_OK)
        ter_log(TER_LOG_WARNING, "TERRIER_OPTIONS: %s", message);
    return status;
}

/* A struct that was never set to the defaults, or was written to by hand. */
static ter_status check_options(const struct ter_options *options)
{
    const char *name = ter_options_invalid(options);

    if (name != NULL) {
        ter_log(TER_LOG_WARNING, "ter_heap_new: option %s has a value that it cannot have", name);
        return TER_ERROR_INVALID;
    }
    if (has_exact_stacks(options) && strcmp(options->stop, "signals") == 0) {
        ter_log(TER_LOG_WARNING,
                "ter_heap_new: stacks=exact needs stop=safepoints: a signal stops a thread where "
                "its references lie in registers, which nobody scans then");
        return TER_ERROR_INVALID;
    }
    if (sizing_named(options->sizing) == TER_SIZING_FIXED && options->heap_max == 0) {
        ter_log(TER_LOG_WARNING,
                "ter_heap_new: sizing=fixed needs heap_max, which says how large the heap is");
        return TER_ERROR_INVALID;
    }
    return TER_OK;
}

static ter_status new_heap(const struct ter_options *options, struct ter_heap **heap)
{
    TER_KEEP_ERRNO;
    struct ter_options defaults;
    void *memory;
    ter_status status;

    TER_REQUIRE(heap != NULL, "ter_heap_new: there is nowhere to put the heap");
    status = ter_os_allocate_named(heap_bytes(), "terrier:heap", &memory);
    if (status != TER_OK)
        return status;
    if (options == NULL) {
        status = read_options("", &defaults);
        options = &defaults;
    }
    if (status == TER_OK)
        status = check_options(options);
    if (status == TER_OK)
        status = init_heap(memory, options);
    if (status != TER_OK)
        ter_os_release((uintptr_t)memory, heap_bytes());
    else
        *heap = memory;
    return status;
}

static ter_status new_heap_for(unsigned abi, const struct ter_options *options,
                               struct ter_heap **heap)
{
    if (abi == TER_ABI_VERSION)
        return new_heap(options, heap);
    ter_log(TER_LOG_WARNING,
            "ter_heap_new: the program was compiled for version %u of what is inline, this library "
            "has version %u: compile it again",
            abi, TER_ABI_VERSION);
    return TER_ERROR_INVALID;
}

ter_status ter_heap_new_for(unsigned abi, const struct ter_options *options, struct ter_heap **heap)
{
    return new_heap_for(abi, options, heap);
}

ter_status ter_heap_new_with_for(unsigned abi, const char *wishes, struct ter_heap **heap)
{
    struct ter_options options;
    ter_status status = read_options(wishes == NULL ? "" : wishes, &options);

    return status == TER_OK ? new_heap_for(abi, &options, heap) : status;
}

/* A function too: for who takes its address, or looks it up, and has nothing inline. */
#undef ter_heap_new
ter_status ter_heap_new(const struct ter_options *options, struct ter_heap **heap)
{
    return new_heap(options, heap);
}

/* What it has of the system goes, and is looked at together when all is there. */
static void end_heap(struct ter_heap *heap)
{
    bool gathers = ter_os_gather_retired();

    ter_heap_end_barriers(heap);
    ter_heap_end_checks(heap);
    ter_heap_end_profile(heap);
    ter_collector_fini(&heap->collector);
    ter_figures_fini(&heap->figures);
    ter_os_retire((uintptr_t)heap, heap_bytes());
    if (gathers)
        ter_os_park_gathered();
}

void ter_heap_free(struct ter_heap *heap)
{
    TER_KEEP_ERRNO;
    ter_heap_require(heap, "ter_heap_free");
    ter_answerer_remove(heap);
    TER_REQUIRE(heap->collector.allocator.mutators == NULL,
                "a heap is freed while a mutator is bound to it");
    if (heap->collector.allocator.checking != NULL)
        ter_checking_end(&heap->checking);
    ter_heap_write_wanted_dump(heap);
    ter_heap_write_wanted_profile(heap);
    ter_dispose_all(&heap->collector);
    ter_heap_write_wanted_report(heap);
    ter_heap_write_wanted_map(heap);
    ter_heap_end_dumps(heap);
    ter_heap_end_seeing(heap);
    ter_heap_unwatch_touches(heap);
    ter_directory_remove(heap);
    if (ter_directory_count() == 0)
        ter_os_set_parking(false);
    end_heap(heap);
}

ter_status ter_mutator_bind(struct ter_heap *heap, struct ter_mutator **mutator)
{
    struct ter_os_mask before;
    ter_status status;

    ter_heap_require(heap, "ter_mutator_bind");
    TER_REQUIRE(mutator != NULL, "ter_mutator_bind: there is nowhere to put the mutator");
    if (!ter_heap_barriers_allow(heap))
        return TER_ERROR_INVALID;
    status = ter_mutator_new(&heap->collector.allocator, 0, mutator);
    if (status == TER_OK && !heap->collector.allocator.safepoints)
        ter_os_accept_stops(&before);
    return status;
}

void ter_mutator_unbind(struct ter_mutator *mutator)
{
    ter_mutator_require_bound(mutator, "ter_mutator_unbind");
    TER_REQUIRE(mutator->stack != &mutator->home || mutator->head.frames == NULL,
                "ter_mutator_unbind: mutator %p still has frames, which lie on its thread's stack: "
                "pop them (ter_frame_pop, ter_frames_restore) before it",
                (void *)mutator);
    ter_mutator_free(mutator);
}

struct outside {
    struct ter_mutator *mutator;
    void *(*function)(void *data);
    void *data;
    void *result;
};

static void run_outside(void *context, uintptr_t stack_pointer)
{
    struct outside *outside = context;

    ter_mutator_go_out(outside->mutator, stack_pointer);
    outside->result = outside->function(outside->data);
    ter_mutator_come_in(outside->mutator);
}

void *ter_mutator_outside(struct ter_mutator *mutator, void *(*function)(void *data), void *data)
{
    struct outside outside = {mutator, function, data, NULL};

    ter_mutator_require_own(mutator, "ter_mutator_outside");
    TER_REQUIRE(function != NULL, "ter_mutator_outside: there is no function to call");
    ter_stack_call(run_outside, &outside);
    return outside.result;
}
