/* SPDX-License-Identifier: MIT */
/* Floor `object`: what an object is, as far as a collector must know it. */
#pragma once

#include <terrier/object.h>

#include "object/describe.h"
#include "object/each_slot.h"
#include "object/kind.h"
#include "object/size.h"
#include "object/slots.h"
