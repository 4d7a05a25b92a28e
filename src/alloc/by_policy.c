/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

#include <string.h>

struct ter_policy_request {
    struct ter_mutator *mutator;
    struct ter_space *space;
    uintptr_t *window;
    unsigned kind;
    size_t bytes;
    bool zeroed;
};

/* Asks the gate until the object is there or memory is out. */
static uintptr_t take_admitted(struct ter_policy_request *request)
{
    const struct ter_gate *gate = &request->mutator->allocator->gate;
    struct ter_accounting *accounting = &request->space->arena->accounting;
    const struct ter_policy *policy = request->space->policy;
    size_t wanted = policy->admit_bytes(request->bytes);
    uintptr_t object;

    for (;;) {
        size_t limit = accounting->limit_bytes;
        enum ter_admission admission = gate->admit(gate->context, wanted);

        if (admission == TER_ADMITTED) {
            if (policy->allocate(request->space, request->window, request->kind, request->bytes,
                                 &object, &request->zeroed) == TER_OK)
                return object;
            /* What was admitted and is not there must not let the heap grow without collections. */
            accounting->limit_bytes = limit;
            admission = gate->refused(gate->context, wanted);
        } else if (admission == TER_CROWDED)
            admission = gate->refused(gate->context, wanted);
        if (admission == TER_REFUSED)
            return 0;
    }
}

/* Is what the space makes of the kind old from the beginning? */
static bool is_born_old(const struct ter_policy_request *request)
{
    const struct ter_allocator *allocator = request->mutator->allocator;

    return TER_UNLIKELY(allocator->logs) &&
           (!ter_space_ages(request->space) || allocator->kinds[request->kind].uncollectable);
}

static void clear_new(struct ter_policy_request *request, uintptr_t object)
{
    if (!request->zeroed)
        memset((void *)object, 0, request->bytes);
    request->zeroed = true;
}

/* What it has of pages beside its own bytes wants a collection, though nobody uses it. */
static void count_with_pages(const struct ter_policy_request *request)
{
    struct ter_allocator *allocator = request->mutator->allocator;
    const struct ter_policy *policy = request->space->policy;
    size_t weight = policy->own_pages ? policy->admit_bytes(request->bytes) / 4 : 0;

    ter_allocator_count(allocator, request->bytes);
    allocator->beside_since_collection += weight - ter_min(weight, request->bytes);
}

static uintptr_t allocate_locked(struct ter_policy_request *request)
{
    struct ter_allocator *allocator = request->mutator->allocator;
    const struct ter_kind *how = &allocator->kinds[request->kind];
    uintptr_t object;

    ter_mutator_fold_counts(request->mutator);
    ter_allocator_poll_stress(allocator);
    request->zeroed = true;
    object = take_admitted(request);
    if (object == 0)
        return 0;
    count_with_pages(request);
    /* Nobody who trusts it may see what was here, and without the lock others may collect. */
    if (ter_kind_trusts_contents(how) && how->zeroed)
        clear_new(request, object);
    return object;
}

static void *allocate_from(struct ter_policy_request *request)
{
    struct ter_mutator *mutator = request->mutator;
    struct ter_allocator *allocator = mutator->allocator;
    uint64_t start_ns = ter_watch_start(allocator->watch);
    uintptr_t object;

    ter_mutator_require_bound(mutator, "ter_allocate");
    ter_mutator_poll_before(mutator);
    ter_allocator_lock(allocator);
    allocator->no_collect = mutator->no_collect;
    object = allocate_locked(request);
    ter_allocator_tell_slow(allocator, request->kind, request->bytes, start_ns);
    ter_allocator_unlock_and_notify(allocator);
    if (object != 0 && allocator->kinds[request->kind].zeroed)
        clear_new(request, object);
    if (object != 0 && is_born_old(request))
        ter_stores_log_born_old(mutator, object);
    return (void *)object;
}

bool ter_mutator_allocate_small_by_policy(struct ter_mutator *mutator, unsigned kind,
                                          unsigned size_class, size_t bytes, void **object)
{
    struct ter_allocator *allocator = mutator->allocator;
    size_t cell_bytes = ter_size_class_bytes[size_class];
    struct ter_policy_request request;

    if (allocator->malloc_space != NULL &&
        ter_mutator_allocate_from_malloc(mutator, kind, bytes, cell_bytes, object))
        return true;
    request = (struct ter_policy_request){.mutator = mutator,
                                          .space = ter_allocator_small_space(allocator, kind),
                                          .window = &mutator->windows[TER_SERVICE_SMALL][kind],
                                          .kind = kind,
                                          .bytes = cell_bytes};
    if (request.space->policy->cells)
        return false;
    if (request.space->policy->fill_run != NULL) {
        *object = ter_mutator_allocate_from_runs(mutator, request.space, kind, size_class);
        return true;
    }
    *object = allocate_from(&request);
    return true;
}

static void *allocate_pages(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    struct ter_policy_request request = {.mutator = mutator,
                                         .space = mutator->allocator->large,
                                         .window = &mutator->windows[TER_SERVICE_LARGE][kind],
                                         .kind = kind,
                                         .bytes = bytes};

    return allocate_from(&request);
}

static void *allocate_large(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    const struct ter_allocator *allocator = mutator->allocator;
    size_t granules = ter_align_up(bytes, TER_BYTES_IN_GRANULE);
    void *object;

    if (allocator->malloc_space != NULL &&
        ter_mutator_allocate_from_malloc(mutator, kind, bytes, granules, &object))
        return object;
    return allocate_pages(mutator, kind, granules);
}

/* `allocate`, of which a sample is taken. */
static void *allocate_sampled(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                              void *(*allocate)(struct ter_mutator *mutator, unsigned kind,
                                                size_t bytes))
{
    bool chosen = TER_UNLIKELY(mutator->sampler != NULL) && ter_sampler_count_large(mutator, bytes);
    void *object = allocate(mutator, kind, bytes);

    if (TER_UNLIKELY(chosen))
        ter_sampling_tell(mutator, (uintptr_t)object, kind, bytes);
    return object;
}

void *ter_mutator_allocate_pages(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    return allocate_sampled(mutator, kind, bytes, allocate_pages);
}

void *ter_mutator_allocate_large_by_policy(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    return allocate_sampled(mutator, kind, bytes, allocate_large);
}

static void give_up_window(struct ter_mutator *mutator, struct ter_space *space,
                           enum ter_service service, unsigned kind)
{
    if (space != NULL && space->policy->give_up != NULL)
        space->policy->give_up(space, &mutator->windows[service][kind], kind);
}

void ter_mutator_give_up_windows(struct ter_mutator *mutator)
{
    const struct ter_allocator *allocator = mutator->allocator;

    for (unsigned kind = 0; kind < allocator->kind_count; kind++) {
        give_up_window(mutator, ter_allocator_small_space(allocator, kind), TER_SERVICE_SMALL,
                       kind);
        give_up_window(mutator, allocator->large, TER_SERVICE_LARGE, kind);
    }
}
