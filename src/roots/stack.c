/* SPDX-License-Identifier: MIT */
#include "roots/roots.h"

/* Not inlined: its frame lies below every frame whose registers were spilled. */
static TER_NOINLINE void visit_from_here(uintptr_t base, ter_root_visitor *visitor, void *context)
{
    uintptr_t here = ter_align_down(TER_FRAME_ADDRESS(), sizeof(uintptr_t));

    if (here < base)
        visitor(context, here, ter_align_down(base, sizeof(uintptr_t)));
}

void ter_stack_visit_current(uintptr_t base, ter_root_visitor *visitor, void *context)
{
    TER_SPILL_REGISTERS();
    visit_from_here(base, visitor, context);
    /* Keeps the call above from becoming a jump that gives this frame up. */
    __asm__ volatile("" ::: "memory");
}

TER_NO_SANITIZE TER_NOINLINE void ter_roots_read_words(const uintptr_t *from, uintptr_t *to,
                                                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = *(const volatile uintptr_t *)&from[i];
}
