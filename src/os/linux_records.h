/* SPDX-License-Identifier: MIT */
/* What the rest of this folder asks of the records of threads, beside the contract. */
#pragma once

#include "os/os.h"

/* A record for the calling thread, which has none and can be stopped from now on. */
ter_status ter_records_begin(void);
/* In the child of a fork. */
void ter_records_reset_after_fork(void);
