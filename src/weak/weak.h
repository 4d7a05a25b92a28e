/* SPDX-License-Identifier: MIT */
/* Floor `weak`: finalizers and disappearing links. */
#pragma once

#include "weak/finalizers.h"
#include "weak/links.h"
#include "weak/reach.h"
#include "weak/table.h"
