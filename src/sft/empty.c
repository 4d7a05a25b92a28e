/* SPDX-License-Identifier: MIT */
/* EMPTY: every question has an answer; every order is misuse. */
#include "sft/answers.h"
#include "sft/map_state.h"

#include <stdio.h>

static bool not_in_space(const struct ter_sft *space, uintptr_t word)
{
    (void)space, (void)word;
    return false;
}

static ter_object refuse_trace(const struct ter_sft *space, struct ter_trace *trace,
                               ter_object object)
{
    (void)space, (void)trace;
    ter_fatal("trace_object: no space owns %#zx (EMPTY)", (size_t)object.bits);
}

static bool refuse_pin(const struct ter_sft *space, ter_object object)
{
    (void)space;
    ter_fatal("pin: no space owns %#zx (EMPTY)", (size_t)object.bits);
}

static bool refuse_unpin(const struct ter_sft *space, ter_object object)
{
    (void)space;
    ter_fatal("unpin: no space owns %#zx (EMPTY)", (size_t)object.bits);
}

static void refuse_init(const struct ter_sft *space, ter_object object, size_t bytes)
{
    (void)space;
    ter_fatal("init_object_metadata: no space owns %#zx, %zu bytes (EMPTY)", (size_t)object.bits,
              bytes);
}

static void print_nothing(const struct ter_sft *space, ter_object object, char *text, size_t size)
{
    snprintf(text, size, "%#zx: %s, no object", (size_t)object.bits, space->name);
}

const struct ter_sft ter_sft_empty_functions = {
    .kind = TER_SPACE_EMPTY,
    .name = "EMPTY",
    .find_object_from_interior = ter_sft_find_none,
    .find_object = ter_sft_find_none,
    .is_live = ter_sft_answer_no,
    .is_reachable = ter_sft_answer_no,
    .is_in_space = not_in_space,
    .trace_object = refuse_trace,
    .forwarded_object = ter_sft_forwarded_none,
    .is_movable = ter_sft_answer_no,
    .pin = refuse_pin,
    .unpin = refuse_unpin,
    .is_pinned = ter_sft_answer_no,
    .is_sane = ter_sft_answer_no,
    .init_object_metadata = refuse_init,
    .print_object = print_nothing,
};
