/* SPDX-License-Identifier: MIT */
/*
 * A call that succeeds leaves errno as it was. Who calls the system in a function that goes on when
 * that refuses, or returns the reason in another way, puts TER_KEEP_ERRNO among its declarations.
 */
#pragma once

#include <errno.h>

#include "base/compiler.h"

TER_INLINE void ter_errno_restore(const int *kept)
{
    errno = *kept;
}

#define TER_KEEP_ERRNO const int ter_kept_errno TER_AT_EXIT(ter_errno_restore) TER_UNUSED = errno
