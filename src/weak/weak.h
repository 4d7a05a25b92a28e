/* SPDX-License-Identifier: MIT */
/*
 * Floor `weak`: finalizers, disappearing links, ephemerons, guardians, and other things known by an
 * object's address.
 */
#pragma once

#include "weak/bound.h"
#include "weak/elements.h"
#include "weak/ephemerons.h"
#include "weak/finalizers.h"
#include "weak/followed.h"
#include "weak/guardians.h"
#include "weak/identities.h"
#include "weak/links.h"
#include "weak/list.h"
#include "weak/passes.h"
#include "weak/pins.h"
#include "weak/reach.h"
#include "weak/table.h"
