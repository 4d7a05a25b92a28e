/* SPDX-License-Identifier: MIT */
/*
 * Floor `cycle`: what every collection does, whatever the plan. In the order in which it is to be
 * read, so that nothing is used before it is known.
 */
#pragma once

#include "cycle/collection.h"
#include "cycle/callbacks.h"
#include "cycle/sizing.h"
#include "cycle/trigger.h"
#include "cycle/futile.h"
#include "cycle/balance.h"
#include "cycle/trim.h"
#include "cycle/plan.h"
#include "cycle/collector.h"
#include "cycle/parts.h"
#include "cycle/dispose.h"
#include "cycle/drain.h"
#include "cycle/root_steps.h"
#include "cycle/kind_finalizers.h"
#include "cycle/weak_steps.h"
#include "cycle/unchecked.h"
#include "cycle/edges.h"
#include "cycle/search.h"
#include "cycle/sizer.h"
#include "cycle/collect.h"
#include "cycle/gate.h"
#include "cycle/life.h"
