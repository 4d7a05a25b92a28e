/* SPDX-License-Identifier: MIT */
/*
 * A free range below a limit. The kernel cannot be asked for one, so placements are tried one after
 * another; a placement is ours when the kernel's answer is that placement, so what others have
 * mapped is never touched. Any thread; no lock.
 */
#pragma once

#include "layout/layout.h"

/*
 * Reserves `bytes` at `hint`, else at the next free placement above it, else below it;
 * chunk-aligned and wholly below `limit`. TER_ERROR_NO_ADDRESS_SPACE when none was found.
 * Placements are looked at in steps of a 16th of `bytes` at least, so a gap that hardly holds them
 * may be missed.
 */
ter_status ter_reserve_below(uintptr_t hint, size_t bytes, uintptr_t limit, uintptr_t *start);
