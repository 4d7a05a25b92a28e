/* SPDX-License-Identifier: MIT */
/* Objects that move: the collector's part; with the world stopped, as space/policy.h says. */
#pragma once

#include "space/copy_trace.h"

/* All blocks are being left; copies may take so many bytes of blocks. */
void ter_copy_begin(struct ter_copy_space *space, size_t bytes);
void ter_copy_prepare(struct ter_space *space);
void ter_copy_release(struct ter_space *space, struct ter_live *live);
/* The same of the young blocks alone: of a space that ages. Counts what is old since then. */
void ter_copy_prepare_young(struct ter_space *space);
void ter_copy_release_young(struct ter_space *space, struct ter_live *live);
size_t ter_copy_trim(struct ter_space *space, size_t bytes);
size_t ter_copy_reserve(const struct ter_space *space);
