/* SPDX-License-Identifier: MIT */
#include "see/samples.h"

#include <string.h>

/* A stack as it is found, to be interned. */
struct found_stack {
    struct ter_stack_head head;
    uintptr_t words[TER_OS_MOST_FRAMES];
    size_t count;
};

_Static_assert(TER_PROFILE_FRAMES <= TER_OS_MOST_FRAMES, "a told stack has room");

/* ---- A stack ---- */

static uint32_t text_of(struct ter_samples *samples, const char *text)
{
    size_t number;

    if (text == NULL)
        text = "";
    number = ter_interned_number(&samples->texts, text, strlen(text));
    return number > UINT32_MAX ? 0 : (uint32_t)number;
}

/* Under the lock. */
static bool note_told(struct ter_samples *samples, const struct ter_profile_frame *frames,
                      size_t count, struct found_stack *stack)
{
    for (size_t i = 0; i < count; i++) {
        struct ter_told_frame told = {.function = text_of(samples, frames[i].function),
                                      .file = text_of(samples, frames[i].file),
                                      .line = frames[i].line};
        size_t number = ter_interned_number(&samples->frames, &told, sizeof told);

        if (number == TER_NOT_INTERNED)
            return false;
        stack->words[i] = number;
    }
    stack->head.told = count > 0;
    if (count > 0)
        stack->count = count;
    return true;
}

/* ---- What was chosen ---- */

static size_t stack_number(struct ter_samples *samples, const struct found_stack *stack)
{
    size_t number = ter_interned_number(&samples->stacks, stack,
                                        sizeof stack->head + stack->count * sizeof(uintptr_t));

    while (number != TER_NOT_INTERNED && samples->figures.count <= number) {
        struct ter_stack_figures *figures = ter_weak_list_add(&samples->figures);

        if (figures == NULL)
            return TER_NOT_INTERNED;
        *figures = (struct ter_stack_figures){0, 0};
    }
    return number;
}

static void add_sampled(struct ter_samples *samples, uintptr_t object, size_t stack, size_t bytes)
{
    struct ter_stack_figures *figures = ter_weak_list_at(&samples->figures, stack);
    double weight = ter_samples_weight(samples, bytes);
    struct ter_sample *sample = ter_weak_table_insert(&samples->followed.table, object);

    figures->objects += weight;
    figures->bytes += weight * (double)bytes;
    if (sample == NULL)
        return;
    sample->stack = stack;
    sample->bytes = bytes;
    sample->born = (size_t)samples->collector->collections;
    ter_sampling_note(&samples->sampling, object);
}

static size_t ask_runtime(const struct ter_samples *samples, struct ter_mutator *mutator,
                          struct ter_profile_frame *frames)
{
    struct ter_allocator *allocator = mutator->allocator;
    ter_frames_function *function;
    void *context;
    size_t count;

    ter_allocator_lock(allocator);
    function = samples->function;
    context = samples->context;
    ter_allocator_unlock(allocator);
    count = function == NULL ? 0 : function(context, mutator, frames, TER_PROFILE_FRAMES);
    return ter_min(count, TER_PROFILE_FRAMES);
}

/* The object is on this stack, or nobody collects before the next safepoint. */
static void add_sample(void *context, struct ter_mutator *mutator, uintptr_t object, unsigned kind,
                       size_t bytes)
{
    struct ter_samples *samples = context;
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_profile_frame frames[TER_PROFILE_FRAMES];
    struct found_stack stack = {.head = {.kind = (uint32_t)allocator->details[kind].base}};
    size_t told = ask_runtime(samples, mutator, frames), number = TER_NOT_INTERNED;

    stack.count = told > 0 ? 0
                           : ter_os_backtrace(&mutator->sampler->stack, mutator->called_at,
                                              stack.words, TER_OS_MOST_FRAMES);
    ter_allocator_lock(allocator);
    if (note_told(samples, frames, told, &stack))
        number = stack_number(samples, &stack);
    if (number != TER_NOT_INTERNED)
        add_sampled(samples, object, number, bytes);
    ter_allocator_unlock(allocator);
}

static void drop_sample(void *context, uintptr_t object)
{
    struct ter_samples *samples = context;

    (void)ter_weak_table_remove(&samples->followed.table, object);
}

uintptr_t ter_samples_site(const struct ter_samples *samples, uintptr_t object)
{
    const struct ter_sample *sample = ter_weak_table_find(&samples->followed.table, object);
    const struct ter_stack_head *head;
    size_t size;

    if (sample == NULL)
        return 0;
    head = ter_interned_at(&samples->stacks, sample->stack, &size);
    return head->told != 0 || size == sizeof *head ? 0 : *(const uintptr_t *)(head + 1);
}

/* ---- In a collection ---- */

static void forget_filter(void *context, bool all)
{
    struct ter_samples *samples = context;

    if (all)
        ter_sampling_note_none(&samples->sampling);
}

static void note_in_filter(void *context, const void *record)
{
    struct ter_samples *samples = context;
    const struct ter_sample *sample = record;

    ter_sampling_note(&samples->sampling, sample->object);
}

/* ---- Life ---- */

static void init_tables(struct ter_samples *samples)
{
    ter_weak_table_init(&samples->followed.table, sizeof(struct ter_sample));
    ter_interned_init(&samples->stacks);
    ter_interned_init(&samples->frames);
    ter_interned_init(&samples->texts);
    ter_weak_list_init(&samples->figures, sizeof(struct ter_stack_figures));
    ter_weak_table_init(&samples->leaked, sizeof(struct ter_stack_leaked));
}

void ter_samples_begin(struct ter_samples *samples, struct ter_collector *collector,
                       size_t interval)
{
    samples->collector = collector;
    samples->sampling.interval = interval;
    samples->sampling.sampled = add_sample;
    samples->sampling.freed = drop_sample;
    samples->sampling.context = samples;
    init_tables(samples);
    samples->followed.begin = forget_filter;
    samples->followed.stays = note_in_filter;
    samples->followed.context = samples;
    if (collector->ages)
        ter_weak_table_watch(&samples->followed.table);
    ter_os_prepare_backtraces();
    (void)text_of(samples, ""); /* number 0 */
    collector->followed = &samples->followed;
    collector->allocator.sampling = &samples->sampling;
}

void ter_samples_fini(struct ter_samples *samples)
{
    if (samples->collector == NULL)
        return;
    ter_weak_table_fini(&samples->followed.table);
    ter_interned_fini(&samples->stacks);
    ter_interned_fini(&samples->frames);
    ter_interned_fini(&samples->texts);
    ter_weak_list_fini(&samples->figures);
    ter_weak_table_fini(&samples->leaked);
    samples->collector = NULL;
}
