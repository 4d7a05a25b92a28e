/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

#include <string.h>

#define INITIAL_BYTES TER_KIB(64)

static size_t bytes_of(const struct ter_mark_stack *stack)
{
    return stack->capacity * sizeof stack->entries[0];
}

ter_status ter_mark_stack_init(struct ter_mark_stack *stack)
{
    void *memory;
    ter_status status = ter_os_allocate(INITIAL_BYTES, &memory);

    if (status != TER_OK)
        return status;
    ter_os_name((uintptr_t)memory, INITIAL_BYTES, "terrier:mark-stack");
    *stack = (struct ter_mark_stack){.entries = memory,
                                     .capacity = INITIAL_BYTES / sizeof stack->entries[0]};
    return TER_OK;
}

void ter_mark_stack_fini(struct ter_mark_stack *stack)
{
    ter_os_retire((uintptr_t)stack->entries, bytes_of(stack));
}

/* Half of the room is below the bottom: use that. */
static bool move_down(struct ter_mark_stack *stack)
{
    if (stack->bottom < stack->capacity / 2)
        return false;
    stack->count -= stack->bottom;
    memmove(stack->entries, stack->entries + stack->bottom,
            stack->count * sizeof stack->entries[0]);
    stack->bottom = 0;
    return true;
}

bool ter_mark_stack_grow(struct ter_mark_stack *stack)
{
    void *memory = stack->entries;

    if (move_down(stack))
        return true;

    if (ter_os_reallocate(&memory, bytes_of(stack), bytes_of(stack) * 2) != TER_OK) {
        stack->overflowed = true;
        return false;
    }
    stack->entries = memory;
    stack->capacity *= 2;
    return true;
}

void ter_mark_stack_trim(struct ter_mark_stack *stack)
{
    void *memory = stack->entries;

    TER_CHECK(stack->count == stack->bottom);
    stack->bottom = stack->count = 0;
    if (bytes_of(stack) > INITIAL_BYTES &&
        ter_os_reallocate(&memory, bytes_of(stack), INITIAL_BYTES) == TER_OK) {
        stack->entries = memory;
        stack->capacity = INITIAL_BYTES / sizeof stack->entries[0];
    }
}
