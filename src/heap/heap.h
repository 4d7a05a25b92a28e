/* SPDX-License-Identifier: MIT */
/* Floor `heap`: the public interface over a plan; options, figures, reports, the directory. */
#pragma once

#include <terrier/terrier.h>

#include "heap/answerer.h"
#include "heap/answers.h"
#include "heap/asked.h"
#include "heap/barriers.h"
#include "heap/checks.h"
#include "heap/client.h"
#include "heap/directory.h"
#include "heap/dumps.h"
#include "heap/errands.h"
#include "heap/exact_roots.h"
#include "heap/figures.h"
#include "heap/fork.h"
#include "heap/instance.h"
#include "heap/map.h"
#include "heap/occupancy.h"
#include "heap/placement.h"
#include "heap/pressure.h"
#include "heap/profiles.h"
#include "heap/report.h"
#include "heap/seeing.h"
#include "heap/soft_limit.h"
#include "heap/touches.h"
#include "heap/variants.h"
