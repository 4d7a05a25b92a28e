/* SPDX-License-Identifier: MIT */
#include "see/leaked.h"

#include <stdio.h>

#include "see/stack_text.h"

bool ter_leaked_note(struct ter_samples *samples, uintptr_t object)
{
    const struct ter_sample *sample =
        samples->collector == NULL ? NULL : ter_weak_table_find(&samples->followed.table, object);
    struct ter_stack_leaked *leaked;
    double weight;

    if (sample == NULL)
        return false;
    leaked = ter_weak_table_insert(&samples->leaked, sample->stack + 1);
    if (leaked == NULL)
        return false;
    weight = ter_samples_weight(samples, sample->bytes);
    leaked->objects += weight;
    leaked->bytes += weight * (double)sample->bytes;
    return true;
}

struct ter_leaked {
    struct ter_weak_table table;
    struct ter_stack_text stacks;
};

static size_t leaked_bytes(void)
{
    return ter_align_up(sizeof(struct ter_leaked), ter_os_page_size());
}

struct ter_leaked *ter_leaked_begin(struct ter_samples *samples)
{
    struct ter_leaked *leaked;
    void *memory;

    if (samples->collector == NULL || ter_weak_table_is_empty(&samples->leaked) ||
        ter_os_allocate(leaked_bytes(), &memory) != TER_OK)
        return NULL;
    leaked = memory;
    if (!ter_stack_text_copy(&leaked->stacks, samples)) {
        ter_os_release((uintptr_t)leaked, leaked_bytes());
        return NULL;
    }
    leaked->table = samples->leaked;
    ter_weak_table_init(&samples->leaked, sizeof(struct ter_stack_leaked));
    return leaked;
}

struct lines {
    void (*line)(void *context, const char *text);
    void *context;
};

static void tell_frame(void *context, const char *frame)
{
    const struct lines *lines = context;
    char text[2 * TER_CODE_NAME];

    snprintf(text, sizeof text, "    %s", frame);
    lines->line(lines->context, text);
}

static void tell_stack(const struct ter_leaked *leaked, const struct ter_stack_leaked *stack,
                       struct lines *lines)
{
    char text[200];

    snprintf(text, sizeof text, "Leaked: %.0f objects, %.0f bytes, allocated by", stack->objects,
             stack->bytes);
    lines->line(lines->context, text);
    ter_stack_text_each(&leaked->stacks, stack->key - 1, tell_frame, lines);
}

void ter_leaked_tell(struct ter_leaked *leaked, void (*line)(void *context, const char *text),
                     void *context)
{
    struct lines lines = {line, context};

    ter_stack_text_name(&leaked->stacks);
    for (size_t bucket = 0; bucket < leaked->table.capacity; bucket++) {
        const struct ter_stack_leaked *stack = ter_weak_table_at(&leaked->table, bucket);

        if (stack != NULL)
            tell_stack(leaked, stack, &lines);
    }
    ter_stack_text_close(&leaked->stacks);
    ter_weak_table_fini(&leaked->table);
    ter_os_release((uintptr_t)leaked, leaked_bytes());
}
