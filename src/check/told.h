/* SPDX-License-Identifier: MIT */
/* What calls of the program tell a heap that is checked. Without the heap lock. */
#pragma once

#include "check/checking.h"

/* `object`, of `asked` bytes (0: not known), was allocated by a call that returns to `site`. */
void ter_checking_allocated(struct ter_checking *checking, uintptr_t object, unsigned kind,
                            size_t asked, uintptr_t site);
/* It took the place of `before` (0: of none), which is gone. */
void ter_checking_moved(struct ter_checking *checking, uintptr_t before, uintptr_t object,
                        unsigned kind, size_t asked, uintptr_t site);
/* The program frees an object; what is none stops with a line that says more than usual. */
void ter_checking_free(struct ter_checking *checking, uintptr_t object, const char *call);
/* The heap ends: stops when something is still pinned. */
void ter_checking_end(struct ter_checking *checking);
