/* SPDX-License-Identifier: MIT */
/*
 * Floor `layout`: address and object types, the arithmetic of chunks, blocks and pages, and where a
 * heap may live, which is data that people may write down.
 */
#pragma once

#include <terrier/object.h>

#include "layout/arithmetic.h"
#include "layout/description.h"
#include "layout/heap_layout.h"
