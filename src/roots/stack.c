/* SPDX-License-Identifier: MIT */
#include "roots/roots.h"

struct stack_visit {
    ter_root_visitor *visitor;
    void *context;
};

static void visit_thread_data(void *context, uintptr_t start, uintptr_t end, bool is_program)
{
    const struct stack_visit *visit = context;

    (void)is_program;
    visit->visitor(visit->context, ter_align_up(start, sizeof(uintptr_t)),
                   ter_align_down(end, sizeof(uintptr_t)));
}

/* Not inlined: its frame lies below every frame whose registers were spilled. */
static TER_NOINLINE void visit_from_here(uintptr_t base, ter_root_visitor *visitor, void *context)
{
    uintptr_t here = ter_align_down(TER_FRAME_ADDRESS(), sizeof(uintptr_t));
    struct stack_visit visit = {visitor, context};

    if (here < base)
        visitor(context, here, ter_align_down(base, sizeof(uintptr_t)));
    ter_os_for_each_tls_block(visit_thread_data, &visit);
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
