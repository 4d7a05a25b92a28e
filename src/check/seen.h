/* SPDX-License-Identifier: MIT */
/* What a walk has seen: tables of addresses. */
#pragma once

#include "check/checking.h"

/* True once for each key; true also when there is no memory to remember it. */
bool ter_check_is_new(struct ter_weak_table *seen, uintptr_t key);
