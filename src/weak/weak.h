/* SPDX-License-Identifier: MIT */
/* Floor `weak`: finalizers, disappearing links, and other things known by an object's address. */
#pragma once

#include "weak/finalizers.h"
#include "weak/identities.h"
#include "weak/links.h"
#include "weak/pins.h"
#include "weak/reach.h"
#include "weak/table.h"
