/* SPDX-License-Identifier: MIT */
/* Why a thread does not answer a signal. */
#pragma once

#include "os/os.h"

/* What the kernel says of a thread that does not answer signal `number`. */
enum ter_os_answer ter_signals_look_at(const struct ter_os_thread *thread, int number);
