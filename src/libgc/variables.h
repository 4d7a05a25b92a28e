/* SPDX-License-Identifier: MIT */
/*
 * Exported variables (abi.h): programs read and write them directly. They are copied into the heap
 * before every collection, and what the heap says is copied out.
 */
#pragma once

#include "libgc/state.h"

/* Under the lock, or with one thread. */
void ter_libgc_read_variables(void);
void ter_libgc_write_variables(void);
