/* SPDX-License-Identifier: MIT */
/* The plans that the library has, as the table of options names them. */
#pragma once

#include "run.h"

/* The plan of that number, from 0; NULL when there are not so many. */
const char *plan_name(unsigned number);
