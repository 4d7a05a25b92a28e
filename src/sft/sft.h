/* SPDX-License-Identifier: MIT */
/* Floor `sft`: the table of functions, EMPTY and the map are public, for use on their own. */
#pragma once

#include <terrier/sft.h>

#include "base/base.h"
#include "layout/layout.h"
