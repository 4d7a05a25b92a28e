/* SPDX-License-Identifier: MIT */
/*
 * The size of an object, as its kind says it.
 *
 * Invariant: it is never more than what was given for the object, or the kind is wrong; who copies
 * an object copies at least so many bytes.
 */
#pragma once

#include "object/kind.h"

/* Bytes of an object that was given `given` bytes; may be more only if its kind is wrong. */
size_t ter_kind_size(const struct ter_kind *kind, uintptr_t object, size_t given);
