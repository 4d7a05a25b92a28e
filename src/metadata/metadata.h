/* SPDX-License-Identifier: MIT */
/*
 * Floor `metadata`: side metadata, values about heap memory that lie apart from it.
 *
 * A spec says how many bits describe a region of how many bytes; a table holds one value for every
 * region of the heap's range. All tables of a heap lie in one reservation, one after another, and
 * are mapped as the memory that they describe is (see pages/range.h for the order).
 *
 * Invariant: the value for the data address A lies at `bias + (A >> shift)`; a table is readable
 * for every address whose chunk has been passed to ter_side_map.
 */
#pragma once

#include "layout/layout.h"
#include "metadata/bits.h"
#include "metadata/bulk.h"
#include "metadata/log_bits.h"
#include "metadata/search.h"
#include "metadata/specs.h"
#include "metadata/table.h"
#include "metadata/tables.h"
#include "metadata/valid.h"
#include "metadata/values.h"
#include "metadata/verify.h"
