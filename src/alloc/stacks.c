/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

/* ---- Records ---- */

#define STACKS_IN_CHUNK 50u

struct ter_stack_chunk {
    struct ter_stack_chunk *next;
    struct ter_stack stacks[STACKS_IN_CHUNK];
};

static size_t stack_chunk_bytes(void)
{
    return ter_align_up(sizeof(struct ter_stack_chunk), ter_os_page_size());
}

void ter_stacks_fini(struct ter_stacks *stacks)
{
    while (stacks->chunks != NULL) {
        struct ter_stack_chunk *chunk = stacks->chunks;

        stacks->chunks = chunk->next;
        ter_os_release((uintptr_t)chunk, stack_chunk_bytes());
    }
    *stacks = (struct ter_stacks){0};
}

static void make_stack_chunk(struct ter_stacks *stacks)
{
    struct ter_stack_chunk *chunk;
    void *memory;

    if (ter_os_allocate_named(stack_chunk_bytes(), "terrier:stacks", &memory) != TER_OK)
        return;
    chunk = memory;
    chunk->next = stacks->chunks;
    stacks->chunks = chunk;
    for (size_t i = 0; i < STACKS_IN_CHUNK; i++) {
        chunk->stacks[i].next = stacks->free;
        stacks->free = &chunk->stacks[i];
    }
}

struct ter_stack *ter_stacks_declare(struct ter_stacks *stacks, uintptr_t low, uintptr_t high)
{
    struct ter_stack *stack;

    if (stacks->free == NULL)
        make_stack_chunk(stacks);
    stack = stacks->free;
    if (stack == NULL)
        return NULL;
    stacks->free = stack->next;
    *stack =
        (struct ter_stack){.next = stacks->declared, .low = low, .high = high, .pointer = high};
    if (stack->next != NULL)
        stack->next->previous = stack;
    stacks->declared = stack;
    return stack;
}

void ter_stacks_forget(struct ter_stacks *stacks, struct ter_stack *stack)
{
    if (stack->next != NULL)
        stack->next->previous = stack->previous;
    if (stack->previous != NULL)
        stack->previous->next = stack->next;
    else
        stacks->declared = stack->next;
    stack->next = stacks->free;
    stacks->free = stack;
}

/* ---- Leaving ---- */

void ter_stack_note(struct ter_stack *stack, uintptr_t low, uintptr_t end)
{
    size_t count = (end - low) / sizeof(uintptr_t);

    TER_CHECK(low < end && count <= TER_STACK_WORDS);
    ter_words_read((const uintptr_t *)low, stack->saved, count);
    stack->saved_count = (unsigned)count;
    stack->pointer = end;
}

/* ---- Visits ---- */

static bool stack_holds(const struct ter_stack *stack, uintptr_t pointer)
{
    return pointer - stack->low < stack->high - stack->low;
}

struct ter_stack *ter_stacks_find(const struct ter_stacks *stacks, struct ter_stack *current,
                                  uintptr_t pointer)
{
    struct ter_stack *stack = stacks->declared;

    if (stack_holds(current, pointer))
        return current;
    while (stack != NULL && !stack_holds(stack, pointer))
        stack = stack->next;
    return stack;
}

void ter_stack_visit_saved(const struct ter_stack *stack, ter_root_visitor *visitor, void *context)
{
    if (stack->saved_count != 0)
        visitor(context, (uintptr_t)stack->saved, (uintptr_t)(stack->saved + stack->saved_count));
}

void ter_stacks_visit_left(const struct ter_stacks *stacks, ter_root_visitor *visitor,
                           void *context)
{
    for (struct ter_stack *stack = stacks->declared; stack != NULL; stack = stack->next) {
        if (!stack->is_stood_on && stack->pointer < stack->high) {
            ter_stack_visit_saved(stack, visitor, context);
            visitor(context, ter_align_up(stack->pointer, sizeof(uintptr_t)),
                    ter_align_down(stack->high, sizeof(uintptr_t)));
        }
        stack->is_stood_on = false;
    }
}

void ter_stacks_visit_frames(const struct ter_stacks *stacks, struct ter_root_visit *visit)
{
    for (const struct ter_stack *stack = stacks->declared; stack != NULL; stack = stack->next)
        if (stack->user == NULL)
            ter_root_visit_frames(visit, stack->frames);
}
