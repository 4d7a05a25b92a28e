/* SPDX-License-Identifier: MIT */
/* Between the files that map memory on Linux. */
#pragma once

#include "os/os.h"

/* True: it is parked, and the caller has it no more. `placed`: for who wants it at this address. */
bool ter_os_park(uintptr_t start, size_t bytes, bool placed);
/* True: so many bytes were parked, and are the caller's. `start`: where; 0: anywhere. */
bool ter_os_unpark(uintptr_t start, size_t bytes, uintptr_t *got);
/* What this thread retired since it began to gather is parked, or given to `release`. */
void ter_os_park_what_was_gathered(void (*release)(uintptr_t start, size_t bytes));
/* Gives all that is parked back: when it is done, nothing is in a mapping's way that was. */
void ter_os_drop_parked(void);
