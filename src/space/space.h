/* SPDX-License-Identifier: MIT */
/* Floor `space`: one file a policy. A space is a record that begins with its SFT. */
#pragma once

#include "pages/pages.h"
#include "sft/sft.h"
#include "space/kind.h"
#include "space/size_class.h"
#include "space/common.h"
#include "space/block.h"
#include "space/large.h"
