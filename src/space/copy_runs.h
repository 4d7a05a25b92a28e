/* SPDX-License-Identifier: MIT */
/* Blocks of objects that move: taking runs of them, as space/policy.h says. */
#pragma once

#include "space/copy_block.h"

bool ter_copy_fill_run(struct ter_space *space, uintptr_t *window, unsigned kind,
                       unsigned size_class, size_t most, struct ter_cell_run *run);
ter_status ter_copy_take_fresh(struct ter_space *space, uintptr_t *window, unsigned kind,
                               const struct ter_cell_run *owner);
bool ter_copy_take_kept(struct ter_space *space, uintptr_t *window, unsigned kind,
                        const struct ter_cell_run *owner);
void ter_copy_return_run(struct ter_space *space, struct ter_cell_run *run);
void ter_copy_keep_run(struct ter_space *space, const struct ter_cell_run *run, size_t bytes);
/* A fresh block: one piece that is no object. */
ter_status ter_copy_take_block(struct ter_copy_space *space, unsigned kind, uintptr_t *block);
